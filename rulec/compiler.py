"""The spine: read → parse → resolve → lower → emit. Everything left of `write` is pure."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rulec.diagnostics import Diagnostic, Diagnostics, printable
from rulec.ir.tree import Tree
from rulec.policy.model import Policy
from rulec.records import field, record
from rulec.source import Source, Span, with_line_feeds
from rulec.syntax.ast import RuleSet

if TYPE_CHECKING:  # a cold `rulec explain` starts without it
    from pathlib import Path

    from rulec.backends.artifact import Artifact
    from rulec.selfcheck.check import Checked

    Check = Callable[[Artifact, Policy], Checked]
    """Shows that a module decides as a policy means; None is `selfcheck.check.check_module`."""


@record(frozen=False)
class Compilation:
    """What became of a rule set; `artifacts` is empty where a diagnostic is an error."""

    policy: Policy
    tree: Tree | None
    artifacts: list[Artifact] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    checked: Checked | None = None
    """What the compiler showed of its own output, where there is some."""

    @property
    def failed(self) -> bool:
        return any(one.severity == "error" for one in self.diagnostics)


def compile_folder(folder: str | Path, emit: bool = True) -> Compilation:
    """Compiles all rule files of a folder (or one file)."""
    diagnostics = Diagnostics()
    with garbage_collection_paused():
        return compile_sources(read_sources(folder, diagnostics), diagnostics, emit)


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Building trees makes many objects and no garbage: collecting meanwhile makes it three times slower."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_declarations(source: Source) -> tuple[RuleSet, list[Diagnostic]]:
    """What one file declares, and what is wrong with it, whatever the other files say."""
    rule_set, diagnostics = RuleSet(), Diagnostics()
    read_rules(source, rule_set, diagnostics)
    return rule_set, diagnostics.items


def compile_sources(
    sources: Iterable[Source],
    diagnostics: Diagnostics,
    emit: bool = True,
    read: Callable[[Source], tuple[RuleSet, list[Diagnostic]]] = read_declarations,
    check: Check | None = None,
) -> Compilation:
    """Compiles rule files that have been read; `emit=False` stops before the artifacts."""
    rule_set = RuleSet()
    for source in sources:
        declared, problems = read(source)
        rule_set.add(declared)
        diagnostics.items += problems
    return compile_rule_set(rule_set, diagnostics, emit, check)


def read_rules(source: Source, rule_set: RuleSet, diagnostics: Diagnostics) -> None:
    """Adds what a file declares to the rule set; its suffix tells in which of the two surfaces it is written."""
    from rulec.syntax.yaml import read_rule_document, read_rule_file

    if not source.path.endswith(DSL_SUFFIX):
        read_rule_file(source, rule_set, diagnostics)
        return
    from rulec.syntax.dsl.reader import read_dsl_document

    document = read_dsl_document(source, diagnostics, rule_set.broken)
    if document is not None:
        read_rule_document(document, rule_set, diagnostics)


def compile_rule_set(
    rule_set: RuleSet, diagnostics: Diagnostics, emit: bool = True, check: Check | None = None
) -> Compilation:
    """Binds, checks and lowers a rule set, and emits its artifacts."""
    from rulec.ir.lower import lower
    from rulec.policy.bind import bind
    from rulec.policy.findings import report_findings

    policy = bind(rule_set, diagnostics)
    if not diagnostics.failed:
        report_findings(policy, diagnostics)
    tree = None if diagnostics.failed else lower(policy)
    artifacts, checked = emit_artifacts(tree, diagnostics, check) if tree is not None and emit else ([], None)
    return Compilation(policy, tree, artifacts, diagnostics.sorted(), checked)


def emit_artifacts(
    tree: Tree, diagnostics: Diagnostics, check: Check | None = None
) -> tuple[list[Artifact], Checked | None]:
    """The generated pair, once it has shown that it decides as the policy means."""
    from rulec.selfcheck.check import check_module

    check_settings_of(tree.policy, diagnostics)
    if diagnostics.failed:
        return [], None
    config, module = generate(tree)
    return [config, module], (check or check_module)(module, tree.policy)


def check_settings_of(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports what LiteLLM would refuse or ignore of a policy's settings."""
    from rulec.backends.environment import check_references
    from rulec.gateway.caching import check_caches
    from rulec.gateway.complexity import check_complexity
    from rulec.gateway.parameters import check_parameters
    from rulec.gateway.providers import check_templates
    from rulec.gateway.settings import check_settings

    for check in (check_references, check_settings, check_complexity, check_caches, check_parameters, check_templates):
        check(policy, diagnostics)


