"""Mappings of a rule file against their shapes: what is wrong is reported at its narrowest place, what is right comes out.

A shape (`syntax.shapes`) names a reader for each key. A reader takes the node of a value and returns what it means:
scalars stay `Scalar`, so that they still know their place. It raises Wrong where the value cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from rulec.diagnostics import Diagnostics, suggest
from rulec.records import record
from rulec.runtime.complexity import is_word
from rulec.source import Span
from rulec.syntax.fields import ERROR_KINDS, STRATEGIES, STRATEGY_SYNONYMS
from rulec.syntax.literals import parse_size
from rulec.syntax.nodes import NULLS, Mapping, Node, Scalar, Sequence
from rulec.syntax.paths import path_mistake
from rulec.syntax.references import PLACEHOLDERS
from rulec.syntax.shapes import SHAPES

Entry = dict[str, Any]
"""The values of a mapping by key: what is not there has no key, unless its shape gives it a default."""


@record
class Candidate:
    """A provider that a rule names, and its weight."""

    provider: Scalar
    weight: Scalar | None


@record
class Serving:
    """A provider that serves a model, the name that it knows the model by, where that is another one, and settings."""

    provider: Scalar
    upstream: Scalar | None
    entry: Entry
    node: Node


@record
class Hop:
    """A step of a chain and where it stands."""

    entry: Entry
    node: Node


class Wrong(Exception):
    """A value that cannot be read; without a message where what is wrong has been reported."""

    def __init__(
        self, node: Node | None = None, message: str = "", help: str | None = None, code: str = "wrong-value"
    ) -> None:
        super().__init__(message)
        self.node, self.message, self.help, self.code = node, message, help, code


Reader = Callable[["Checker", str, Node], Any]


class Checker:
    """Checks mappings; goes on after a mistake, so that one run reports every one."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics

    def check(self, shape: str, node: Node, name: str | None = None) -> Entry | None:
        """The values of a mapping, or None where something is wrong with it; `name` is what a report calls it."""
        form = SHAPES[shape]
        if not isinstance(node, Mapping):
            self.report(name, Wrong(node, f"{form['title']} is a mapping of keys to values"))
            return None
        readers = READERS[shape]
        entry: Entry = {}
        right = True
        torn = False
        for at, (key, value) in enumerate(node.pairs):
            word = key.text
            read = readers.get(word)
            if read is None:
                torn = torn or self.torn_text(node, at)
                if not torn:
                    self.unknown_key(shape, key)
                continue
            try:
                entry[word] = read(self, word, value)
            except Wrong as wrong:
                self.report(word, wrong)
                right = False
        for word in form["required"]:
            if word not in entry and node.key(word) is None:
                self.diagnostics.error("missing-key", f"the key `{word}` is missing here", opening(node))
                right = False
        for word, value in form["defaults"].items():
            entry.setdefault(word, value)
        return entry if right else None

    def each(self, read: Reader, word: str, nodes: Iterable[Node]) -> list[Any]:
        """What a reader makes of each node; Wrong where one of them cannot be read."""
        values, right = [], True
        for node in nodes:
            try:
                values.append(read(self, word, node))
            except Wrong as wrong:
                self.report(word, wrong)
                right = False
        if not right:
            raise Wrong()
        return values

    def report(self, word: str | None, wrong: Wrong) -> None:
        if wrong.node is not None:
            message = wrong.message if word is None else f"`{word}`: {wrong.message}"
            self.diagnostics.error(wrong.code, message, wrong.node.span, wrong.help)

    def torn_text(self, node: Mapping, at: int) -> bool:
        """Whether a key is a word of the text before it: `description some words here`; says so."""
        key, value = node.pairs[at - 1] if at else (None, None)
        if key is None or key.text not in ("description", "reason") or not (isinstance(value, Scalar) and value.plain):
            return False
        following = node.pairs[at][0]
        between = node.source.text[value.end : following.start]
        if not between or between.strip(" \t"):
            return False
        help = f'write `{key.text} "{value.text} {following.text} …"`'
        self.diagnostics.error("unknown-key", f"the text of `{key.text}` needs quotes", following.span, help)
        return True

    def unknown_key(self, shape: str, key: Scalar) -> None:
        form = SHAPES[shape]
        help = form["hints"].get(key.text) or suggest(key.text, list(form["keys"]), "key")
        self.diagnostics.error("unknown-key", f"`{key.text}` is no key of {form['title']}", key.span, help)


