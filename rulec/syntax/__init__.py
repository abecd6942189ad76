"""Text to syntax tree: YAML, conditions; knows no provider."""
