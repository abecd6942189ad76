"""What stands after the arrow: targets, modifiers and fallbacks."""

from __future__ import annotations

from typing import Any

from rulec.records import field, record
from rulec.syntax.dsl.parser import Token
from rulec.syntax.dsl.scalars import condition_text
from rulec.syntax.dsl.values import Pair, ValueBuilder
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence


@record(frozen=False, eq=False)
class Destination:
    """What stands after the arrow, before it is known what kind of rule it belongs to."""

    start: int
    end: int
    pairs: list[Pair] = field(default_factory=list)
    providers: list[Node] = field(default_factory=list)
    models: list[Scalar] = field(default_factory=list)
    explicit: bool = False
    """Whether the one model was written `model "name"`."""


@record(frozen=False, eq=False)
class ModelName:
    name: Scalar
    explicit: bool


class TargetBuilder(ValueBuilder):
    """Builds the entry of a rule out of its sentence and its block."""

    def rule_body(self, keyword: Token, pairs: list[Pair], destination: Destination, rest: list[Any]) -> Mapping:
        """The entry of a rule: what its sentence says, then its block."""
        *modifiers, fallback, block = rest
        pairs = [*pairs, *self.target_pairs(keyword.text, destination), *modifiers]
        if fallback is not None:
            pairs.append(fallback)
        end = block.end if block else max([destination.end, *[value.end for _, value in pairs]])
        return self.mapping(self.joined(pairs, block), destination.start, end)

    def target_pairs(self, keyword: str, destination: Destination) -> list[Pair]:
        pairs: list[Pair] = []
        if keyword != "capability" and destination.pairs:
            destination.pairs = [pair for pair in destination.pairs if not self.misplaced_filter(keyword, pair[0])]
        if destination.models:
            pairs.append(self.models_pair(keyword, destination))
        if destination.providers:
            single = len(destination.providers) == 1 and isinstance(destination.providers[0], Scalar)
            listed = destination.providers[0] if single else self.sequence(destination.providers)
            name = "provider" if single and keyword != "redundant" else "providers"
            pairs.append((self.key(name, listed), listed))
        return [*pairs, *destination.pairs]

    def misplaced_filter(self, keyword: str, key: Scalar) -> bool:
        if key.text not in ("min_model_size", "min_context"):
            return False
        self.problem(
            "unknown-key",
            f"`where` chooses among the models of a capability rule, not in `{keyword}`",
            key,
            "remove it, or write a condition: `when large: model_size >= 13B -> …`",
        )
        return True

    def models_pair(self, keyword: str, destination: Destination) -> Pair:
        models = destination.models
        if keyword == "capability" and not (destination.explicit and len(models) == 1):
            listed = self.sequence([*models])
            return self.key("preferred_models", listed), listed
        if len(models) > 1:
            second = models[1]
            self.problem(
                "two-targets",
                f"only a capability rule chooses among models, this rule names `{models[0].text}` and `{second.text}`",
                second,
                "keep one model; several providers are joined with `or`, without quotes",
            )
        return self.key("model", models[0]), models[0]

    def destination(self, children: list[Any]) -> Destination:
        first = children[0]
        if not isinstance(first, Token):
            return self.route(first, children[1:])
        start, end = first.start, first.end
        if first.kind == "PASS":
            return Destination(start, end, [(self.word("pass", start, end), self.word("true", start, end))])
        if first.kind == "REFUSE":
            return self.refusal(first, children[1], children[2])
        if first.kind == "ANY":
            return self.with_places(Destination(start, end), children[1:])
        _, _, arguments, closing, *places = children
        found = self.route(arguments or [], [])
        strategy = self.scalar(first)
        found.start, found.end = start, closing.end
        found.pairs.insert(0, (self.key("routing_strategy", strategy), strategy))
        return self.with_places(found, places)

    def refusal(self, keyword: Token, text: Token, status: Token | None) -> Destination:
        said = self.scalar(text)
        pairs: list[Pair] = [(self.key("refuse", said), said)]
        if status is not None:
            number = self.scalar(status)
            pairs.append((self.key("status", number), number))
        return Destination(keyword.start, pairs[-1][1].end, pairs)

    def route(self, items: list[Any], places: list[Any]) -> Destination:
        """Providers, or models, as they stand joined by `or` or in the arguments of a strategy."""
        models: list[ModelName] = []
        providers: list[Node] = []
        nodes: list[Node] = []
        for one in items:
            if isinstance(one, ModelName):
                models.append(one)
                nodes.append(one.name)
            elif not isinstance(one, Token):
                providers.append(one)
                nodes.append(one)
        start, end = (nodes[0].start, nodes[-1].end) if nodes else (0, 0)
        explicit = any(one.explicit for one in models)
        found = Destination(start, end, [], providers, [one.name for one in models], explicit)
        if models and providers:
            self.problem(
                "two-targets",
                "models and providers do not mix in one list",
                providers[0],
                'a bare word is a provider, a quoted text is a model: write `"model" via provider`',
            )
        return self.with_places(found, places)

    def with_places(self, found: Destination, places: list[Any]) -> Destination:
        """Adds `via …` and `where …`."""
        for place in places:
            if isinstance(place, Sequence):
                if found.providers:
                    self.problem(
                        "two-targets",
                        "this target names its providers twice",
                        place,
                        "keep those before `via`, or those after it",
                    )
                found.providers = place.items
                found.end = place.end
            elif place:
                found.pairs += place
                found.end = place[-1][1].end
        return found

    def providers(self, children: list[Any]) -> list[Node]:
        return [one for one in children if not isinstance(one, Token)]

    def models(self, children: list[Any]) -> list[ModelName]:
        return [one for one in children if not isinstance(one, Token)]

    def arguments(self, children: list[Any]) -> list[Any]:
        return children

    def via(self, children: list[Any]) -> Sequence:
        return self.sequence([one for one in children if not isinstance(one, Token)])

    def weighted(self, children: list[Any]) -> Node:
        """`ollama`, or `ollama 70%` as `{provider: ollama, weight: 0.7}`."""
        provider, weight = children
        if weight is None:
            named: Node = provider
            return named
        number = self.scalar(weight)
        if weight.kind == "PERCENT" and float(weight.text[:-1]) > 100:
            self.problem(
                "wrong-value",
                f"a share is at most 100%, not `{weight.text}`",
                number,
                "weights that are no shares are written without `%`: `ollama 3 or vllm 1`",
            )
        pairs: list[Pair] = [(self.key("provider", provider), provider), (self.key("weight", number), number)]
        return self.mapping(pairs, provider.start, number.end)

    def provider_name(self, children: list[Token]) -> Scalar:
        return self.scalar(children[-1])

    def model_name(self, children: list[Token]) -> ModelName:
        return ModelName(self.scalar(children[-1]), len(children) > 1)

    def filter(self, children: list[Any]) -> list[Pair]:
        found = [one for one in children if not isinstance(one, Token)]
        return self.joined([pair for one in found for pair in one], None)

    def bound(self, children: list[Token]) -> list[Pair]:
        name, comparison, value = (self.scalar(one) for one in children)
        key = {"size": "min_model_size", "context": "min_context"}.get(name.text)
        if key is None:
            self.problem(
                "wrong-value", f"`where` asks for `size` or `context`, not `{name.text}`", name, "write `size >= 13B`"
            )
            return []
        if comparison.text != ">=":
            self.problem(
                "wrong-value",
                f"`where {name.text}` takes `>=` only: it is the least that a candidate has",
                comparison,
                f"write `{name.text} >= {value.text}`",
            )
        return [(self.word(key, name.start, name.end), value)]

    def modifier(self, children: list[Token]) -> Pair:
        start, end = children[0].start, children[-1].end
        if children[0].kind == "STICKY":
            value = self.scalar(children[2])
            return self.word("sticky", start, value.start), value
        name = "substitute" if children[0].kind == "WITH" else "prefer_warm"
        return self.word(name, start, end), self.word("true", start, end)

    def split(self, children: list[Any]) -> Mapping:
        simple, _, threshold, _, hard, _, _, scorer = children
        named = [("simple", simple.name), ("complex", hard.name)]
        named += [("threshold", self.scalar(threshold))] if threshold is not None else []
        named += [("scored_by", self.scalar(scorer))] if scorer is not None else []
        end = named[-1][1].end if scorer is not None else hard.name.end
        return self.mapping([(self.key(key, value), value) for key, value in named], simple.name.start, end)

    # Fallbacks

    def own_chain(self, children: list[Any]) -> Pair:
        hops = self.hops(children)
        start, end = children[0].start, children[0].end
        if not hops:
            last = children[-1]
            return self.word("fallback", start, end), self.word("none", last.start, last.end)
        return self.word("fallback", start, end), self.one_or_several(hops)

    def named_chain(self, children: list[Token]) -> Pair:
        start, end = children[0].start, children[1].end
        return self.word("fallback_chain", start, end), self.scalar(children[2])

    def hops(self, children: list[Any]) -> list[Node]:
        """The hops; `then nothing` after others would read as their end, and is no provider's bare name."""
        hops: list[Node] = [one for one in children if not isinstance(one, Token)]
        for hop in hops:
            if isinstance(hop, Scalar) and hop.plain and hop.text == "nothing":
                self.problem(
                    "dsl-syntax",
                    "`nothing` stands alone: there are hops, or there is nothing",
                    hop,
                    'remove it: after the last hop nothing follows; a provider of this name is `provider "nothing"`',
                )
        return hops

    def hop(self, children: list[Any]) -> Node:
        """A bare provider stays one; else a mapping of what the hop says."""
        *target, kinds, condition, reason = children
        pairs: list[Pair] = []
        for one in target:
            if isinstance(one, ModelName):
                pairs.append((self.key("model", one.name), one.name))
            elif isinstance(one, Scalar):
                pairs.append((self.key("provider", one), one))
        if len(pairs) == 1 and pairs[0][0].text == "provider" and not (kinds or condition or reason):
            return pairs[0][1]
        pairs.sort(key=lambda pair: pair[0].text != "provider")
        pairs += [pair for pair in (kinds, condition, reason) if pair is not None]
        return self.mapping(pairs, min(key.start for key, _ in pairs), max(value.end for _, value in pairs))

    def kinds(self, children: list[Token]) -> Pair:
        named: list[Node] = [self.scalar(one) for one in children if one.kind == "WORD"]
        return self.word("on_error", children[0].start, children[0].end), self.one_or_several(named)

    def hop_condition(self, children: list[Any]) -> Pair:
        keyword, (start, end) = children
        return self.word("when", keyword.start, keyword.end), condition_text(self.source, start, end)

    def reason(self, children: list[Token]) -> Pair:
        return self.word("description", children[0].start, children[0].end), self.scalar(children[1])

    # Conditions: only where they stand; their own parser reads them

    def condition(self, children: list[Any]) -> tuple[int, int]:
        places = [self.extent(one) for one in children if one is not None]
        return places[0][0], places[-1][1]

    def list_of_literals(self, children: list[Token]) -> tuple[int, int]:
        return self.condition(children)

    def extent(self, child: Any) -> tuple[int, int]:
        if isinstance(child, Token):
            return child.start, child.end
        found: tuple[int, int] = child
        return found
