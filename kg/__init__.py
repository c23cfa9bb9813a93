"""The knowledge graph: loading, compiling, and sampling cases from it."""
