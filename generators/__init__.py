"""Writing documents: plan, engines, realiser, drafting and repair."""
