"""Building the compiled tables from their open sources (needs the `kg` extra)."""
