"""Versioned prompt templates, document kinds, styles and personas."""
