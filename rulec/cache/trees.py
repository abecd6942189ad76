"""A tree as bytes in parts, so that who looks one request up reads few of them: rules and models are read when they are asked for.

The parts are pickles, whose reader knows no class besides ranges and the records of the nouns, which have no behaviour
of their own, and no function but `known`, which stands for what is not in the same part. Records are read field by field,
so that no `__init__` is made for a few of them (see `records`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any

from rulec.cache.later import PAGE_ITEMS, LaterMapping, LaterSequence
from rulec.ir.tree import Fail, Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.policy.model import Chain, Rule
from rulec.records import record, replace
from rulec.source import Source
from rulec.syntax import ast

try:  # the same without what the public module adds around it: pickle's own implementation in Python
    from _pickle import Pickler, Unpickler, UnpicklingError
except ImportError:
    from pickle import Pickler, Unpickler, UnpicklingError

_PICKLE_PROTOCOL = 4
_NUMBER_BYTES = 4
_BASE, _HEAD, _FIRST_RULES = 0, 1, 2
"""The parts in front: what others refer to, the tree without its large collections, the first rules."""
_RECORD_ROOMS = frozenset(
    (
        "rulec.ir.tree",
        "rulec.patterns.compiled",
        "rulec.policy.model",
        "rulec.source",
        "rulec.syntax.ast",
        "rulec.syntax.conditions",
    )
)


def encode_tree(tree: Tree, sources: Sequence[Source]) -> bytes:
    """A tree as bytes, without the texts of its sources."""
    return joined(_Writer(tree, sources).parts)


def decode_tree(payload: bytes | memoryview, sources: Sequence[Source]) -> Tree | None:
    """The tree of such bytes; its places point into these sources."""
    return _Parts(payload, sources).tree()


def joined(parts: Sequence[bytes]) -> bytes:
    """Parts behind the number of them and their lengths."""
    numbers = (len(parts), *map(len, parts))
    return b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers) + b"".join(parts)


def known(what: str, *arguments: Any) -> Any:
    """Stands in parts for what the reader knows: see `_Parts.known`."""
    raise AssertionError(f"{what} is known to the reader alone")


@record
class _Known:
    """What is written as a call of `known`."""

    arguments: tuple[Any, ...]


class _Writer:
    """Makes the parts of a tree."""

    def __init__(self, tree: Tree, sources: Sequence[Source]) -> None:
        self.chains = tree.policy.chains
        numbers = {id(one): number for number, one in enumerate(sources)}
        self.ways: dict[type, Callable[[Any], Any]] = {
            Source: lambda one: (known, ("source", numbers[id(one)])),
            _Known: lambda one: (known, one.arguments),
        }
        base = self.pickled((self.chains, len(tree.policy.rules), [one._hidden for one in sources]))
        self.ways[Chain] = self.chain
        self.parts = [base, b""]
        self.pages(tree.policy.rules)
        self.ways[Rule] = lambda one: (known, ("rule", one.position - 1))
        self.parts[_HEAD] = self.pickled(self.outline(tree))

    def pickled(self, value: Any) -> bytes:
        buffer = BytesIO()
        pickler = Pickler(buffer, _PICKLE_PROTOCOL)
        pickler.dispatch_table = self.ways
        pickler.dump(value)
        return buffer.getvalue()

    def chain(self, chain: Chain) -> Any:
        shared = chain.name is not None and self.chains.get(chain.name) is chain
        return (known, ("chain", chain.name)) if shared else chain.__reduce_ex__(_PICKLE_PROTOCOL)

    def pages(self, items: Iterable[Any]) -> _Known:
        """Adds items page by page, and says how they are found."""
        listed, first = list(items), len(self.parts)
        for start in range(0, len(listed), PAGE_ITEMS):
            self.parts.append(self.pickled(listed[start : start + PAGE_ITEMS]))
        return _Known(("items", first, len(listed)))

    def outline(self, tree: Tree) -> Tree:
        """The tree with its large collections elsewhere."""
        models = {name: number for number, name in enumerate(tree.policy.models)}
        later = _Known(("named", models, self.pages(tree.policy.models.values())))
        policy = replace(tree.policy, rules=_Known(("rules",)), models=later, _known=tree.policy._known)
        root: Node = Fail()
        for node in reversed(list(tree.nodes())):
            if isinstance(node, Switch):
                cases = _Known(("named", {one: rule.position - 1 for one, rule in node.cases.items()}, policy.rules))
                root = replace(node, cases=cases, otherwise=root)
            elif isinstance(node, Leaf):
                root = replace(node, otherwise=root)
            elif not isinstance(node, Fail):
                root = replace(node, arms=self.arms(node), otherwise=root)
        return Tree(root, policy)


    def arms(self, node: Test | Match | Range) -> _Known:
        """The arms of a node as the numbers of their rules; what they ask is said where it is not what the rule says."""
        other = {place: asked for place, (asked, rule) in enumerate(node.arms) if asked is not _asked(rule)}
        return _Known(("arms", [rule.position - 1 for _, rule in node.arms], other))


def _asked(rule: Rule) -> Any:
    """What the arm of a rule asks."""
    if isinstance(rule.match, ast.When):
        return rule.match.condition
    return rule.match.patterns if isinstance(rule.match, ast.Patterns) else rule.match


class _Parts:
    """Reads parts, some of them at once, most of them later or never."""

    def __init__(self, payload: bytes | memoryview, sources: Sequence[Source]) -> None:
        self.payload = payload
        self.sources = sources
        end = (self.number(0) + 1) * _NUMBER_BYTES
        self.ends = [end]
        for at in range(_NUMBER_BYTES, min(end, len(payload)), _NUMBER_BYTES):
            self.ends.append(self.ends[-1] + self.number(at))
        if self.ends[-1] != len(payload):
            raise UnpicklingError("the parts are not as long as they say")

    def number(self, at: int) -> int:
        return int.from_bytes(self.payload[at : at + _NUMBER_BYTES], "big")

    def part(self, number: int) -> Any:
        return _Reader(self.payload[self.ends[number] : self.ends[number + 1]], self.known).load()

    def tree(self) -> Tree | None:
        self.chains, rules, hidden = self.part(_BASE)
        self.rules: LaterSequence[Rule] = self.items(_FIRST_RULES, rules)
        tree = self.part(_HEAD)
        if not isinstance(tree, Tree):
            return None
        for source, ranges in zip(self.sources, hidden, strict=True):
            source._hidden.extend(ranges)
        return tree

    def items(self, first: int, length: int) -> LaterSequence[Any]:
        return LaterSequence(length, lambda page: self.part(first + page))

    def arms(self, numbers: list[int], other: dict[int, Any]) -> LaterSequence[tuple[Any, Rule]]:
        def page(number: int) -> list[tuple[Any, Rule]]:
            places = range(len(numbers))[number * PAGE_ITEMS : (number + 1) * PAGE_ITEMS]
            rules = [(place, self.rules[numbers[place]]) for place in places]
            return [(other.get(place) or _asked(rule), rule) for place, rule in rules]

        return LaterSequence(len(numbers), page)

    def known(self, what: str, *arguments: Any) -> Any:
        """What stands elsewhere."""
        if what == "source":
            return self.sources[arguments[0]]
        if what == "rule":
            return self.rules[arguments[0]]
        if what == "rules":
            return self.rules
        if what == "chain":
            return self.chains[arguments[0]]
        if what == "items":
            return self.items(*arguments)
        if what == "arms":
            return self.arms(*arguments)
        return LaterMapping(*arguments)


class _Reader(Unpickler):
    """Makes records of the nouns and ranges of numbers, and nothing else."""

    def __init__(self, octets: bytes | memoryview, known: Callable[..., Any]) -> None:
        super().__init__(BytesIO(octets))
        self.known = known

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, known.__name__):
            return self.known
        if (module, name) == ("builtins", "range"):
            return range
        found = getattr(import_module(module), name, None) if module in _RECORD_ROOMS else None
        if isinstance(found, type) and found.__module__ == module and hasattr(found, "__record_fields__"):
            return found
        raise UnpicklingError(f"an entry of the cache holds no {module}.{name}")
