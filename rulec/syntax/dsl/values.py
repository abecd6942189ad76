"""Words, texts, blocks and values of the DSL to nodes.

The methods of the three builders are called while a text is parsed, each with what its part of the grammar is made of;
their names are those of grammar/routing.lark.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from rulec.diagnostics import Diagnostic, Related
from rulec.secrets import holds_secrets
from rulec.source import Source
from rulec.syntax.dsl.parser import Token
from rulec.syntax.dsl.scalars import DslScalar, percentage, quoted_text
from rulec.syntax.nodes import MAX_DEPTH, Mapping, Node, Scalar, Sequence

Pair = tuple[Scalar, Node]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class ValueBuilder:
    """Builds scalars, lists and blocks, and collects what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []

    # Scalars

    def scalar(self, token: Token) -> DslScalar:
        """A word, number, text or pattern as a scalar."""
        kind, text = token.kind, token.text
        if kind == "STRING" or kind == "REGEX":
            return DslScalar(quoted_text(text), False, self.source, token.start, token.end)
        if kind == "PERCENT":
            text = percentage(text)
        return DslScalar(text, True, self.source, token.start, token.end)

    def word(self, text: str, start: int, end: int) -> DslScalar:
        """A word that the sentence implies, at the place that implies it."""
        return DslScalar(text, True, self.source, start, end)

    def key(self, text: str, node: Node) -> DslScalar:
        return DslScalar(text, True, self.source, node.start, node.end)

    def mapping(self, pairs: list[Pair], start: int, end: int) -> Mapping:
        return Mapping(pairs, self.source, start, end)

    def sequence(self, items: list[Node]) -> Sequence:
        return Sequence(items, self.source, items[0].start, items[-1].end)

    def one_or_several(self, items: list[Node]) -> Node:
        return items[0] if len(items) == 1 else self.sequence(items)

    def joined(self, pairs: list[Pair], block: Mapping | None) -> list[Pair]:
        """Pairs that the sentence says with those of its block; no key twice."""
        joined: list[Pair] = []
        seen: dict[str, Scalar] = {}
        for key, value in (*pairs, *(block.pairs if block is not None else ())):
            if key.text in seen:
                self.duplicate(key, seen[key.text])
            else:
                seen[key.text] = key
                joined.append((key, value))
        return joined

    def duplicate(self, key: Scalar, first: Scalar) -> None:
        self.problem(
            "duplicate-key",
            f"the key `{key.text}` stands twice",
            key,
            "remove one of the two",
            (Related("first written here", first.span),),
        )

    def problem(
        self, code: str, message: str, node: Node, help: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        self.problems.append(Diagnostic(code, "error", message, node.span, help, related))

    # Blocks and values

    def block(self, children: list[Any]) -> Mapping:
        pairs = [one for one in children if not isinstance(one, Token)]
        start, end = children[0].start, children[-1].end
        node = self.mapping(self.joined(pairs, None), start, end)
        self.bound_depth(node, [value for _, value in pairs])
        return node

    def model_block(self, children: list[Any]) -> Mapping:
        told = [one for one in children if not isinstance(one, Token)]
        for (before, _), (key, _) in pairwise(told):
            if before.text == "served_by" and key.text == "sa":
                self.problem("dsl-syntax", "`sa` is no word of the language", key, "did you mean `as`?")
                children = [one for one in children if isinstance(one, Token) or one[0] is not key]
        return self.block(children)

    def bound_depth(self, node: Mapping | Sequence, inner: list[Node]) -> None:
        """Nesting is counted in `weight`, as nothing is aliased here; what is too deep is cut off."""
        depth = 1 + max((one.weight for one in inner if not isinstance(one, Scalar)), default=0)
        node.weight = depth
        if depth == MAX_DEPTH:
            self.problem("too-deep", f"this is nested more than {MAX_DEPTH} levels deep", node)
        if depth >= MAX_DEPTH:
            if isinstance(node, Mapping):
                node.pairs = []
            else:
                node.items = []

    def pair(self, children: list[Any]) -> Pair:
        key, value = children
        if not isinstance(value, Scalar) and holds_secrets(key.text.strip("\"'")):
            self.source.hide(value.start, value.end)
        return self.scalar(key), value

    def served(self, children: list[Any]) -> Pair:
        servings = [one for one in children if not isinstance(one, Token)]
        start, end = children[0].start, children[1].end
        key = self.word("served_by", start, end)
        if all(said is None for _, said in servings):
            return key, self.sequence([provider for provider, _ in servings])
        pairs: list[Pair] = []
        for provider, said in servings:
            pairs.append((provider, said or self.word("null", provider.start, provider.end)))
        return key, self.mapping(self.joined(pairs, None), pairs[0][0].start, pairs[-1][1].end)

    def serving(self, children: list[Any]) -> tuple[Scalar, Node | None]:
        """A provider, and the name that it knows the model by or a mapping that has it as `model`."""
        names = [self.scalar(one) for one in children if isinstance(one, Token) and one.kind != "AS"]
        block = next((one for one in children if isinstance(one, Mapping)), None)
        upstream = names[1] if len(names) > 1 else None
        if block is None:
            return names[0], upstream
        pairs: list[Pair] = [] if upstream is None else [(self.key("model", upstream), upstream)]
        return names[0], self.mapping(self.joined(pairs, block), (upstream or block).start, block.end)

    def values(self, children: list[Any]) -> Node:
        return self.one_or_several([self.value(one) for one in children])

    def value(self, child: Any) -> Node:
        node: Node = self.scalar(child) if isinstance(child, Token) else child
        return node

    def bracketed(self, children: list[Any]) -> Sequence:
        start, end = children[0].start, children[-1].end
        items = [self.value(one) for one in children[1:-1] if one is not None]
        node = Sequence(items, self.source, start, end)
        self.bound_depth(node, items)
        return node

    def environment(self, children: list[Any]) -> Scalar:
        """`env("X", "d")` is the text `${X:-d}`."""
        keyword, _, variable, default, closing = children
        name = self.scalar(variable)
        start, end = keyword.start, closing.end
        if not _VARIABLE.match(name.text):
            self.problem(
                "environment-reference",
                f"`{name.text}` is no name of an environment variable",
                name,
                'such names are letters, digits and `_`: env("VLLM_API_BASE")',
            )
        text = f"${{{name.text}}}"
        if default is not None:
            fallback = self.scalar(default)
            if "}" in fallback.text:
                self.problem("environment-reference", "the default of a reference cannot hold `}`", fallback)
            text = f"${{{name.text}:-{fallback.text}}}"
        return DslScalar(text, False, self.source, start, end)
