"""Reading, binding and checking a rule file, in YAML and in the DSL, against libyaml reading the same rules as YAML.

Each sample is a process of its own, so that no pattern or condition has been seen before; what is imported, and the
tables of the DSL's parser, are there when the clock starts: `cold` measures those.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from rulec.compiler import read_rules
from rulec.diagnostics import Diagnostics
from rulec.policy.bind import bind
from rulec.policy.findings import report_findings
from rulec.source import Source
from rulec.syntax.ast import RuleSet
from tests.bench.compiling import text_of
from tests.bench.dsl import dsl_text
from tests.bench.measure import Line, alternately, once
from tests.bench.processes import printed
from tests.bench.workload import make_workload


def lines(quick: bool) -> Iterator[Line]:
    for rules in (1_000,) if quick else (1_000, 10_000):
        yield from of_size(rules, 3 if quick else 7)


def of_size(rules: int, rounds: int) -> list[Line]:
    workload = make_workload(rules)
    texts = {"rules.yaml": text_of(workload), "rules.rules": dsl_text(workload.document)}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        in_yaml, in_dsl, theirs = alternately(
            rounds,
            printed("reading", "ours", str(Path(folder, "rules.yaml"))),
            printed("reading", "ours", str(Path(folder, "rules.rules"))),
            printed("reading", "theirs", str(Path(folder, "rules.yaml"))),
        )
    return [
        Line(f"reading, {rules:,} rules, {surface}, {len(text) // 1000:,} kB", figure, "CSafeLoader", theirs)
        for surface, text, figure in zip(("YAML", "DSL"), texts.values(), (in_yaml, in_dsl), strict=True)
    ]


def measured(whose: str, file: Path) -> float:
    source = Source(file.name, file.read_text(encoding="utf-8"))
    small = {".yaml": "default: pass\n", ".rules": "default -> pass\n"}[file.suffix]
    read(Source(file.name, small))
    gc.collect()
    gc.disable()
    if whose == "theirs":
        return once(lambda: yaml.load(source.text, yaml.CSafeLoader))
    return once(lambda: read(source))


def read(source: Source) -> None:
    rule_set, diagnostics = RuleSet(), Diagnostics()
    read_rules(source, rule_set, diagnostics)
    policy = bind(rule_set, diagnostics)
    report_findings(policy, diagnostics)
    if diagnostics.failed:
        raise SystemExit(f"the workload does not compile: {diagnostics.sorted()[0].message}")


if __name__ == "__main__":
    print(measured(sys.argv[1], Path(sys.argv[2])))
