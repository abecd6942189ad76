"""The strategies: who of several candidates goes first."""

from rulec.runtime import signals, warm
from rulec.runtime.strategies import (
    cheapest,
    fastest_response,
    least_loaded,
    least_utilized,
    most_capacity,
    usage_based,
)
from rulec.runtime.strategies.balancer import Balancer

__all__ = [
    "Balancer",
    "cheapest",
    "fastest_response",
    "least_loaded",
    "least_utilized",
    "most_capacity",
    "signals",
    "usage_based",
    "warm",
]
