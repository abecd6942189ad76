"""`rulec explain CODE`: the page of a diagnostic's code, or of a lint."""

from __future__ import annotations

import sys

from rulec.commands.output import exists
from rulec.diagnostics import did_you_mean
from rulec.diagnostics.pages import Page, codes, page, pages


def known_pages() -> dict[str, Page]:
    """The pages of all codes, then those of the lints."""
    from rulec.lints.lint import lints

    return {one.code: one for one in (*pages(), *(lint.page for lint in lints()))}


def show_page(code: str, form: str) -> int:
    """Prints the page of a code, as it was written, or says which code may be meant."""
    bare = code.strip().removeprefix("error[").removeprefix("warning[").removeprefix("info[").rstrip(":").removesuffix("]")
    found = page(bare) if bare in codes() else known_pages().get(bare)
    if found is None:
        print(f"rulec: there is no diagnostic with the code `{code}`", file=sys.stderr)
        near = did_you_mean(bare, known_pages())
        guess = f"did you mean `{near}`? " if near else ""
        if exists(code):
            guess = f"for rules in `{code}` write `--rules {code}`; "
        print(f"help: {guess}`rulec explain --codes` lists them all", file=sys.stderr)
        return 2
    if form == "json":
        from json import dumps

        shown = {"code": found.code, "severity": found.severity, "summary": found.summary, "page": found.text}
        print(dumps(shown, indent=2, ensure_ascii=False))
    else:
        sys.stdout.write(found.text)
    return 0


def list_codes(form: str) -> int:
    """Prints every code with its summary."""
    listed = known_pages()
    if form == "json":
        from json import dumps

        found = [{"code": one.code, "severity": one.severity, "summary": one.summary} for one in listed.values()]
        print(dumps(found, indent=2, ensure_ascii=False))
        return 0
    widest = max(map(len, listed))
    for one in listed.values():
        print(f"{one.code:<{widest}}  {one.severity:<7}  {one.summary}")
    return 0
