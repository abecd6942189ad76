"""What is fuzzed, what it promises, and the texts to begin with."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent

Target = Callable[[str], None]


def _rules(suffix: str) -> Target:
    from rulec.compiler import compile_sources
    from rulec.diagnostics import Diagnostics
    from rulec.diagnostics.rendering import FORMATS, render
    from rulec.source import Source

    def one(text: str) -> None:
        compilation = compile_sources([Source(f"rules{suffix}", text)], Diagnostics(), emit=False)
        for form in FORMATS:
            render(form, compilation.diagnostics)
        assert (compilation.tree is None) == compilation.failed

    return one


def _condition() -> Target:
    from rulec.diagnostics import Rejected
    from rulec.source import Located, Source, Span
    from rulec.syntax.condition_parser import parse_condition
    from rulec.syntax.conditions import show

    def parsed(text: str) -> object:
        return parse_condition(Located(text, Span(Source("rules.yaml", text), 0, len(text)))).condition

    def one(text: str) -> None:
        try:
            condition = parsed(text)
        except Rejected:
            return
        assert parsed(show(condition)) == condition, "what is shown reads back"

    return one


def _pattern() -> Target:
    from rulec.diagnostics import Rejected
    from rulec.patterns.compile import compile_pattern
    from rulec.runtime.matching import build_matcher
    from rulec.source import Located, Source, Span

    def one(text: str) -> None:
        try:
            pattern = compile_pattern(Located(text, Span(Source("rules.yaml", text), 0, len(text))))
        except Rejected:
            return
        matcher = build_matcher(pattern.spec)
        for asked in (text[:200], "", "llama3.1:8b", "meta-llama/Llama-2-7b", "a" * 200, text[::-1][:200], "é\n"):
            assert matcher(asked) in (True, False)

    return one


def _formatter(suffix: str) -> Target:
    from tests.fuzz.formatting import formatted, meaning

    from rulec.diagnostics import Diagnostics
    from rulec.source import Source

    def one(text: str) -> None:
        first = formatted(Source(f"rules{suffix}", text), Diagnostics())
        if first is None:
            return
        assert formatted(Source(f"rules{suffix}", first), Diagnostics()) == first, "formatting twice is formatting once"
        before, after = meaning(text, suffix), meaning(first, suffix)
        assert before == after, "the meaning stays"

    return one


TARGETS: dict[str, Callable[[], Target]] = {
    "yaml": lambda: _rules(".yaml"),
    "dsl": lambda: _rules(".rules"),
    "condition": _condition,
    "pattern": _pattern,
}


def seeds(name: str) -> list[str]:
    """Texts to begin with: those of the test suites."""
    found = SEEDS[name]()
    return [one for one in dict.fromkeys(found) if 0 < len(one) < 6000]


def _yaml() -> list[str]:
    import yaml

    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(TESTS.glob("errors/*.yaml"))]
    for path in sorted(TESTS.glob("conformance/*.cases.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document and isinstance(document.get("rules"), dict):
                texts.append(yaml.safe_dump(document["rules"], sort_keys=False))
    return texts


def _dsl() -> list[str]:
    import yaml

    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(TESTS.glob("errors/*.rules"))]
    texts += (TESTS / "dsl" / "sentences.rules").read_text(encoding="utf-8").split("\n\n")
    for path in sorted(TESTS.glob("conformance/dsl-*.cases.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document and isinstance(document.get("rules"), str):
                texts.append(document["rules"])
    return texts


def _conditions() -> list[str]:
    return [text.strip("'\" ") for one in _yaml() for text in re.findall(r"(?:condition|when): ([^\n{}]+)", one)]


def _patterns() -> list[str]:
    return [text.strip("'\" ") for one in _yaml() for text in re.findall(r"(?:pattern|accepts): ([^\n{}]+)", one)]


SEEDS: dict[str, Callable[[], list[str]]] = {
    "yaml": _yaml,
    "dsl": _dsl,
    "condition": _conditions,
    "pattern": _patterns,
}
