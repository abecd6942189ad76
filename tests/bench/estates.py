"""Rule sets as large as any will be: ten thousand models in the catalogue, a thousand deployments of one model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rulec.compiler import Compilation, compile_folder
from tests.bench.workload import PROVIDERS, exact_name, pattern

STRATEGIES = ("random", "least_loaded", "usage_based")
ACCEPTED = ["/", r"\.gguf$", "-it$"]
"""What providers accept beside their catalogue: names that only patterns know."""


@dataclass(frozen=True)
class Estate:
    """A rule set as a document, and names for its requests."""

    document: dict[str, Any]
    known: tuple[str, ...]
    """The models of the catalogue: the first six of ten have an exact rule, the others go by the default."""
    matching: tuple[str, ...]
    """For each pattern a format with one gap: filled with anything, it is a name that the pattern takes."""

    def compiled(self, folder: Path) -> Compilation:
        rules = folder / "rules.yaml"
        rules.write_text(yaml.dump(self.document, Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")
        compilation = compile_folder(rules)
        assert not compilation.failed, compilation.diagnostics[0].message
        return compilation


def large_estate(addresses: Sequence[str], names: int, deployments: int, strategies: Sequence[str] = STRATEGIES) -> Estate:
    """`names` models, one in ten of which several providers serve, with a quarter as many patterns; and for each of the
    strategies one model that `deployments` further providers serve. All providers share these addresses."""
    chosen = random.Random(0)
    known = tuple(exact_name(chosen, number) for number in range(names))
    served = {name: chosen.sample(PROVIDERS, chosen.choice((1,) * 9 + (3,))) for name in known}
    made = [pattern(chosen, number) for number in range(names // 4)]
    everybody = [f"host{number}" for number in range(deployments)]
    group = {name: {"served_by": everybody} for name in strategies} if everybody else {}
    document = {
        "version": 1,
        "providers": {
            **{name: provider(addresses, number, accepts=ACCEPTED) for number, name in enumerate(PROVIDERS)},
            **{name: provider(addresses, number) for number, name in enumerate(everybody)},
        },
        "models": {**{name: {"served_by": providers} for name, providers in served.items()}, **group},
        "exact_matches": {
            **{name: exact_rule(served[name]) for name in known[: names * 6 // 10]},
            **{name: {"providers": everybody, "routing_strategy": name} for name in group},
        },
        "patterns": [{"pattern": text, "provider": chosen.choice(PROVIDERS)} for text, _ in made],
        "default": {"providers": list(PROVIDERS)},
        "litellm": {"general_settings": {"master_key": "${BENCH_MASTER_KEY}"}},
    }
    return Estate(document, known, tuple(shape for _, shape in made))


def provider(addresses: Sequence[str], number: int, **more: Any) -> dict[str, Any]:
    base = f"http://{addresses[number % len(addresses)]}/v1"
    return {"litellm": "openai/{model}", "api_base": base, "api_key": "none", **more}


def exact_rule(served_by: list[str]) -> dict[str, Any]:
    """The first provider, and the others where that fails."""
    first, *others = served_by
    return {"provider": first, "fallback": others} if others else {"provider": first}
