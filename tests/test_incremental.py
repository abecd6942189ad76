"""A compile that remembers the last one comes out as a first compile of the same files, whatever was done to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from rulec import incremental
from rulec.compiler import Compilation, compile_folder
from rulec.incremental import Incremental
from rulec.selfcheck.check import Checked
from rulec.source import Source

PROVIDERS = """providers:
  a: {litellm: "ollama/{model}", accepts: .*, default_model: m}
  b: {litellm: "openai/{model}", accepts: .*, default_model: m, litellm_params: {timeout: 1}}
"""
FILES = {
    "providers.yaml": (
        PROVIDERS,
        PROVIDERS.replace("timeout: 1", "timeout: true"),
        PROVIDERS.replace("accepts: .*, default_model: m, litellm", "accepts: [gpt-.*, m], default_model: m, litellm"),
    ),
    "default.yaml": (
        "default: {provider: a}\n",
        "default: {refuse: nothing here}\n",
        "default: {provider: b}\nfallback_chains: {c: {chain: [{primary: a}, {secondary: b}]}}\n",
    ),
    "models.yaml": (
        "models: {m: {served_by: [a]}, big: {served_by: [a, b], size: 70B}}\n",
        "models: {m: {served_by: [b]}, big: {served_by: {b: {weight: 2}, a: {}}}}\n",
        "models: {}\ncapabilities: {vision: {preferred_models: [m], provider: a}}\n",
    ),
    "names.yaml": (
        "exact_matches: {m: {provider: b}, gpt-4: {provider: a, fallback: b}}\n",
        "exact_matches: {gpt-4: {provider: b}}\n",
        "patterns: [{pattern: ^gpt-, provider: b}, {pattern: llama, provider: a, name: ll}]\n",
        "patterns: [{pattern: llama, provider: a, name: ll}, {pattern: ^gpt-, provider: b}]\n",
        "patterns: [{pattern: llama, provider: a, name: ll}, {pattern: llama-3, provider: b}]\n",
    ),
    "when.yaml": (
        "request_metadata_routing: {odd: {condition: metadata.n == 1, provider: a}}\n",
        "request_metadata_routing: {odd: {condition: metadata.n == true, provider: a}}\n",
        "request_metadata_routing: {late: {condition: header.x == 'y' and stream, provider: b}}\n",
        "request_metadata_routing: {late: {condition: header.x == 'y', provider: a}, odd: {condition: stream, provider: b}}\n",
    ),
    "deep/sections.yaml": (
        "model_size_routing: [{size: '> 13B', provider: a}, {size: '< 3B', provider: b}]\n",
        "load_balancing: {least_loaded: {}}\n",
        "complexity: {weights: {length: 30}}\n",
        "complexity: {weights: {length: 20}}\nlitellm: {litellm_settings: {drop_params: true}}\n",
        "signals: {gpu: {kind: utilization, url: 'https://metrics.example/gpu'}}\n",
    ),
    "more.rules": ("exact x -> b\n", "pattern /^gpt-/ -> b\n", "when s: stream -> a\n", "exact y -> a\nexact x -> b\n"),
}
BROKEN = ("default: {provider: nobody}\n", "default: [\n", "patterns: [{pattern: '(', provider: a}]\n", "pattern -> \n", "", "\xff")


@st.composite
def steps(draw: st.DrawFn) -> Callable[[Path], object]:
    """Something that is done to the files of a folder."""
    name, other = draw(st.sampled_from(sorted(FILES))), draw(st.sampled_from(sorted(FILES)))
    kind = draw(st.sampled_from((*["write"] * 6, "add", "remove", "rename", "touch")))
    text = draw(st.sampled_from(FILES[name] * 4 + BROKEN + FILES[other]))

    def step(folder: Path) -> None:
        file = folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        if kind == "write" or (kind == "add" and not file.is_file()):
            file.write_text(text, encoding="latin-1")
        elif kind == "add":
            file.write_bytes(file.read_bytes() + text.encode("latin-1"))
        elif file.is_file():
            if kind == "remove":
                file.unlink()
            elif kind == "touch":
                file.touch()
            else:
                (folder / other).parent.mkdir(exist_ok=True)
                file.rename(folder / other)

    return step


def seen(compilation: Compilation) -> tuple[Any, ...]:
    """What users get of a compile: the pair, what they are told, and what was shown."""
    checked = compilation.checked or Checked(0, 0, 0, ())
    return (
        [(one.path, one.text) for one in compilation.artifacts],
        [(one.code, one.severity, one.message, one.help, place(one.span), one.related) for one in compilation.diagnostics],
        (checked.live, checked.dead, checked.undecided),
    )


def place(span: Any) -> Any:
    return None if span is None else (span.source.path, span.start, span.end, span.source.line_text(span.line))


@settings(max_examples=30, deadline=None)
@given(made=st.lists(steps(), min_size=2, max_size=12))
def test_as_a_first_compile(made: list[Callable[[Path], object]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("rules")
    for name in ("providers.yaml", "default.yaml", "names.yaml"):
        (folder / name).write_text(FILES[name][0], encoding="utf-8")
    compiler = Incremental(folder)
    for step in made:
        step(folder)
        again, first = seen(compiler.compile()), seen(compile_folder(folder))
        again[1].sort(key=repr), first[1].sort(key=repr)
        assert repr(again) == repr(first)
        event("compiles" if first[0] else "is broken")


def test_what_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(PROVIDERS, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("exact_matches: {m: {provider: a}, n: {provider: a}}\n", encoding="utf-8")
    compiler = Incremental(tmp_path)
    first = compiler.compile()
    assert not first.failed and compiler.compile() is first
    read: list[str] = []
    proved: list[str] = []

    def reading(source: Source) -> Any:
        read.append(source.path.rpartition("/")[2])
        return read_declarations(source)

    def proving(self: Any, rule: Any) -> Any:
        proved.append(rule.name)
        return prove(self, rule)

    read_declarations, prove = incremental.read_declarations, incremental_proof()
    monkeypatch.setattr(incremental, "read_declarations", reading)
    monkeypatch.setattr("rulec.selfcheck.proof.Proof.rule", proving)
    (tmp_path / "b.yaml").write_text("exact_matches: {o: {provider: a}, m: {provider: a}, n: {provider: b}}\n", encoding="utf-8")
    second = compiler.compile()
    assert second.checked is not None and second.checked.live == 3
    assert (read, proved) == (["b.yaml"], ["exact:o", "exact:n"])


def incremental_proof() -> Any:
    from rulec.selfcheck.proof import Proof

    return Proof.rule
