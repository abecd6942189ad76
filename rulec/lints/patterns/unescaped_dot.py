"""A dot in a pattern stands for any character, but is written as if it were a dot.

In `llama3.1` the dot takes `llama3-1` and `llama3x1`, too; so it does in `.gguf` at the end. Told of are dots between
letters or digits, and before the letters that end a pattern.

**Why it matters:** a name that nobody thought of goes where the pattern says.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: '^llama3.1', provider: ollama}
default: pass
```

Escape it:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: '^llama3\\.1', provider: ollama}
default: pass
```

**When it may stay:** where any character is meant; `[-_.]` says which.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.patterns.written import Sign, Written, patterns

LEVEL: Severity = "warning"
SHORTEST_ENDING = 2


def check(context: Context) -> Iterator[Finding]:
    for one in patterns(context):
        dots = _dots(one.signs) if "." in one.text else []
        if dots:
            yield from _finding(context, one, dots)


def _dots(signs: list[Sign]) -> list[Sign]:
    """The dots that look like a character."""
    texts = ["", *(one.text for one in signs), ""]
    return [
        sign
        for number, sign in enumerate(signs, 1)
        if sign.text == "." and not (number < len(signs) and signs[number].repeats)
        if _within_a_name(texts[number - 1], texts[number + 1]) or _before_the_ending(texts[number - 1], texts[number + 1 :])
    ]


def _within_a_name(before: str, after: str) -> bool:
    return before.isalnum() and after.isalnum()


def _before_the_ending(before: str, after: list[str]) -> bool:
    """Whether nothing but letters follows up to the end, as in `.*.gguf$`."""
    ending = "".join(after).removesuffix("$")
    return before != "^" and len(ending) >= SHORTEST_ENDING and ending.isascii() and ending.isalpha()


def _finding(context: Context, one: Written, dots: list[Sign]) -> Iterator[Finding]:
    text = one.text
    question = f"what the dots of `{text}` take"
    rule = [] if one.rule is None else [context.analysis.region(one.rule)]
    for other in ("-", "[^.]"):
        looser = one.takes(context, text[: dots[0].start] + other + text[dots[0].end :])
        witness = context.find(question, one.span, [looser, *rule])
        if witness is not None:
            break
    else:
        return
    escaped = text
    for dot in reversed(dots):
        escaped = f"{escaped[: dot.start]}\\.{escaped[dot.end :]}"
    yield Finding(
        f"the dot in `{text}` stands for any character: {one.owner} takes {one.seen(witness)}, too",
        one.span,
        f"write `{escaped}`",
        rule=one.rule_name,
        witness=witness,
        edits=tuple(edit for dot in dots for edit in one.edit(dot.start, dot.end, r"\.")),
    )
