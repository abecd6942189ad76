"""Where a rule sends requests, as a sentence of the DSL: target, modifiers and fallback; the rest is left to its block."""

from __future__ import annotations

from rulec.records import field, record
from rulec.syntax.formatter import dsl_words as words
from rulec.syntax.formatter.placing import Part, extent
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

Pair = tuple[Scalar, Node]
_PROVIDER_KEYS = ("provider", "primary", "secondary", "tertiary", "quaternary")


@record(frozen=False, eq=False)
class Route:
    """A sentence that is being made of the pairs of a rule's body."""

    pairs: dict[str, Pair]
    target: str = ""
    modifiers: list[str] = field(default_factory=list)
    hops: list[tuple[str, Part]] = field(default_factory=list)
    """What follows the target: `then …`, each with its place."""
    used: set[str] = field(default_factory=set)

    def take(self, name: str) -> Node | None:
        """The value of a key that the sentence says; None where the body has no such key."""
        pair = self.pairs.get(name)
        if pair is not None:
            self.used.add(name)
        return None if pair is None else pair[1]

    def take_text(self, name: str) -> Scalar | None:
        """The value of a key, if it is a text; anything else stays for the block."""
        pair = self.pairs.get(name)
        if pair is None or not isinstance(pair[1], Scalar) or pair[1].value is None:
            return None
        self.used.add(name)
        return pair[1]

    def take_true(self, name: str) -> bool:
        pair = self.pairs.get(name)
        if pair is None or not isinstance(pair[1], Scalar) or pair[1].value is not True:
            return False
        self.used.add(name)
        return True


def route(body: Mapping, keyword: str) -> Route:
    """The sentence of a rule's body; the keys that it does not use belong into the block."""
    made = Route({key.text: (key, value) for key, value in body.pairs})
    made.target = _target(made, keyword)
    if made.take_true("substitute"):
        made.modifiers.append("with substitute")
    sticky = made.take_text("sticky")
    if sticky is not None:
        made.modifiers.append(f"sticky by {sticky.text}")
    if made.take_true("prefer_warm"):
        made.modifiers.append("prefer warm")
    _fallback(made)
    return made


# Targets


def _target(made: Route, keyword: str) -> str:
    if made.take_true("pass"):
        return "pass"
    refused = made.take_text("refuse")
    if refused is not None:
        status = made.take_text("status")
        return f"refuse {words.text(refused.text)}" + (f" {words.scalar(status)}" if status is not None else "")
    providers = _providers(made)
    models = _models(made, keyword)
    strategy = made.take_text("routing_strategy")
    if strategy is not None:
        target = f"{strategy.text}({', '.join(models or providers or ['any'])})"
        providers = providers if models else []
    elif models:
        target = " or ".join(models)
    else:
        target = " or ".join(providers) or "any"
        providers = []
    return target + (f" via {' or '.join(providers)}" if providers else "") + _filter(made)


def _models(made: Route, keyword: str) -> list[str]:
    if keyword == "capability" and "preferred_models" in made.pairs and "model" not in made.pairs:
        value = made.pairs["preferred_models"][1]
        listed = _listed(value)
        if listed and all(isinstance(one, Scalar) for one in listed):
            made.used.add("preferred_models")
            return [words.text(one.text) for one in listed if isinstance(one, Scalar)]
        return []
    model = made.take_text("model")
    if model is None:
        return []
    return [("model " if keyword == "capability" else "") + words.text(model.text)]


def _providers(made: Route) -> list[str]:
    name = "providers" if "providers" in made.pairs else "provider"
    if name not in made.pairs:
        return []
    candidates = [_candidate(one) for one in _listed(made.pairs[name][1])]
    if not candidates or None in candidates:
        return []
    made.used.add(name)
    named = [one for one in candidates if one is not None]
    weights = [weight for _, weight in named if weight is not None]
    as_written = [words.weight(one) for one in weights]
    if not all(one.endswith("%") for one in as_written) or not any("." in one.text for one in weights):
        as_written = [words.scalar(one) for one in weights]
    left = iter(as_written)
    return [provider + ("" if weight is None else f" {next(left)}") for provider, weight in named]


def _candidate(node: Node) -> tuple[str, Scalar | None] | None:
    """A provider, and its weight if it has one; None where it is neither."""
    if isinstance(node, Scalar):
        return words.provider(node), None
    if not isinstance(node, Mapping) or not {key.text for key, _ in node.pairs} <= {"provider", "weight"}:
        return None
    provider, weight = node.get("provider"), node.get("weight")
    if not isinstance(provider, Scalar) or not (weight is None or isinstance(weight, Scalar)):
        return None
    return words.provider(provider), weight


def _filter(made: Route) -> str:
    bounds = []
    for name, said in (("min_model_size", "size"), ("min_context", "context")):
        value = made.take_text(name)
        if value is not None:
            bounds.append(f"{said} >= {words.bound(value)}")
    return f" where {' and '.join(bounds)}" if bounds else ""


def _listed(node: Node) -> list[Node]:
    return node.items if isinstance(node, Sequence) else [node]


# Fallbacks


def _fallback(made: Route) -> None:
    if "fallback_chain" in made.pairs and "fallback" not in made.pairs:
        key, value = made.pairs["fallback_chain"]
        if isinstance(value, Scalar):
            made.used.add("fallback_chain")
            if says_nothing(value):
                made.hops = [("then nothing", Part(*extent(key, value)))]
            else:
                made.modifiers.append(f"using chain {words.name(value)}")
    elif "fallback" in made.pairs:
        key, value = made.pairs["fallback"]
        found = hops(value)
        if found is not None:
            made.used.add("fallback")
            said = [(f"then {text}", part) for text, part in found]
            made.hops = said or [("then nothing", Part(*extent(key, value)))]


def says_nothing(node: Node) -> bool:
    """Whether a fallback says that there is none."""
    if isinstance(node, Scalar):
        return node.value is None or node.text == "none"
    return isinstance(node, Sequence) and not node.items


def hops(node: Node) -> list[tuple[str, Part]] | None:
    """The hops of a chain or fallback, with their places; None where one cannot be said as a sentence."""
    if says_nothing(node):
        return []
    found = []
    for one in _listed(node):
        text = _hop(one)
        if text is None:
            return None
        found.append((text, Part(*extent(one, one))))
    return found


def _hop(node: Node) -> str | None:
    if isinstance(node, Scalar):
        return words.provider(node)
    if not isinstance(node, Mapping):
        return None
    said = Route({key.text: (key, value) for key, value in node.pairs})
    provider = _first(said, *_PROVIDER_KEYS)
    model = _first(said, "model", "preferred_model")
    if provider is None and model is None:
        return None
    text = "" if model is None else words.text(model.text)
    if provider is not None:
        text += (" via " if text else "") + words.provider(provider)
    kinds = _listed(said.take("on_error")) if "on_error" in said.pairs else []  # type: ignore[arg-type]
    if kinds:
        text += " on " + " or ".join(one.text for one in kinds if isinstance(one, Scalar))
    condition = _first(said, "when", "condition")
    if condition is not None:
        text += f" when {words.condition(condition)}"
    description = said.take_text("description")
    if description is not None:
        text += f" because {words.text(description.text)}"
    return text if said.used == set(said.pairs) else None


def _first(said: Route, *names: str) -> Scalar | None:
    return next((found for name in names if (found := said.take_text(name)) is not None), None)
