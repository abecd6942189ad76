"""`rulec score`: how complex a request is, feature by feature."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from rulec.commands.scored import Scorer, add_options, body_of, load_scorer, of_text
from rulec.runtime.complexity import Part, total


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE|-", help="a JSON body, or JSON lines of bodies")
    parser.add_argument("--text", metavar="TEXT", help="what the user writes, in place of a file")
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    from rulec.commands.explain import complain
    from rulec.commands.requests import BadRequest

    if (options.file is None) == (options.text is None):
        return complain("score takes a file, - for standard input, or --text TEXT")
    try:
        bodies = [of_text(options.text)] if options.file is None else read_bodies(options.file)
    except BadRequest as problem:
        return complain(str(problem))
    scorer = load_scorer(options)
    if scorer is None:
        return 2
    for body in bodies:
        parts = scorer.scoring.parts(body)
        if options.format == "json":
            import json

            print(json.dumps(score_answer(scorer, parts)))
        else:
            print("\n".join(table(scorer, parts)))
    return 0


def read_bodies(path: str) -> list[dict[str, Any]]:
    """The bodies of a file, one or one a line; raises BadRequest."""
    import json

    from rulec.commands.explain import lines_of, read_text
    from rulec.commands.requests import BadRequest

    text = read_text(path)
    try:
        return [body_of(json.loads(text))]
    except (ValueError, RecursionError):
        pass
    except BadRequest as problem:
        raise BadRequest(f"{path}: {problem}") from None
    bodies = []
    for number, line in lines_of(text):
        try:
            bodies.append(body_of(json.loads(line)))
        except (ValueError, RecursionError):
            raise BadRequest(f"{path}:{number}: this is no JSON") from None
        except BadRequest as problem:
            raise BadRequest(f"{path}:{number}: {problem}") from None
    if not bodies:
        raise BadRequest(f"`{path}` holds no request")
    return bodies


def table(scorer: Scorer, parts: Sequence[Part]) -> list[str]:
    """The score, its parts, and the side of each threshold."""
    score = total(parts)
    lines = [f"score {score:g}"]
    lines += [f"  {one.feature:<14}{one.found:>9,}  {one.points:>+6.1f}" for one in parts]
    sides = {name: "simple" if score < threshold else "complex" for name, threshold in scorer.thresholds.items()}
    lines += [f"  {name}: {side} (threshold {scorer.thresholds[name]:g})" for name, side in sides.items()]
    return lines


def score_answer(scorer: Scorer, parts: Sequence[Part]) -> dict[str, Any]:
    from rulec.commands.answers import score_object

    shown = score_object(parts)
    sides = {name: "simple" if shown["score"] < one else "complex" for name, one in scorer.thresholds.items()}
    return {**shown, "virtual_models": sides}
