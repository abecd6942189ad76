"""The weights of a rule's providers sum neither to 1 nor to 100.

Weights are shares of their sum, whatever that is: 0.7 and 0.2 mean 78 % and 22 %. Whole numbers below 10, such as 2 and 1,
are taken for a ratio, of which nothing is said. The fix keeps the shares as they are now.

**Why it matters:** who reads 0.2 expects a fifth of the requests; mostly a provider was added or removed, and the others were
not changed.

```yaml rules/wrong.yaml wrong
providers: {east: {litellm: "azure/{model}"}, west: {litellm: "azure/{model}"}}
models: {gpt-4o: {served_by: [east, west]}}
exact_matches:
  gpt-4o: {providers: [{provider: east, weight: 0.7}, {provider: west, weight: 0.2}]}
```

```yaml rules/right.yaml
providers: {east: {litellm: "azure/{model}"}, west: {litellm: "azure/{model}"}}
models: {gpt-4o: {served_by: [east, west]}}
exact_matches:
  gpt-4o: {providers: [{provider: east, weight: 0.7}, {provider: west, weight: 0.3}]}
```

**When it may stay:** where the weights are meant as a ratio, such as 60 to 45 cards.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Edit, Finding
from rulec.policy.model import ModelsTarget, ProvidersTarget, Rule
from rulec.source import Span

LEVEL: Severity = "warning"
LARGEST_OF_A_RATIO = 9
DIGITS = 4


def check(context: Context) -> Iterator[Finding]:
    for rule in context.rules:
        weights = _weights(rule)
        total = sum(weights.values())
        if not weights or total in (1, 100) or all(_is_of_a_ratio(one) for one in weights.values()):
            continue
        whole = 100 if any(weight > 1 for weight in weights.values()) else 1
        now = _parts_of(100, weights)
        places = {name: rule.weight_places.get(name, rule.span) for name in weights}
        first, *others = places.values()
        yield Finding(
            f"the weights of `{rule.name}` sum to {_decimal(total)}, neither to 1 nor to 100",
            first,
            "what they mean now: " + ", ".join(f"{_decimal(part)} % to `{name}`" for name, part in now.items()),
            tuple(Related("another weight", place) for place in others),
            rule.name,
            context.witness(rule),
            tuple(_edit(place, weights, name, whole) for name, place in places.items()),
        )


def _weights(rule: Rule) -> dict[str, Fraction]:
    """The weights that a rule gives, exactly as they are written."""
    target = rule.target
    providers = target.providers if isinstance(target, (ProvidersTarget, ModelsTarget)) else None
    return {name: Fraction(str(weight)) for name, weight in providers or () if weight is not None}


def _is_of_a_ratio(weight: Fraction) -> bool:
    return weight.denominator == 1 and weight <= LARGEST_OF_A_RATIO


def _parts_of(whole: int, weights: dict[str, Fraction]) -> dict[str, Fraction]:
    """The weights as parts of a whole to which they sum exactly, with few digits."""
    digits = 10**DIGITS // whole
    total = sum(weights.values())
    parts = {name: Fraction(round(weight * whole * digits / total), digits) for name, weight in weights.items()}
    last = next(reversed(parts))
    parts[last] += whole - sum(parts.values())
    return parts


def _edit(place: Span, weights: dict[str, Fraction], name: str, whole: int) -> Edit:
    """A weight so that all sum to the whole; a share of the DSL, such as `70%`, stays one."""
    if place.source.text[place.start : place.end].endswith("%"):
        return Edit(place, _decimal(_parts_of(100, weights)[name]) + "%")
    return Edit(place, _decimal(_parts_of(whole, weights)[name]))


def _decimal(number: Fraction | int) -> str:
    return f"{float(number):.{DIGITS}f}".rstrip("0").rstrip(".")