def opening(node: Node) -> Span:
    """Where a mapping begins: its first key, as the whole of it may be many lines."""
    if isinstance(node, Mapping) and node.pairs:
        return node.pairs[0][0].span
    return node.span


# Leaves


def read_name(checker: Checker, word: str, node: Node) -> Scalar:
    if isinstance(node, Scalar) and node.text and not node.text.isspace() and not (node.plain and node.text in NULLS):
        return node
    if isinstance(node, Scalar):
        raise Wrong(node, "a name is expected here, this is empty")
    raise _not_scalar(node, "a name")


def read_text(checker: Checker, word: str, node: Node) -> Scalar:
    return _scalar(node, "a text")


def read_address(checker: Checker, word: str, node: Node) -> Scalar:
    """Where a signal is fetched, by HTTP; what a reference begins with, only the environment knows."""
    scalar = _scalar(node, "an address")
    if not scalar.text.lower().startswith(("http://", "https://", "${")):
        help = "write the whole address, such as `https://metrics.example/gpu`"
        raise Wrong(scalar, "an address begins with `http://` or `https://`", help)
    for found in PLACEHOLDERS.finditer(scalar.text):
        if found.group() != "{id}":
            help = suggest(found.group(), ["{id}"], "placeholder") 
            raise Wrong(_part(scalar, *found.span()), f"there is no placeholder `{found.group()}`", help)
    return scalar


def read_path(checker: Checker, word: str, node: Node) -> Scalar:
    """A JMESPath expression."""
    scalar = _scalar(node, "a text")
    mistake = path_mistake(scalar.text)
    if mistake is not None:
        what, at = mistake
        help = "such as `data.gpus[*].[name, load]`; https://jmespath.org tells the syntax"
        place = scalar if at is None else _part(scalar, at, at + 1)
        raise Wrong(place, f"this is no JMESPath expression: {what}", help, code="wrong-path")
    return scalar


def _part(scalar: Scalar, start: int, end: int) -> Scalar:
    """A piece of a text at its place."""
    span = scalar.located().part(start, end)
    return Scalar(scalar.text[start:end], True, span.source, span.start, span.end)


def read_names(checker: Checker, word: str, node: Node) -> list[Scalar]:
    if isinstance(node, Sequence):
        return checker.each(read_name, word, node.items)
    return [read_name(checker, word, node)]


def read_searched_words(checker: Checker, word: str, node: Node) -> list[str]:
    """Words as texts are searched for them: in lower case."""
    return checker.each(_read_searched_word, word, _listed(node))


def _read_searched_word(checker: Checker, word: str, node: Node) -> str:
    text = read_name(checker, word, node).text.lower()
    if not is_word(text):
        help = "a word is two letters or digits at least, without spaces and signs between them"
        raise Wrong(node, f"`{text}` is never found in a text", help)
    return text


def read_boolean(checker: Checker, word: str, node: Node) -> bool:
    scalar = _scalar(node, "true or false")
    value = scalar.value
    if isinstance(value, bool):
        return value
    raise Wrong(scalar, f"true or false is expected here, not `{scalar.text}`", "only `true` and `false` are booleans")


def read_number(checker: Checker, word: str, node: Node) -> Scalar:
    scalar = _scalar(node, "a number")
    found = scalar.value
    if isinstance(found, str) and "${" in found:
        raise Wrong(scalar, "a number cannot come from the environment", "write the number")
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        help = None if scalar.plain else "write it without quotes"
        raise Wrong(scalar, f"a number is expected here, not `{scalar.text}`", help)
    if not 0 <= found <= sys.float_info.max:
        raise Wrong(scalar, f"a number from 0 on is expected here, not `{scalar.text}`")
    return scalar


def between(low: float, high: float, help: str | None = None) -> Reader:
    def read(checker: Checker, word: str, node: Node) -> Scalar:
        scalar = read_number(checker, word, node)
        if not low <= scalar.value <= high:
            message = f"a number from {low} to {high} is expected here, not `{scalar.text}`"
            raise Wrong(scalar, message, help)
        return scalar

    return read


