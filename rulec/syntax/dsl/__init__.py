"""The DSL: a text of statements becomes the same nodes as a YAML document, and so the same syntax tree."""
