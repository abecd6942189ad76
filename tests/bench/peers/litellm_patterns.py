"""LiteLLM's own PatternMatchRouter. It knows names only, and so is given the patterns of a rule set, and nothing else."""

from __future__ import annotations

from importlib.metadata import version

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, Rules


def build(rules: Rules) -> Engine:
    from litellm.router_utils.pattern_match_deployments import PatternMatchRouter

    router = PatternMatchRouter()
    for rule in rules.patterns:
        name = rule.comparisons[0].value
        router.add_pattern(name, {"model_name": name, "litellm_params": {"model": f"{rule.provider}/fixed"}})

    def decide(name: str) -> str:
        found = router.route(name)
        return str(found[0]["litellm_params"]["model"]).partition("/")[0] if found else DEFAULT

    return InProcess(decide, lambda body, headers: body["model"])


PEER = Peer("LiteLLM PatternMatchRouter", "the patterns alone, as wildcard names", lambda: version("litellm"), build)