def whole(low: int, high: int | None = None, help: str | None = None) -> Reader:
    def read(checker: Checker, word: str, node: Node) -> int:
        scalar = read_number(checker, word, node)
        found = scalar.value
        if not isinstance(found, int):
            raise Wrong(scalar, f"a whole number is expected here, not `{scalar.text}`")
        if found < low:
            raise Wrong(scalar, f"a number from {low} on is expected here")
        if high is not None and found > high:
            raise Wrong(scalar, f"{found} is too many, {high} is the most", help, code="too-many")
        return found

    return read


_read_whole = whole(0)


def read_status(checker: Checker, word: str, node: Node) -> int:
    found: int = _read_whole(checker, word, node)
    if not 400 <= found <= 599:
        raise Wrong(node, "a status from 400 to 599 is expected here", "such as 400, 403 or 429")
    return found


def read_size(checker: Checker, word: str, node: Node) -> int:
    scalar = _scalar(node, "a size")
    size = parse_size(scalar.text)
    if size is None:
        raise Wrong(scalar, f"`{scalar.text}` is no size", "sizes look like 8B, 1.5B or 350M", code="wrong-size")
    return size


def one_of(*words: str) -> Reader:
    def read(checker: Checker, word: str, node: Node) -> str:
        text = read_name(checker, word, node).text
        if text not in words:
            raise Wrong(
                node, f"`{text}` is none of {', '.join(words)}", suggest(text, words, "word"), code="unknown-word"
            )
        return text

    return read


_read_error_kind = one_of(*ERROR_KINDS)


def read_error_kinds(checker: Checker, word: str, node: Node) -> list[str]:
    return checker.each(_read_error_kind, word, _listed(node))


def read_strategy(checker: Checker, word: str, node: Node) -> Scalar:
    scalar = read_name(checker, word, node)
    known = (*STRATEGIES, *STRATEGY_SYNONYMS)
    if scalar.text not in known:
        raise Wrong(
            scalar,
            f"there is no strategy `{scalar.text}`",
            suggest(scalar.text, known, "strategy"),
            code="unknown-strategy",
        )
    return scalar


def read_chain_name(checker: Checker, word: str, node: Node) -> Scalar | None:
    return None if isinstance(node, Scalar) and node.value is None else read_name(checker, word, node)


def read_mapping(checker: Checker, word: str, node: Node) -> Mapping:
    if isinstance(node, Mapping):
        return node
    raise Wrong(node, "a mapping is expected here")


def read_node(checker: Checker, word: str, node: Node) -> Node:
    return node


def _scalar(node: Node, what: str) -> Scalar:
    if not isinstance(node, Scalar):
        raise _not_scalar(node, what)
    if node.plain and node.text in NULLS:
        raise Wrong(node, f"{what} is expected here, this is empty")
    return node


def _not_scalar(node: Node, what: str) -> Wrong:
    message = f"{what} is expected here, not {'a list' if isinstance(node, Sequence) else 'a mapping'}"
    return unquoted_placeholder(node, what) or Wrong(node, message)


def unquoted_placeholder(node: Node, what: str) -> Wrong | None:
    """What is wrong with `{name}`, a placeholder without its quotes, which YAML reads as `{name: null}`."""
    if not isinstance(node, Mapping) or len(node.pairs) != 1:
        return None
    placeholder = f"{{{node.pairs[0][0].text}}}"
    if "".join(node.source.text[node.start : node.end].split()) != placeholder:
        return None
    return Wrong(node, f"{what} is expected here, not a mapping", f'a placeholder needs quotes: `"{placeholder}"`')


def _listed(node: Node) -> Iterable[Node]:
    return node.items if isinstance(node, Sequence) else (node,)


# Mappings inside of mappings


def shape(name: str) -> Reader:
    def read(checker: Checker, word: str, node: Node) -> Entry:
        entry = checker.check(name, node, word)
        if entry is None:
            raise Wrong()
        return entry

    return read


_read_weighted = shape("Weighted")
_read_hop_entry = shape("Hop")


def read_candidates(checker: Checker, word: str, node: Node) -> list[Candidate]:
    """`ollama`, `[ollama, vllm]` and `[{provider: ollama, weight: 1}]` say the same in three ways."""
    if isinstance(node, Scalar):
        return [Candidate(read_name(checker, word, node), None)]
    if isinstance(node, Sequence) and not node.items:
        raise Wrong(node, "a provider is expected here, this is empty")
    return checker.each(_read_candidate, word, _listed(node))


def _read_candidate(checker: Checker, word: str, node: Node) -> Candidate:
    if isinstance(node, Mapping):
        entry = _read_weighted(checker, word, node)
        return Candidate(entry["provider"], entry.get("weight"))
    return Candidate(read_name(checker, word, node), None)


