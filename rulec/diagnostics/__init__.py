"""Everything rulec tells a person: one shape, a collector, guesses at what was meant, and how it is rendered."""

from rulec.diagnostics.characters import printable
from rulec.diagnostics.collector import Diagnostics
from rulec.diagnostics.finding import Diagnostic, Rejected, Related, Severity
from rulec.diagnostics.names import did_you_mean, suggest
from rulec.diagnostics.rendering import FORMATS, render, render_json, render_text

__all__ = [
    "FORMATS",
    "Diagnostic",
    "Diagnostics",
    "Rejected",
    "Related",
    "Severity",
    "did_you_mean",
    "printable",
    "render",
    "render_json",
    "render_text",
    "suggest",
]
