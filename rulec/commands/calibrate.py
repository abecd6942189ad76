"""`rulec calibrate`: how well thresholds part requests that people have labelled simple and complex."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rulec.commands.scored import add_options, body_of, load_scorer
from rulec.records import record
from rulec.runtime.complexity import USUAL_THRESHOLD, Scoring

LABELS = ("simple", "complex")
CURVE = range(0, 101, 5)
MOST_MISTAKES = 20

Labelled = tuple[float, bool]
"""A score, and whether people call the request complex."""


@record
class Matrix:
    """What a threshold makes of labelled requests: a request is taken for complex from it on."""

    threshold: float
    complex_as_complex: int
    complex_as_simple: int
    simple_as_complex: int
    simple_as_simple: int

    @property
    def accuracy(self) -> float:
        right = self.complex_as_complex + self.simple_as_simple
        return right / (right + self.complex_as_simple + self.simple_as_complex)

    @property
    def precision(self) -> float | None:
        """The share of complex requests among those taken for complex."""
        taken = self.complex_as_complex + self.simple_as_complex
        return self.complex_as_complex / taken if taken else None

    @property
    def recall(self) -> float | None:
        """The share of those taken for complex among the complex requests."""
        complex_ones = self.complex_as_complex + self.complex_as_simple
        return self.complex_as_complex / complex_ones if complex_ones else None


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE|-", help='JSON lines: {"text": …} or {"body": …}, with "label"')
    parser.add_argument("--at-least", metavar="SHARE", help="exit with 1 where the accuracy is less, such as 0.9")
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    from rulec.commands.explain import complain, read_text
    from rulec.commands.requests import BadRequest

    try:
        least = share(options.at_least)
        text = read_text(options.file)
    except BadRequest as problem:
        return complain(str(problem))
    scorer = load_scorer(options)
    if scorer is None:
        return 2
    labelled = read_labelled(text, options.file, scorer.scoring)
    if labelled is None:
        return 2
    thresholds = sorted(set(scorer.thresholds.values())) or [float(USUAL_THRESHOLD)]
    in_use = [matrix(labelled, one) for one in thresholds]
    best = best_of(labelled, thresholds[0])
    curve = [matrix(labelled, one) for one in CURVE]
    if options.format == "json":
        import json

        answer = {"requests": len(labelled), "in_use": in_use, "best": best, "curve": curve}
        print(json.dumps(answer, indent=2, default=matrix_object))
    else:
        print("\n".join(report(labelled, in_use, best, curve)))
    return 1 if any(one.accuracy < least for one in in_use) else 0


def share(text: str | None) -> float:
    from rulec.commands.requests import BadRequest

    try:
        found = float(text or 0)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise BadRequest(f"--at-least takes a share from 0 to 1, not `{text}`")
    return found


def read_labelled(text: str, path: str, scoring: Scoring) -> list[Labelled] | None:
    """The scores of all lines; where lines are wrong they are told, and there are none."""
    import json

    from rulec.commands.explain import lines_of
    from rulec.commands.requests import BadRequest

    found: list[Labelled] = []
    mistakes: list[str] = []
    for number, line in lines_of(text):
        try:
            one = json.loads(line)
            if not isinstance(one, dict) or one.get("label") not in LABELS:
                raise BadRequest('a line is an object with the `label` "simple" or "complex"')
            found.append((scoring.score(body_of(one)), one["label"] == "complex"))
        except (ValueError, RecursionError):
            mistakes.append(f"{path}:{number}: this is no JSON")
        except BadRequest as problem:
            mistakes.append(f"{path}:{number}: {problem}")
    if not found and not mistakes:
        mistakes.append(f"`{path}` holds no labelled request")
    for mistake in mistakes[:MOST_MISTAKES]:
        print(f"rulec: {mistake}", file=sys.stderr)
    if len(mistakes) > MOST_MISTAKES:
        print(f"rulec: … and {len(mistakes) - MOST_MISTAKES} more lines", file=sys.stderr)
    if mistakes:
        print('help: write lines such as {"text": "hi", "label": "simple"}', file=sys.stderr)
    return None if mistakes else found


def matrix(labelled: Sequence[Labelled], threshold: float) -> Matrix:
    counts = {(label, side): 0 for label in (True, False) for side in (True, False)}
    for score, label in labelled:
        counts[label, score >= threshold] += 1
    return Matrix(threshold, counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def best_of(labelled: Sequence[Labelled], wanted: float) -> Matrix:
    """The whole threshold with the highest accuracy; of several the one nearest to the one in use."""
    found = [matrix(labelled, one) for one in range(101)]
    return max(found, key=lambda one: (one.accuracy, -abs(one.threshold - wanted)))


def report(labelled: Sequence[Labelled], in_use: list[Matrix], best: Matrix, curve: list[Matrix]) -> list[str]:
    complex_ones = sum(label for _, label in labelled)
    lines = [f"{len(labelled)} requests, {len(labelled) - complex_ones} simple, {complex_ones} complex"]
    for one in in_use:
        lines += ["", f"threshold {one.threshold:g}, in use"]
        lines.append("                     taken for simple  taken for complex")
        lines.append(f"  labelled simple    {one.simple_as_simple:>16}  {one.simple_as_complex:>17}")
        lines.append(f"  labelled complex   {one.complex_as_simple:>16}  {one.complex_as_complex:>17}")
        lines.append(f"  {measures(one)}")
    lines += ["", "threshold  accuracy  precision  recall"]
    lines += [row(one) for one in curve]
    lines += ["", f"best threshold {best.threshold:g}: {measures(best)}"]
    return lines


def measures(one: Matrix) -> str:
    return f"accuracy {percent(one.accuracy)}, precision {percent(one.precision)}, recall {percent(one.recall)}"


def row(one: Matrix) -> str:
    return f"{one.threshold:>9g}  {percent(one.accuracy):>8}  {percent(one.precision):>9}  {percent(one.recall):>6}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def matrix_object(one: Matrix) -> dict[str, Any]:
    names = ("threshold", "complex_as_complex", "complex_as_simple", "simple_as_complex", "simple_as_simple")
    return {name: getattr(one, name) for name in (*names, "accuracy", "precision", "recall")}