_read_deployment = shape("Deployment")


def read_served_by(checker: Checker, word: str, node: Node) -> list[Serving] | None:
    """`ollama`, `[ollama, vllm]`, `{ollama: name-there}` and `{ollama: {rpm: 60}}`; None where there is nothing."""
    if isinstance(node, Scalar) and node.value is None:
        return None
    servings: list[list[Serving]] = checker.each(_read_servings, word, _listed(node))
    return [one for several in servings for one in several]


def _read_servings(checker: Checker, word: str, node: Node) -> list[Serving]:
    if not isinstance(node, Mapping):
        return [Serving(read_name(checker, word, node), None, {}, node)]
    servings = []
    for provider, said in node.pairs:
        if isinstance(said, Sequence):
            message = "the name that the provider knows the model by, or settings, are expected here"
            raise Wrong(said, message, f"write `{provider.text}: name-there`, or `{provider.text}: {{rpm: 600}}`")
        if not provider.text.strip():
            raise Wrong(provider, "a name is expected here, this is empty")
        entry = _read_deployment(checker, provider.text, said) if isinstance(said, Mapping) else {}
        upstream = entry.get("model") if isinstance(said, Mapping) else said
        named = isinstance(upstream, Scalar) and upstream.value is not None
        servings.append(Serving(provider, upstream if named else None, entry, said))
    return servings


def read_hops(checker: Checker, word: str, node: Node) -> list[Hop]:
    """A hop, a list of hops, or none where there is `none` or nothing."""
    if isinstance(node, Scalar) and (node.value is None or node.text == "none"):
        return []
    return checker.each(_read_hop, word, _listed(node))


_PROVIDER_WORDS = ("provider", "primary", "secondary", "tertiary", "quaternary")
_MODEL_WORDS = ("model", "preferred_model")
_CONDITION_WORDS = ("when", "condition")


def _read_hop(checker: Checker, word: str, node: Node) -> Hop:
    if not isinstance(node, Mapping):
        name = read_name(checker, word, node)
        if name.text == "none":
            raise Wrong(node, "`none` is no hop", "`none` stands alone: `fallback: none`", code="wrong-hop")
        return Hop({"provider": name}, node)
    entry = _read_hop_entry(checker, word, node)
    providers, models, conditions = (
        _written(node, words) for words in (_PROVIDER_WORDS, _MODEL_WORDS, _CONDITION_WORDS)
    )
    if len(providers) > 1:
        raise Wrong(providers[1], "this hop names its provider twice", "make it two hops", code="wrong-hop")
    if len(models) > 1:
        raise Wrong(models[1], "`model` and `preferred_model` are the same key", "keep `model`", code="wrong-hop")
    if len(conditions) > 1:
        message = "`when` and `condition` are the same key"
        raise Wrong(conditions[1], message, "join the two with `and`", code="two-conditions")
    if not providers and not models:
        place = node.pairs[0][0] if node.pairs else node
        raise Wrong(place, "this hop goes nowhere", "name a provider or a model", code="wrong-hop")
    return Hop(entry, node)


def _written(node: Mapping, words: tuple[str, ...]) -> list[Scalar]:
    """Those of some keys that stand in a mapping, in its order."""
    return [key for key, _ in node.pairs if key.text in words]


_LEAVES: dict[str, Reader] = {
    "name": read_name,
    "text": read_text,
    "address": read_address,
    "path": read_path,
    "names": read_names,
    "searched_words": read_searched_words,
    "boolean": read_boolean,
    "number": read_number,
    "status": read_status,
    "size": read_size,
    "strategy": read_strategy,
    "error_kinds": read_error_kinds,
    "candidates": read_candidates,
    "hops": read_hops,
    "served_by": read_served_by,
    "chain_name": read_chain_name,
    "mapping": read_mapping,
    "node": read_node,
}
_MAKERS: dict[str, Callable[..., Reader]] = {"whole": whole, "between": between, "word": one_of, "shape": shape}


def _reader(kind: str, *arguments: Any) -> Reader:
    return _MAKERS[kind](*arguments) if kind in _MAKERS else _LEAVES[kind]


READERS: dict[str, dict[str, Reader]] = {
    name: {key: _reader(*reader) for key, reader in form["keys"].items()} for name, form in SHAPES.items()
}
