"""The plot of docs/performance.md: time of a decision over the number of rules, both on logarithmic scales."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10

from tests.bench.measure import Figure, seconds
from tests.bench.peers.results import Run

WIDTH, HEIGHT = 960, 440
TOP, BOTTOM, LEFT = 48, 52, 64
PANEL, GAP = 260, 190
"""The width of the drawing for one kind of requests, and of the names to the right of it."""
LINE = 15
"""Names stand at least so far apart."""
COLOURS = ("#e8590c", "#868e96", "#1c7ed6", "#37b24d", "#ae3ec9", "#d6336c", "#0ca678")
"""Middle tones: they can be seen on white and on black."""
STYLE = """text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 13px }
.grid { stroke: #24292f; stroke-opacity: .15 } .ours { font-weight: 700 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #e6edf3 } }"""

LABEL = "Time of one decision over the number of rules"

Point = tuple[int, Figure]


def plot(run: Run, engines: list[str], panels: dict[str, str], sizes: tuple[int, ...]) -> str:
    """One panel for each kind of requests, with the same scale of time."""
    found = [one.figure for one in run.results if one.requests in panels and one.rules in sizes]
    scale = Scale(floor(log10(min(one.low for one in found))), ceil(log10(max(one.high for one in found))), sizes)
    parts = []
    for number, (requests, title) in enumerate(panels.items()):
        lines = {}
        for name in engines:
            results = [run.get(name, size, requests) for size in sizes]
            lines[name] = [(one.rules, one.figure) for one in results if one]
        parts.append(f'<g transform="translate({LEFT + number * (PANEL + GAP)} 0)">{panel(title, lines, scale)}</g>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{LABEL}">'
    return "\n".join((head, f"<style>{STYLE}</style>", *parts, "</svg>\n"))


class Scale:
    """From numbers of rules and seconds to places in a panel."""

    def __init__(self, lowest: int, highest: int, sizes: tuple[int, ...]) -> None:
        self.decades = range(lowest, highest + 1)
        self.sizes = sizes

    def x(self, rules: int) -> float:
        first, last = log10(self.sizes[0]), log10(self.sizes[-1])
        return round(12 + (PANEL - 24) * (log10(rules) - first) / (last - first), 1)

    def y(self, time: float) -> float:
        share = (log10(time) - self.decades[0]) / (self.decades[-1] - self.decades[0])
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share, 1)


def panel(title: str, lines: dict[str, list[Point]], scale: Scale) -> str:
    parts = [f'<text class="title" x="0" y="20">{escape(title)}</text>']
    for decade in scale.decades:
        y = scale.y(10**decade)
        parts.append(f'<path class="grid" d="M0 {y}H{PANEL}"/>')
        parts.append(f'<text x="-8" y="{y + 4}" text-anchor="end">{seconds(10**decade)}</text>')
    for size in scale.sizes:
        parts.append(f'<text x="{scale.x(size)}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{PANEL / 2}" y="{HEIGHT - 12}" text-anchor="middle">rules</text>')
    heights = apart({name: scale.y(points[-1][1].middle) for name, points in lines.items()})
    for colour, (name, points) in zip(COLOURS, lines.items(), strict=False):
        parts.append(curve(name, points, colour, heights[name], scale))
    return "\n".join(parts)


def curve(name: str, points: list[Point], colour: str, height: float, scale: Scale) -> str:
    """A line through the medians, bars for the quartiles, and the name at the end."""
    ours = name == "rulec"
    path = "L".join(f"{scale.x(size)} {scale.y(figure.middle)}" for size, figure in points)
    bars = "".join(f"M{scale.x(size)} {scale.y(one.low)}V{scale.y(one.high)}" for size, one in points)
    end = scale.x(points[-1][0]), scale.y(points[-1][1].middle)
    lead = f"M{end[0]} {end[1]}L{PANEL + 10} {height}"
    marked = ' class="ours"' if ours else ""
    return (
        f'<g fill="none" stroke="{colour}"><path d="M{path}" stroke-width="{3 if ours else 1.5}"/><path d="{bars}"/>'
        f'<path d="{lead}" stroke-dasharray="2 3" stroke-opacity=".7"/></g>'
        f'<text{marked} x="{PANEL + 14}" y="{height + 4}">{escape(name)}</text>'
    )


def apart(heights: dict[str, float]) -> dict[str, float]:
    """The same heights, moved down where two are too near, and all up by as much as they then hang too low."""
    placed: dict[str, float] = {}
    last = float("-inf")
    for name, height in sorted(heights.items(), key=lambda one: one[1]):
        last = placed[name] = max(height, last + LINE)
    over = max(0.0, last - (HEIGHT - BOTTOM))
    return {name: round(height - over, 1) for name, height in placed.items()}
