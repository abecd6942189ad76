"""A `.*` at the begin or the end of a pattern changes nothing.

A pattern is searched for anywhere in a text, so what stands before and behind it is free already. That both mean the same
is proved.

**Why it matters:** it is read as if it meant something, and hides where an anchor (`^`, `$`) is missing.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: '^llama.*', provider: ollama}
default: pass
```

Leave it out:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: '^llama', provider: ollama}
default: pass
```

**When it may stay:** where readers are used to it. A pattern that is nothing but `.*` is never told of.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.patterns.written import Sign, Written, patterns

LEVEL: Severity = "info"
_ANY = ("*", "*?")


def check(context: Context) -> Iterator[Finding]:
    for one in patterns(context):
        if ".*" not in one.text or len(one.sides) > 1:
            continue  # a `.*` at an end belongs to one side of an alternative
        signs = one.signs
        start, end = _trimmed(signs)
        if start < end and (start, end) != (0, len(signs)):
            yield from _finding(context, one, signs, start, end)


def _trimmed(signs: list[Sign]) -> tuple[int, int]:
    """The first and last sign without a `.*` at the ends."""
    texts = [one.text for one in signs]
    start, end = 0, len(texts)
    at = 1 if texts[:1] == ["^"] else 0
    while texts[at : at + 1] == ["."] and "".join(texts[at + 1 : at + 2]) in _ANY:
        start = at = at + 2
    at = end - 1 if texts[-1:] == ["$"] else end
    while at - 2 >= start and texts[at - 2] == "." and texts[at - 1] in _ANY:
        end = at = at - 2
    return start, end


def _finding(context: Context, one: Written, signs: list[Sign], start: int, end: int) -> Iterator[Finding]:
    text = one.text
    first, last = signs[start].start, signs[end - 1].end
    shorter, whole = one.takes(context, text[first:last]), one.takes(context, text)
    question = f"whether `{text}` means more than `{text[first:last]}`"
    if not all(context.proves_none(question, one.span, [a], [b]) for a, b in ((whole, shorter), (shorter, whole))):
        return
    edits = (one.edit(0, first, "") if first else ()) + (one.edit(last, len(text), "") if last < len(text) else ())
    yield Finding(
        f"`{text}` means the same as `{text[first:last]}`: a pattern is searched for anywhere in a text",
        one.span,
        f"write `{text[first:last]}`",
        rule=one.rule_name,
        edits=edits,
    )
