"""How much is drawn: `quick` in the suite, always the same; `long` by hand (HYPOTHESIS_PROFILE=long), always another."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_ALL = list(HealthCheck)
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)

settings.register_profile(
    "quick", max_examples=2050, derandomize=True, database=None, deadline=None, suppress_health_check=_ALL, phases=PHASES
)
settings.register_profile(
    "long", max_examples=25_000, database=None, deadline=None, suppress_health_check=_ALL, phases=PHASES, print_blob=True
)

PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
SOME = settings(PROFILE, max_examples=PROFILE.max_examples // 2)
FEW = settings(PROFILE, max_examples=PROFILE.max_examples // 40)
