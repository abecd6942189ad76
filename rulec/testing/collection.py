"""The cases of some files, with the compiled rules that each is asked of."""

from __future__ import annotations

from pathlib import Path

from rulec.compiler import Compilation, compile_folder, compile_rule_set, read_source
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.records import field, record
from rulec.source import Source
from rulec.syntax.ast import RuleSet
from rulec.syntax.nodes import Node, Scalar
from rulec.syntax.yaml import read_rule_document
from rulec.testing.cases import Case, Suite, case_files, read_suites


@record(frozen=False)
class Group:
    """Cases that are asked of the same rules."""

    compilation: Compilation
    cases: list[Case] = field(default_factory=list)


@record(frozen=False)
class Collection:
    """Groups in the order of the files; `shared` is that of the rules folder, `problems` what could not be read."""

    groups: list[Group] = field(default_factory=list)
    shared: Group | None = None
    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, compilation: Compilation) -> Group | None:
        """A group for these rules, if they compile."""
        if compilation.failed:
            self.problems += [one for one in compilation.diagnostics if one.severity == "error"]
            return None
        self.groups.append(Group(compilation))
        return self.groups[-1]


def collect(files: list[Path], folder: Path, needs_folder: bool = False) -> Collection:
    """Reads all files and compiles their rules; cases without rules of their own are asked of the rules in `folder`."""
    found = Collection()
    if needs_folder:
        found.shared = found.add(compile_folder(folder))
    for file in files:
        for suite in _suites(file, found):
            if suite.rules is not None:
                group = found.add(compile_suite(suite))
            else:
                if found.shared is None and not found.problems:
                    found.shared = found.add(compile_folder(folder))
                group = found.shared
            if group is not None:
                group.cases += suite.cases
    return found


def requested_names(folder: str) -> list[str]:
    """The models that the cases of a rules folder ask for; of files that cannot be read `rulec test` tells."""
    found: dict[str, None] = {}
    for file in case_files(Path(folder)) if Path(folder).is_dir() else ():
        for suite in _suites(file, Collection()):
            for case in suite.cases if suite.rules is None else ():
                body = case.request.get("body")
                for asked in (case.request, body if isinstance(body, dict) else {}):
                    if isinstance(asked.get("model"), str):
                        found[asked["model"]] = None
    return list(found)


def _suites(file: Path, found: Collection) -> list[Suite]:
    """The suites of one file that have cases; none where it is broken."""
    diagnostics = Diagnostics()
    source = read_source(file, diagnostics)
    suites = read_suites(source, diagnostics) if source is not None else []
    found.problems += [one for one in diagnostics.sorted() if one.severity == "error"]
    return [] if diagnostics.failed else [one for one in suites if one.cases]


def compile_suite(suite: Suite) -> Compilation:
    """The compilation of a suite's own rules, which stand there in YAML or, as a block text, in the DSL."""
    assert suite.rules is not None
    diagnostics = Diagnostics()
    rule_set = RuleSet()
    document = dsl_document(suite.rules, diagnostics) if isinstance(suite.rules, Scalar) else suite.rules
    if document is not None:
        read_rule_document(document, rule_set, diagnostics)
    return compile_rule_set(rule_set, diagnostics)


def dsl_document(rules: Scalar, diagnostics: Diagnostics) -> Node | None:
    """The rules of a suite that are written in the DSL, as a block text; its lines are those of the file."""
    from rulec.syntax.dsl.reader import read_dsl_document

    return read_dsl_document(Source(rules.source.path, "\n" * rules.span.line + rules.text), diagnostics)
