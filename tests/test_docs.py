"""What the documentation shows is what happens: its rule files compile, its commands print what stands below them.

A fenced block whose first line names a file (```yaml rules/routing.yaml) is written to that file; a rule file must
compile, one marked `wrong` must not, a cases file must pass. A rule file takes the place of the one of the same name in
the other surface; one marked `same` does not: it must compile to the same pair as that one. One marked `alone` begins a
rule set: those before it are gone. Commands of `console` blocks run where the files are; a line `...` stands for any
lines. Fingerprints are compared too: where a change to rulec counts them anew, the pages are corrected with it.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rulec.cli import COMMANDS, build_parser, main
from rulec.compiler import compile_folder, compile_sources
from rulec.diagnostics import Diagnostics, render_text
from rulec.source import Source
from rulec.syntax import fields, vocabulary

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWING = [page for page in PAGES if page.name != "lints.md"]
"""The pages whose examples are tried here; those of the lints are tried in tests/lint."""
SURFACES = (".yaml", ".rules")
PRINTING = ("compile", "lint", "fmt", "explain", "test", "score", "calibrate", "diff", "order", "graph")
FENCE = re.compile(r"^```(\w+)?[ ]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    label: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(found[1] or "", found[2].strip(), found[3], text[: found.start()].count("\n") + 1)


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output that is shown for it."""
    for part in re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command.partition("  #")[0].strip(), output


def as_pattern(shown: str) -> str:
    return re.escape(shown).replace(re.escape("..."), ".*")


def matches(shown: str, printed: str) -> bool:
    return re.fullmatch(as_pattern(shown.strip()), printed.strip(), re.DOTALL) is not None


def write(block: Block, folder: Path) -> list[str]:
    """Writes a block to the file that it names; returns the words beside the name."""
    name, *marks = block.label.split()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for earlier in path.parent.iterdir() if "alone" in marks else ():
        earlier.unlink()
    for suffix in SURFACES if "same" not in marks and name.endswith(SURFACES) else ():
        path.with_suffix(suffix).unlink(missing_ok=True)
    path.write_text(block.text, encoding="utf-8")
    return marks


def check_file(block: Block, folder: Path, marks: list[str], place: str) -> None:
    name = block.label.split()[0]
    if "same" in marks:
        check_same(folder, folder / name, place)
    elif name.endswith(".cases.yaml"):
        assert main(["test", name, "--rules", "rules"]) == ("wrong" in marks), place
    elif name.startswith("rules/"):
        compilation = compile_folder(folder / "rules")
        assert compilation.failed == ("wrong" in marks), f"{place}\n{render_text(compilation.diagnostics)}"


def check_same(folder: Path, told: Path, place: str) -> None:
    """Both surfaces of one rule file compile to the same pair; the first of them stays."""
    other = told.with_suffix(*(suffix for suffix in SURFACES if suffix != told.suffix))
    first = other.read_text(encoding="utf-8")
    found = []
    for path, left_out in ((other, told), (told, other)):
        text = left_out.read_text(encoding="utf-8")
        left_out.unlink()
        compilation = compile_folder(folder / "rules")
        assert not compilation.failed, f"{place}\n{render_text(compilation.diagnostics)}"
        found.append([artifact.text.replace(path.name, told.stem) for artifact in compilation.artifacts])
        left_out.write_text(text, encoding="utf-8")
    told.unlink()
    assert other.read_text(encoding="utf-8") == first
    assert found[0] == found[1], f"{place}: the surfaces differ\n{difference(*found)}"


def difference(ours: list[str], theirs: list[str]) -> str:
    return "\n".join(difflib.unified_diff("\n".join(ours).splitlines(), "\n".join(theirs).splitlines(), n=0))[:4000]


@pytest.mark.parametrize("page", SHOWING, ids=lambda page: page.name)
def test_page_shows_what_happens(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "RULEC_PLAIN"):
        monkeypatch.delenv(name, raising=False)
    for block in blocks(page):
        place = f"{page.name}:{block.line}"
        if block.language in ("yaml", "rules"):
            assert block.label, f"{place}: a block of rules names its file, so that it is checked"
        if block.label:
            check_file(block, tmp_path, write(block, tmp_path), place)
        if block.language != "console":
            continue
        for command, shown in commands(block):
            words = shlex.split(command)
            if words[:1] != ["rulec"] or words[1] not in PRINTING:
                continue
            capsys.readouterr()
            main(words[1:])
            printed = "".join(capsys.readouterr())
            assert matches(shown, printed), f"{place}: {command}\n{printed}"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_lists_the_commands() -> None:
    listed = re.findall(r"^\| `rulec (\w+)", text_of("README.md"), re.MULTILINE)
    assert listed == list(COMMANDS)


def test_every_command_and_option_has_its_place() -> None:
    text = text_of("docs/commands.md")
    for name in COMMANDS:
        assert f"## rulec {name}\n" in text
        for action in build_parser(name)._subparsers._group_actions[0].choices[name]._actions:  # type: ignore[union-attr]
            for option in action.option_strings:
                assert f"`{option}" in text, f"{name} {option}"


def test_every_key_is_in_the_reference() -> None:
    text = text_of("docs/language.md")
    for section in vars(vocabulary).values():
        if isinstance(section, type) and issubclass(section, vocabulary.Strict):
            for key, field in section.model_fields.items():
                assert f"`{field.alias or key}" in text, f"{section.__name__}.{key}"


def test_every_word_of_the_tables_is_in_the_reference() -> None:
    text = text_of("docs/language.md")
    tables = (
        fields.FIELDS,
        fields.ENDPOINTS,
        fields.WEEKDAYS,
        fields.ALL_OPERATORS,
        fields.STRIPPED_HEADERS,
        fields.ERROR_KINDS,
        fields.STRATEGIES,
        fields.STRATEGY_SYNONYMS,
    )
    for word in (word for table in tables for word in table):
        assert re.search(rf"`{re.escape(word)}[`(. ]", text), word


def test_examples_of_operators_are_conditions() -> None:
    """Each text in the last column of the table of operators is a condition, in the rules that the page begins with."""
    text = text_of("docs/language.md")
    base = next(block.text for block in blocks(ROOT / "docs" / "language.md") if "base.rules" in block.label)
    table = text.partition("| operator | fields | example |\n")[2].partition("\n\n")[0]
    examples = re.findall(r"`([^`]+)`", " ".join(row.split("|")[-2] for row in table.splitlines()))
    assert len(examples) > 12
    for example in examples:
        sources = (Source("base.rules", base), Source("when.rules", f"when w: {example} -> pass"))
        found = compile_sources(sources, Diagnostics(), emit=False).diagnostics
        assert not [one for one in found if one.severity == "error"], render_text(found)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
