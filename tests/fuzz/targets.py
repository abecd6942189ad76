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
    from rulec.diagnostics import Diagnostics
    from rulec.source import Source
    from rulec.syntax.formatter.format import Surface, format_source

    surface: Surface = "rules" if suffix == ".rules" else "yaml"
    other: Surface = "yaml" if surface == "rules" else "rules"

    def formatted(text: str, before: Surface, after: Surface) -> str | None:
        return format_source(Source(f"a.{before}", text), before, after, Diagnostics())

    def one(text: str) -> None:
        """The formatter itself raises where values or comments would be lost."""
        first = formatted(text, surface, surface)
        if first is None:
            return
        assert formatted(first, surface, surface) == first, "formatting twice is formatting once"
        there = formatted(text, surface, other)
        if there is not None:
            assert formatted(there, other, surface) is not None, "what was converted can be converted back"

    return one


TARGETS: dict[str, Callable[[], Target]] = {
    "yaml": lambda: _rules(".yaml"),
    "dsl": lambda: _rules(".rules"),
    "condition": _condition,
    "pattern": _pattern,
    "formatter-yaml": lambda: _formatter(".yaml"),
    "formatter-dsl": lambda: _formatter(".rules"),
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


def _layouts_of_yaml() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("formatter/cases/*.yaml"))] + _yaml()


def _layouts_of_dsl() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("formatter/cases/*.rules"))] + _dsl()


SEEDS: dict[str, Callable[[], list[str]]] = {
    "yaml": _yaml,
    "dsl": _dsl,
    "condition": _conditions,
    "pattern": _patterns,
    "formatter-yaml": _layouts_of_yaml,
    "formatter-dsl": _layouts_of_dsl,
}
