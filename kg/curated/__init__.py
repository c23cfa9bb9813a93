"""The hand-written layer of the graph, as YAML."""
