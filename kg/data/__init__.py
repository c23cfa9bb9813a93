"""The compiled graph tables."""
