"""What models can do besides chatting, by the words that catalogues have for it."""

from __future__ import annotations

from rulec.lints.context import Context
from rulec.policy.model import Model

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


def ability_of(capability: str) -> str:
    """The ability that a capability means, else the capability."""
    return next((ability for ability, words in WORDS.items() if _plain(capability) in words), capability)


class Abilities:
    """What the models of one catalogue can do. Of a capability that no model lists, nothing is known."""

    def __init__(self, context: Context) -> None:
        self.policy = context.policy
        models = self.policy.models.values()
        self._listed = {one for model in models for one in self._of(model)}
        self.told = bool(self._listed) or any("model_info" in model.handling for model in models)
        """Whether the catalogue says anything of what models can do."""

    def lacks(self, model: str, capability: str) -> bool:
        """Whether the catalogue says that a model has not what others have, or not at all; an ability goes by its own name."""
        entry = self.policy.models.get(model)
        if entry is None:
            return False
        told = entry.handling.get("model_info", {}).get(_SUPPORTS.get(capability, ""))
        if isinstance(told, bool):
            return not told
        return capability in self._listed and capability not in self._of(entry)

    def _of(self, model: Model) -> set[str]:
        info = model.handling.get("model_info", {})
        return {*map(ability_of, model.capabilities), *(one for one, key in _SUPPORTS.items() if info.get(key) is True)}


def _plain(capability: str) -> str:
    return capability.lower().replace("-", "_").replace(" ", "_")
