"""What a finding is known by when it has moved to another line."""

from __future__ import annotations

from hashlib import sha256

from rulec.diagnostics.excerpts import Excerpts
from rulec.diagnostics.finding import Diagnostic

_CONTEXT = 100


class Fingerprints:
    """Fingerprints of the findings of one run, in their order."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.excerpts = Excerpts()

    def of(self, item: Diagnostic) -> str:
        """File, code and text as one short word, and which of equal ones it is."""
        place: tuple[str, ...] = ()
        if item.span is not None:
            text, start, end = self.excerpts.marked(item.span)
            place = (item.span.source.path, text[max(0, start - _CONTEXT) : end + _CONTEXT].strip())
        digest = sha256("\0".join((item.code, item.message, *place)).encode("utf-8", "replace")).hexdigest()[:16]
        self.seen[digest] = self.seen.get(digest, 0) + 1
        return f"{digest}:{self.seen[digest]}"
