"""Identifiers: planned ones are labelled, all others are leaks."""
