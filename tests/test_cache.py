"""A kept tree answers as a fresh one; whatever is wrong with what was kept, it is as if nothing had been."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulec import cli
from rulec.cache import entries as cache
from rulec.cache.entries import Entry
from rulec.cache.trees import _Parts as kept_parts
from rulec.cache.trees import joined
from rulec.commands.answers import Answerer
from rulec.commands.loading import load_tree
from rulec.commands.narrative import narrate
from rulec.compiler import compile_rule_set, compile_sources, read_source, read_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.tree import Tree
from rulec.source import Source
from rulec.syntax.ast import RuleSet, SizeTier
from rulec.syntax.nodes import Scalar
from rulec.syntax.yaml import read_rule_document
from rulec.testing.cases import case_files, read_suites

ROOT = Path(__file__).parent.parent
RULES = ROOT / "rules"
SUITES = case_files(ROOT / "tests" / "conformance")
BASE = pickle.dumps(({}, 0, [[]]))
"""The first part of an entry for one source and no rules."""
TWO = "providers: {a: {litellm: 'ollama/{model}', accepts: .*}, b: {litellm: 'ollama/{model}', accepts: .*}}\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the entries, in a home that is made for each test."""
    monkeypatch.delenv("RULEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "rulec"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "rules" / "routing.yaml"
    file.write_text(TWO + "default: {provider: a}\n", encoding="utf-8")
    return file


def sources_at(path: Path) -> list[Source]:
    return read_sources(path, Diagnostics())


def kept(path: Path) -> tuple[Entry, Path]:
    """The entry of the rules at a path, and its file."""
    entry = Entry(sources_at(path))
    tree = compile_sources(entry.sources, Diagnostics(), emit=False).tree
    assert tree is not None
    entry.store(tree)
    assert entry.load() == tree
    (file,) = Path(str(entry.folder)).iterdir()
    return entry, file


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rulec.cli", "explain", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False)


# The same answers


def test_a_second_run_compiles_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rules", str(RULES), "--model", "llama3.1:8b"]
    told = []
    for _ in range(2):
        assert cli.main(["explain", *arguments]) == 0
        told.append(capsys.readouterr().out)
        monkeypatch.setattr("rulec.compiler.compile_sources", None)
    assert cli.main(["order", str(RULES)]) == cli.main(["graph", str(RULES)]) == 0
    assert told[0] == told[1] and "rules/routing.yaml:" in told[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["order"],
        ["order", "--format", "json"],
        ["graph"],
        ["graph", "--format", "mermaid"],
        ["graph", "--format", "dot"],
        ["explain", "--model", "org/unknown:9b", "--header", "X-Priority=low"],
        ["explain", "--model", "meta-llama/x", "--unavailable", "vllm", "--format", "json"],
        ["explain", "--capability", "large_context"],
    ],
    ids=" ".join,
)
def test_what_is_printed_is_the_same(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for more in (["--no-cache"], [], []):
        code = cli.main([*arguments, "--rules", str(RULES), *more])
        told.append((code, *capsys.readouterr()))
    assert told[0] == told[1] == told[2]
    assert len(told[0][1]) > 100


def test_a_second_run_imports_little(home: Path) -> None:
    program = f"""
import sys
from rulec.cli import main
main(["explain", "--rules", {str(RULES)!r}, "--model", "llama3.1:8b"])
print(sorted({{"yaml", "json", "hashlib", "rulec.syntax.yaml", "rulec.patterns.parser", "rulec.policy.bind"}} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", check=True)
        for _ in range(2)
    ]
    imported = [one.stdout.splitlines()[-1] for one in told]
    assert imported[1] == "[]" != imported[0]


def test_one_request_reads_few_parts(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"name{number}": {"provider": "ab"[number % 2]} for number in range(2000)}
    models = {name: {"served_by": ["a", "b"]} for name in names}
    rules.write_text(TWO + f"models: {models}\nexact_matches: {names}\ndefault: {{provider: a}}\n", encoding="utf-8")
    kept(rules)
    read: list[int] = []

    def part(self: Any, number: int) -> Any:
        read.append(number)
        return whole(self, number)

    whole = kept_parts.part
    monkeypatch.setattr(kept_parts, "part", part)
    entry = Entry(sources_at(rules))
    tree = entry.load()
    assert tree is not None
    answerer = Answerer(tree)
    assert "exact:name1500" in narrate(answerer, {"model": "name1500"}, answerer.outcome({"model": "name1500"}))
    assert len(read) == len(set(read)) <= 5  # shared, outline, the default, the rule, the model
    assert len(tree.policy.rules) == 2001 and list(tree.policy.models) == list(names)
    assert len(read) <= 5 and tree == fresh(entry.sources)[0] and len(read) > 60


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.name.removesuffix(".cases.yaml"))
def test_the_conformance_suite_is_answered_alike(file: Path) -> None:
    source = read_source(file, Diagnostics())
    assert source is not None
    for suite in read_suites(source, Diagnostics()):
        if suite.rules is None:
            tree, sources = fresh(sources_at(RULES))
        elif isinstance(suite.rules, Scalar):
            tree, sources = fresh([Source("rules.rules", suite.rules.text)])
        else:
            rule_set, diagnostics = RuleSet(), Diagnostics()
            read_rule_document(suite.rules, rule_set, diagnostics)
            tree, sources = compile_rule_set(rule_set, diagnostics, emit=False).tree, [source]
        assert tree is not None
        Entry(sources).store(tree)
        again = Entry(sources).load()
        assert again == tree and again is not tree
        before, after = Answerer(tree), Answerer(again)
        assert [after.answer(one.request) for one in suite.cases] == [before.answer(one.request) for one in suite.cases]


def fresh(sources: list[Source]) -> tuple[Tree | None, list[Source]]:
    return compile_sources(sources, Diagnostics(), emit=False).tree, sources


def test_places_are_told_from_where_the_user_stands(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(rules.parent)
    for place, folder, shown in (
        (rules.parent.parent, "rules", "(rules/routing.yaml:2)"),
        (rules.parent, ".", "(routing.yaml:2)"),
        (ROOT, str(rules.parent), f"({rules}:2)"),
    ):
        monkeypatch.chdir(place)
        assert Entry(sources_at(Path(folder))).load() is not None
        assert cli.main(["order", folder]) == 0
        assert shown in capsys.readouterr().out


def test_secrets_stay_hidden(rules: Path) -> None:
    entry = Entry(sources_at(rules))
    tree = compile_sources(entry.sources, Diagnostics(), emit=False).tree
    assert tree is not None
    entry.sources[0].hide(0, 9)
    entry.store(tree)
    again = Entry(sources_at(rules))
    assert again.load() is not None
    assert again.sources[0].line_text(1).startswith("*********: {a")


# Another entry, or none


def test_an_edit_within_the_same_tick_is_seen(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = rules.stat()
    load_tree(str(rules))
    rules.write_text(TWO + "default: {provider: b}\n", encoding="utf-8")
    os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (rules.stat().st_size, rules.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert cli.main(["explain", "--rules", str(rules), "--model", "m"]) == 0
    assert "goes to   b as m" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        lambda rules, patch: patch.setattr(cache, "VERSION", "99"),
        lambda rules, patch: patch.setattr(sys, "version", "3.99"),
        lambda rules, patch: patch.setattr(cache, "_own_stamps", lambda: ["/cache/entries.py 1 1"]),
        lambda rules, patch: rules.rename(rules.with_name("other.yaml")),
        lambda rules, patch: rules.with_name("more.yaml").write_text(""),
    ],
    ids=["version", "python", "own sources", "name", "another file"],
)
def test_another_key(change: Callable[[Path, pytest.MonkeyPatch], None], rules: Path) -> None:
    kept(rules.parent)
    with pytest.MonkeyPatch.context() as patch:
        change(rules, patch)
        assert Entry(sources_at(rules.parent)).load() is None


def test_the_key_knows_all_that_makes_trees(rules: Path) -> None:
    program = f"""
import sys
from rulec.cache.entries import Entry
from rulec.compiler import compile_sources, read_sources
from rulec.diagnostics import Diagnostics
entry = Entry(read_sources({str(rules.parent)!r}, Diagnostics()))
entry.store(compile_sources(entry.sources, Diagnostics(), emit=False).tree)
assert entry.load() is not None
print(*(one.__file__ for name, one in sys.modules.items() if name.startswith("rulec")), sep="\\n")
"""
    rules.with_name("more.rules").write_text("exact m -> a\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8", check=True)
    stamped = {one.split()[0] for one in cache._own_stamps()}
    imported = {one.removeprefix(str(ROOT / "rulec")) for one in run.stdout.split()}
    assert len(imported) > 50 and imported <= stamped


def test_texts_do_not_run_into_each_other(tmp_path: Path) -> None:
    keys = {
        cache.key_of([Source("a.yaml", one), Source("b.yaml", other)])
        for one, other in (("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("ab.yaml", "c"))
    }
    keys |= {cache.key_of([Source("a", "bc")]), cache.key_of([Source("ab", "c")])}
    assert len(keys) == 7


def test_rules_with_errors_are_not_kept(rules: Path, home: Path) -> None:
    rules.write_text("default: {provider: nobody}\n", encoding="utf-8")
    assert load_tree(str(rules)) is None
    assert not home.exists()


def test_it_can_be_switched_off(rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("explain", "order", "graph"):
        assert cli.main([command, "--no-cache", "--rules", str(rules)]) == (command == "explain")
    monkeypatch.setenv("RULEC_CACHE", "off")
    assert cli.main(["order", str(rules)]) == 0
    assert not home.exists()


# Damage and foes


def damaged(data: st.DataObject, octets: bytes) -> bytes:
    at = data.draw(st.integers(0, len(octets) - 1), label="at")
    kind = data.draw(st.sampled_from(("flip", "cut", "insert", "drop", "append")), label="kind")
    if kind == "cut":
        return octets[:at]
    if kind == "drop":
        return octets[:at] + octets[at + data.draw(st.integers(1, 99)) :]
    if kind == "flip":
        return octets[:at] + bytes((octets[at] ^ data.draw(st.integers(1, 255)),)) + octets[at + 1 :]
    more = data.draw(st.binary(min_size=1, max_size=9))
    return octets + more if kind == "append" else octets[:at] + more + octets[at:]


@lru_cache(maxsize=1)
def shipped() -> tuple[Tree, list[Source]]:
    tree, sources = fresh(sources_at(RULES))
    assert tree is not None
    return tree, sources


@settings(deadline=None)
@given(st.data())
def test_damage_is_no_entry(data: st.DataObject) -> None:
    tree, sources = shipped()
    octets = cache._encode(tree, b"key", sources)
    assert cache._decode(octets, b"key", sources) == tree
    broken = damaged(data, octets)
    assert broken == octets or cache._decode(broken, b"key", sources) is None
    assert cache._decode(octets, b"yek", sources) is None


@pytest.mark.parametrize(
    "name",
    [
        "os system",
        "builtins eval",
        "builtins getattr",
        "rulec.cache.entries Entry",
        "rulec.cache.trees import_module",
        "rulec.cache.trees joined",
        "rulec.syntax.ast field",
        "rulec.policy.model matcher",
        "rulec.policy.model Policy.fingerprint",
        "rulec.patterns.compile compile_pattern",
        "rulec.commands.answers Answerer",
        "this s",
        "rulec.source Foreign",
    ],
)
def test_a_foreign_name_is_refused(name: str, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, file = kept(rules)
    module, _, what = name.partition(" ")
    payload = joined([BASE, f"c{module}\n{what}\n(S'never'\ntR.".encode()])
    monkeypatch.setattr("rulec.source.Foreign", type("Foreign", (), {"__module__": "rulec.source"}), raising=False)
    file.write_bytes(cache._FORMAT + cache._digest(payload, entry.key) + payload)
    with pytest.raises(pickle.UnpicklingError, match="holds no"):
        cache._decode(file.read_bytes(), entry.key, entry.sources)
    assert entry.load() is None
    assert "this" not in sys.modules, "a module was imported because an entry named it"


def test_an_entry_that_holds_no_tree(rules: Path) -> None:
    entry, file = kept(rules)
    payload = joined([BASE, pickle.dumps(SizeTier(1, True, 2, False))])
    file.write_bytes(cache._FORMAT + cache._digest(payload, entry.key) + payload)
    assert entry.load() is None


class Foe:
    def __reduce__(self) -> Any:
        return os.mkdir, ("stolen",)


def test_a_foreign_pickle_does_not_run(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry, file = kept(rules)
    foe = pickle.dumps(Foe())
    payload = joined([BASE, foe])
    file.write_bytes(cache._FORMAT + cache._digest(payload, entry.key) + payload)
    assert entry.load() is None
    assert not Path("stolen").exists()
    pickle.loads(foe)
    assert Path("stolen").exists(), "the pickle does nothing, so this test shows nothing"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_what_others_could_have_written_is_not_read(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, file = kept(rules)
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    for mode in (0o620, 0o602):
        file.chmod(mode)
        assert entry.load() is None
    file.chmod(0o600)
    assert entry.load() is not None
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))
    assert entry.load() is None
    file.unlink()
    os.mkfifo(file)
    assert entry.load() is None
    file.unlink()
    file.with_name("elsewhere").rename(file)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert entry.load() is None


# The folder


@pytest.mark.parametrize("base", ["file", "file/below", "relative", "", "nul\0"])
def test_a_home_that_cannot_be_used(base: str, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setitem(os.environ, "XDG_CACHE_HOME", str(tmp_path / base) if base.startswith("file") else "")
    if base in ("relative", "nul\0"):
        monkeypatch.setattr(cache, "cache_folder", lambda: base)
        monkeypatch.setattr(os, "makedirs", None)
    assert load_tree(str(rules)) is not None
    assert load_tree(str(rules)) is not None
    assert (tmp_path / "file").read_text() == ""


def test_rulec_in_an_archive_keeps_nothing(rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "__file__", str(rules / "rulec.zip" / "cache" / "entries.py"))
    assert load_tree(str(rules)) is not None
    assert not home.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_home_that_may_not_be_written(rules: Path, home: Path) -> None:
    home.parent.mkdir(mode=0o500)
    assert load_tree(str(rules)) is not None
    assert not home.exists()


def test_root_makes_nothing_in_the_home_of_another(rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if home.parent.stat().st_uid == 0:
        os.chown(home.parent, 12345, -1)
    assert load_tree(str(rules)) is not None
    assert not home.exists()


def test_old_entries_go(rules: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ENTRIES", 3)
    home.mkdir(parents=True)
    (home / "notes.txt").write_text("not ours")
    written = []
    for number in range(6):
        rules.write_text(TWO + f"default: {{provider: a}}  # {number}\n", encoding="utf-8")
        load_tree(str(rules))
        (newest,) = {one for one in home.glob("*.tree") if one not in written}
        os.utime(newest, (number, number))
        written.append(newest)
    assert [one.exists() for one in written] == [False, False, False, True, True, True]
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    rules.write_text(TWO + "default: {provider: b}\n", encoding="utf-8")
    load_tree(str(rules))
    assert len(list(home.glob("*.tree"))) == 1 and (home / "notes.txt").exists()


def test_processes_race(rules: Path, home: Path) -> None:
    told: list[str] = []
    runs = [
        threading.Thread(target=lambda: told.append(explain("--rules", str(rules), "--model", "m").stdout))
        for _ in range(4)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert len(told) == 4 and len(set(told)) == 1 and "goes to   a as m" in told[0]
    assert len(list(home.iterdir())) == 1


def test_a_reader_sees_an_entry_whole(rules: Path) -> None:
    entry, file = kept(rules)
    octets = file.read_bytes()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            cache._write(str(file), octets)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(entry.load() is not None for _ in range(300))
    finally:
        stop.set()
        writer.join()
