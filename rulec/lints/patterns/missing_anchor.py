"""A pattern looks like the begin or the end of a name, but is found in the middle of names, too.

It is told of where a pattern without `^` begins with the name of an organisation and a slash, `meta-llama/`, or where all
known names that hold it begin with it; where one without `$` ends like a file, `\\.gguf`; and where an anchor stands in one
side of an alternative only, `^gpt-4|o1`.

**Why it matters:** names come with further prefixes, such as `openrouter/meta-llama/…`, and go along unnoticed.

```yaml rules/wrong.yaml wrong
providers: {vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: 'meta-llama/', provider: vllm}
default: pass
```

Anchor it:

```yaml rules/right.yaml
providers: {vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: '^meta-llama/', provider: vllm}
default: pass
```

**When it may stay:** where the names with something before it are meant, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulec.analysis.language import positions
from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Edit, Finding
from rulec.lints.patterns.written import Written, patterns_of_rules
from rulec.records import record

LEVEL: Severity = "warning"
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/")
_HEAD = re.compile(r"[A-Za-z]+[0-9_:-][A-Za-z0-9_:-]*")
_FILE = re.compile(r"\\\.(?:gguf|ggml|bin|safetensors|onnx|pth?)\Z")


@record
class Anchored:
    """A pattern with an anchor that it may lack; `like` are names that show it best."""

    text: str
    looks: str
    like: str
    edits: tuple[Edit, ...] = ()
    level: Severity | None = None


def check(context: Context) -> Iterator[Finding]:
    for one in patterns_of_rules(context):
        for anchored in _anchored(context, one):
            yield from _finding(context, one, anchored)


def _anchored(context: Context, one: Written) -> Iterator[Anchored]:
    """The pattern as it may have been meant."""
    text = one.text
    if len(one.sides) > 1:
        yield from _of_sides(text, one.sides)
        return
    head = _HEAD.match(text)
    edits = one.edit(0, 1, f"^{text[:1]}")
    if _ORGANISATION.match(text):
        yield Anchored(f"^{text}", "like the begin of a name,", "^openrouter/", edits)
    elif head is not None and _begins_all(context, one, head.group()):
        yield Anchored(f"^{text}", "like the begin of a name,", "^my-", edits, "info")
    if _FILE.search(text):
        edits = one.edit(len(text) - 1, len(text), f"{text[-1:]}$")
        yield Anchored(f"{text}$", "like the end of a name,", "-notes$", edits, "info")


def _of_sides(text: str, sides: list[str]) -> Iterator[Anchored]:
    begun = [side.startswith("^") for side in sides]
    ended = [side.endswith("$") for side in sides]
    if any(begun) and not all(begun):
        whole = "|".join(side.removeprefix("^") for side in sides)
        yield Anchored(f"^(?:{whole})", "anchored by `^`, which counts for one side only,", "^my-")
    if any(ended) and not all(ended):
        whole = "|".join(side.removesuffix("$") for side in sides)
        yield Anchored(f"(?:{whole})$", "anchored by `$`, which counts for one side only,", "-notes$")


def _begins_all(context: Context, one: Written, head: str) -> bool:
    """Whether there are known names that the pattern takes, and all of them begin with its first characters."""
    model = context.analysis.space.model
    names = [model.known[cell] for cell in positions(model.accepted(one.pattern))]
    return bool(names) and all(name.startswith(head) for name in names)


def _finding(context: Context, one: Written, anchored: Anchored) -> Iterator[Finding]:
    """A name that the rule takes without the anchor and not with it, if there is one."""
    assert one.rule is not None
    question = f"what `{one.text}` takes without an anchor"
    taken = [context.analysis.region(one.rule), one.takes(context, one.text)]
    for wanted in ([*taken, one.takes(context, anchored.like)], taken):
        witness = context.find(question, one.span, wanted, [one.takes(context, anchored.text)])
        if witness is not None:
            yield Finding(
                f"`{one.text}` looks {anchored.looks} but takes {one.seen(witness)}, too",
                one.span,
                f"write `{anchored.text}`",
                rule=one.rule.name,
                witness=witness,
                edits=anchored.edits,
                level=anchored.level,
            )
            return
