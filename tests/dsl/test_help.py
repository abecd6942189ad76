"""Help speaks the surface of the file: each form that is told apart is still in use, and comes out as it should."""

from pathlib import Path

from rulec.diagnostics.surfaces import _IN_THE_DSL, in_the_words_of

HOUSE = Path(__file__).parent.parent.parent / "rulec"


def test_every_form_is_told_somewhere() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8").replace("{{", "{").replace("}}", "}")
        for path in HOUSE.rglob("*.py")
        if path.name != "surfaces.py"
    )
    assert [yaml for yaml, _ in _IN_THE_DSL if yaml not in sources] == []


def test_each_file_gets_its_own_words() -> None:
    for yaml, dsl in _IN_THE_DSL:
        assert in_the_words_of("rules/a.yaml", f"write {yaml}") == f"write {yaml}"
        assert in_the_words_of("rules/a.rules", f"write {yaml}").endswith(dsl)
