"""Settings: values that go to LiteLLM or to the generated module, with environment references and without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from rulec.secrets import looks_secret
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax.checker import unquoted_placeholder
from rulec.syntax.fields import STRIPPED_HEADERS, WITHOUT_DEFAULT
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence
from rulec.syntax.reading import Reading
from rulec.syntax.references import REFERENCE, environment_parts
from rulec.syntax.shapes import SHAPES


class Settings:
    """Reads settings and the sections that hold nothing else."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rules = reading.rules
        self.diagnostics = reading.diagnostics
        self.checker = reading.checker
        self.check = reading.check

    def section(self, shape: str) -> Callable[[Scalar, Node], None]:
        """The reader of a section that stands once and is kept as it is."""

        def read(key: Scalar, body: Node) -> None:
            entry = self.check(shape, body, key.text)
            if entry is not None:
                values = {name: plain_setting(entry[name]) for name in SHAPES[shape]["keys"] if name in entry}
                self.rules.sections.append(ast.Section(key.text, values, key.span))
                self.refuse_stripped(entry.get("capability_header"))

        return read

    def refuse_stripped(self, header: Scalar | None) -> None:
        if header is not None and header.text.lower() in STRIPPED_HEADERS:
            self.diagnostics.error(
                "stripped-header",
                f"the proxy strips the header `{header.text}` before any rule sees it",
                header.span,
                "name another header, such as `X-Capability`",
            )

    def complexity(self, key: Scalar, body: Node) -> None:
        entry = self.check("Scoring", body, key.text)
        if entry is None:
            return
        values: dict[str, Any] = {}
        for name in ("weights", "full_at"):
            if name in entry:
                values[name] = {one: plain_setting(value) for one, value in entry[name].items()}
        for name in ("simple_words", "add_simple_words", "complex_words", "add_complex_words"):
            if name in entry:
                values[name] = sorted(set(entry[name]))
        self.rules.sections.append(ast.Section("complexity", values, key.span))

    def litellm(self, key: Scalar, body: Node) -> None:
        entry = self.check("LiteLLMSettings", body, key.text)
        if entry is None:
            return
        values: dict[str, Any] = {}
        places = {"": key.span}
        for name in SHAPES["LiteLLMSettings"]["keys"]:
            pairs: list[tuple[Scalar, Node]] = entry[name].pairs if name in entry else []
            values[name] = {one.text: self.setting(one.text, value) for one, value in pairs}
            places.update({f"{name}.{one.text}": one.span for one, _ in pairs})
        self.rules.sections.append(ast.Section("litellm", {**values, "places": places}, key.span))

    def defaults(self, key: Scalar, body: Node) -> None:
        if not isinstance(body, Mapping):
            self.diagnostics.error("wrong-shape", "`defaults` is a mapping of request parameters", body.span)
            return
        for scalar in scalars(body):
            if isinstance(scalar.value, float) and not isfinite(scalar.value):
                self.diagnostics.error("wrong-value", f"`{scalar.text}` is no finite number", scalar.span)
        for name, _ in body.pairs:
            if name.text in WITHOUT_DEFAULT:
                help = "defaults are parameters such as temperature"
                self.diagnostics.error("wrong-value", f"`{name.text}` cannot have a default", name.span, help)
        self.rules.sections.append(ast.Section("defaults", plain(body), key.span))

    def signal(self, name: Scalar, body: Node) -> None:
        entry = self.check("Signal", body, name.text)
        addresses = {
            key.text: self.setting(key.text, one)
            for key, one in (body.pairs if isinstance(body, Mapping) else ())
            if key.text in ("url", "api_key") and isinstance(one, Scalar)
        }
        if entry is None:
            return
        values = {key: plain_setting(entry[key]) for key in SHAPES["Signal"]["keys"] if key in entry}
        self.rules.signals.append(ast.Section(name.text, {**values, **addresses}, name.span))

    def setting(self, key: str, node: Node) -> Any:
        """A value for LiteLLM: environment references become EnvironmentText, a literal secret is refused."""
        unquoted = unquoted_placeholder(node, "a text")
        if unquoted is not None:
            self.checker.report(key, unquoted)
            return None
        if isinstance(node, Mapping):
            return {name.text: self.setting(name.text, one) for name, one in node.pairs}
        if isinstance(node, Sequence):
            return [self.setting(key, one) for one in node.items]
        if isinstance(node.value, float) and not isfinite(node.value):
            self.diagnostics.error("wrong-value", f"`{key}`: `{node.text}` is no finite number", node.span)
            return None
        parts = environment_parts(node.text)
        defaults = [part[1] or "" for part in parts if isinstance(part, tuple)]
        # A reference that is not closed is literal text, and may hold the secret as its default.
        unclosed = any(isinstance(part, str) and "${" in part for part in parts)
        written = " ".join(part for part in parts if isinstance(part, str))
        literal = any(looks_secret(key, one) for one in defaults or [node.text]) or looks_secret("", written)
        if literal or unclosed and looks_secret(key, "text"):
            node.source.hide(node.start, node.end)
            self.diagnostics.error(
                "literal-secret",
                f"`{key}` holds a literal secret",
                node.span,
                f"put it in the environment and write `${{{re.sub('[^A-Za-z0-9]', '_', key).upper()}}}`",
            )
            return None
        if not defaults:
            return node.value
        return ast.EnvironmentText(parts)

    def refuse_references(self, node: Node, section: str) -> None:
        """References stand in settings for LiteLLM: here only below `litellm_params` and `model_info`."""
        for scalar in scalars(node, without=("litellm_params", "model_info"), holding="${"):
            found = REFERENCE.search(scalar.text)
            if found is not None:
                self.diagnostics.error(
                    "environment-reference",
                    f"the environment reference `{found.group()}` cannot stand in `{section}`",
                    scalar.located().part(found.start(), found.end()),
                    "it may stand in the settings of providers, signals and litellm",
                )


def plain(node: Node) -> Any:
    """A node as plain values: scalars by the core schema."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value


def plain_setting(value: Any) -> Any:
    """What a checked value of a section is to those who use it: numbers stay numbers, all else is text."""
    if isinstance(value, Scalar):
        found = value.value
        return found if isinstance(found, (int, float)) and not isinstance(found, bool) else value.text
    return value


def places(body: Node) -> dict[str, Span]:
    """Where the values of an entry stand, also those under `litellm_params`."""
    if not isinstance(body, Mapping):
        return {}
    passed = body.get("litellm_params")
    pairs = [*body.pairs, *(passed.pairs if isinstance(passed, Mapping) else ())]
    return {key.text: value.span for key, value in pairs}


def scalars(node: Node, without: tuple[str, ...] = (), holding: str = "") -> Iterator[Scalar]:
    """Every scalar of a node that holds a text, also keys, but what stands under the keys `without`."""
    waiting = [node]
    for one in waiting:
        if isinstance(one, Scalar):
            if holding in one.text:
                yield one
        elif isinstance(one, Sequence):
            waiting += one.items
        else:
            for key, value in one.pairs:
                if key.text not in without:
                    waiting.append(value)
                    if holding in key.text:
                        yield key
