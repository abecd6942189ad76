"""What models can do besides chatting, by the words that catalogues have for it."""

from __future__ import annotations

from rulec.policy.model import Model, Policy

WORDS = {
    "images": frozenset(("images", "image", "image_input", "vision", "multimodal")),
    "tools": frozenset(("tools", "tool_use", "tool_calling", "tool_calls", "functions", "function_calling")),
}
"""The capabilities that say that a model takes images or tools."""
_SUPPORTS = {"images": "supports_vision", "tools": "supports_function_calling"}
"""The keys of `model_info` by which LiteLLM says so."""


def is_ability(capability: str) -> bool:
    """Whether a capability says of a model what requests may hold."""
    return any(_plain(capability) in words for words in WORDS.values())


class Abilities:
    """What the models of one catalogue can do. Of a capability that no model lists, nothing is known."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._listed = {one for model in policy.models.values() for one in self._of(model)}

    def lacks(self, model: str, capability: str) -> bool:
        """Whether the catalogue says that a model cannot do what others can, or that it cannot do it at all."""
        entry = self.policy.models.get(model)
        if entry is None:
            return False
        told = entry.handling.get("model_info", {}).get(_SUPPORTS.get(capability, ""))
        if isinstance(told, bool):
            return not told
        return capability in self._listed and capability not in self._of(entry)

    def _of(self, model: Model) -> set[str]:
        found = set(model.capabilities)
        for ability, words in WORDS.items():
            info = model.handling.get("model_info", {})
            if info.get(_SUPPORTS[ability]) is True or not words.isdisjoint(map(_plain, model.capabilities)):
                found.add(ability)
        return found


def _plain(capability: str) -> str:
    return capability.lower().replace("-", "_").replace(" ", "_")