def generate(tree: Tree) -> tuple[Artifact, Artifact]:
    """The config and the module for a tree."""
    from rulec.backends.litellm import generate_config
    from rulec.backends.python import generate_module

    return generate_config(tree.policy), generate_module(tree)


def read_sources(path: str | Path, diagnostics: Diagnostics) -> list[Source]:
    """The rule files at a path, sorted by the bytes of their relative path; reading problems are reported."""
    is_folder = os.path.isdir(path)
    files = rule_files(path) if is_folder else [os.fspath(path)]
    if is_folder and not files:
        diagnostics.error(
            "no-rules",
            f"there is no rule file in `{path}`",
            None,
            "rule files end in .rules, .yaml or .yml (not .cases.yaml)",
        )
    sources = [read_source(file, diagnostics) for file in files]
    return [one for one in sources if one is not None]


def rule_files(folder: str | Path) -> list[str]:
    """Every rule file below a folder: not routing tests, dot files, dot folders and symlinked folders."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        found += [os.path.join(parent, name) for name in names if is_rule_file(name)]
    return sorted(found, key=lambda file: os.fsencode(os.path.relpath(file, folder).replace(os.sep, "/")))


def is_rule_file(name: str) -> bool:
    if name.startswith(".") or name.endswith((".cases.yaml", ".cases.yml")):
        return False
    return name.endswith((".yaml", ".yml", DSL_SUFFIX))


DSL_SUFFIX = ".rules"
MAX_FILE_BYTES = 64 * 1024 * 1024


def read_source(file: str | Path, diagnostics: Diagnostics) -> Source | None:
    """One file as a source named as the user would name it; what cannot be read is reported."""
    path = os.path.relpath(file) if not os.path.relpath(file).startswith("..") else os.fspath(file)
    try:
        status = os.stat(file)
        if not stat.S_ISREG(status.st_mode):
            diagnostics.error("unreadable", f"`{printable(path)}` is no file")
            return None
        if status.st_size > MAX_FILE_BYTES:
            diagnostics.error("unreadable", f"`{path}` is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
            return None
        with open(file, "rb") as opened:
            octets = opened.read()
    except OSError as error:
        diagnostics.error(
            "unreadable", f"`{printable(path)}` cannot be read: {(error.strerror or 'unknown reason').lower()}"
        )
        return None
    return decoded_source(path, octets, diagnostics)


def decoded_source(path: str, octets: bytes, diagnostics: Diagnostics) -> Source | None:
    """The bytes of a file as a source; what is no UTF-8 is reported."""
    try:
        return Source(path, with_line_feeds(octets.decode("utf-8")))
    except UnicodeDecodeError as error:
        readable = Source(path, octets.decode("utf-8", "replace"))
        at = len(octets[: error.start].decode("utf-8", "replace"))
        diagnostics.error("not-utf8", "this is no UTF-8 text", Span(readable, at, at + 1), "save the file as UTF-8")
        return None


def write(artifacts: Iterable[Artifact], folder: str | Path) -> list[Path]:
    """Writes artifacts, all or none: every text is on the disk before the first takes its place.

    Raises OSError where that cannot be; what was there before is there again.
    """
    import tempfile
    from pathlib import Path

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    staged: list[tuple[str, Path]] = []
    replaced: list[tuple[Path, bytes | None]] = []
    try:
        for artifact in artifacts:
            handle, name = tempfile.mkstemp(prefix=f".{artifact.path}.", dir=target)
            staged.append((name, target / artifact.path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(artifact.text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
        for name, path in staged:
            before = path.read_bytes() if path.is_file() else None
            os.replace(name, path)
            replaced.append((path, before))
    except BaseException:  # Ctrl-C as well
        for path, before in replaced:
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)
        raise
    finally:
        for name, _ in staged:
            if os.path.exists(name):
                os.unlink(name)
    return [path for _, path in staged]
