"""One difference of two policies."""

from __future__ import annotations

from rulec.analysis.compared.causes import Cause
from rulec.analysis.compared.grades import GRADES, Grade
from rulec.analysis.draft import Witness
from rulec.policy.model import Rule
from rulec.records import record
from rulec.runtime.records import Decision


@record
class Difference:
    """Requests that one rule of the old policy takes and one of the new, and one of them; no rule is None.

    A `grade` None says that it was not decided whether there is such a request.
    """

    grade: Grade | None
    cause: Cause
    old_rule: Rule | None
    new_rule: Rule | None
    witness: Witness | None = None
    old: Decision | None = None
    new: Decision | None = None


def gravity(difference: Difference) -> int:
    """The gravest first; what was not decided last."""
    return len(GRADES) if difference.grade is None else GRADES.index(difference.grade)
