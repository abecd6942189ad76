"""`rulec explain CODE`: the page of a diagnostic's code."""

from __future__ import annotations

import sys

from rulec.commands.output import exists
from rulec.diagnostics import did_you_mean
from rulec.diagnostics.pages import codes, page, pages


def show_page(code: str, form: str) -> int:
    """Prints the page of a code, as it was written, or says which code may be meant."""
    bare = code.strip().removeprefix("error[").removeprefix("warning[").rstrip(":").removesuffix("]")
    if bare not in codes():
        print(f"rulec: there is no diagnostic with the code `{code}`", file=sys.stderr)
        near = did_you_mean(bare, codes())
        guess = f"did you mean `{near}`? " if near else ""
        if exists(code):
            guess = f"for rules in `{code}` write `--rules {code}`; "
        print(f"help: {guess}`rulec explain --codes` lists them all", file=sys.stderr)
        return 2
    found = page(bare)
    if form == "json":
        from json import dumps

        shown = {"code": found.code, "severity": found.severity, "summary": found.summary, "page": found.text}
        print(dumps(shown, indent=2, ensure_ascii=False))
    else:
        sys.stdout.write(found.text)
    return 0


def list_codes(form: str) -> int:
    """Prints every code with its summary."""
    if form == "json":
        from json import dumps

        listed = [{"code": one.code, "severity": one.severity, "summary": one.summary} for one in pages()]
        print(dumps(listed, indent=2, ensure_ascii=False))
        return 0
    widest = max(map(len, codes()))
    for one in pages():
        print(f"{one.code:<{widest}}  {one.severity:<7}  {one.summary}")
    return 0
