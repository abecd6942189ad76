"""The DSL: a text of statements becomes the same nodes as a YAML document, and so the same syntax tree."""

from rulec.syntax.dsl.reader import read_dsl_document

__all__ = ["read_dsl_document"]
