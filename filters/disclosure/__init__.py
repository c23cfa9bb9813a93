"""Disclosure measured: what a detector finds, and what a corpus gives away."""
