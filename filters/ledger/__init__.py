"""The ledger check: what a text does with each fact of its case."""
