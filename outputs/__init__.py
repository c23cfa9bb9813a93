"""The run directory, exports, card and report."""
