"""Signals: how utilised deployments are by a feed from outside, fetched in the background, for requests a look-up.

A figure counts until a newer one replaces it or it is too old: while the feed is in trouble, requests go by the last
figures, then by none. A feed in trouble is asked ever more rarely.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
import urllib.parse
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from rulec.runtime.environment import missing_variables, text_from_environment
from rulec.runtime.fetch import FetchError, NoAnswer, Source, json_of
from rulec.runtime.strategies.ranking import WATCHERS

TTL_SECONDS = 30.0
TIMEOUT_SECONDS = 5.0
STALE_TTLS = 10  # a figure counts for so many times its TTL,
STALE_SECONDS = 300.0  # and at least for so long
LONGEST_PAUSE_SECONDS = 300.0
JITTER = 0.1
SILENT_SECONDS = 300.0  # after a recovery, before the same trouble is told again
MOST_IDS = 1_000
ID_KEYS = ("chute_id", "id", "name")

log = logging.getLogger("rulec")


class Signal:
    """One feed: its figures by id, under None the one that holds for everybody."""

    def __init__(self, name: str, settings: dict[str, Any], clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.clock = clock
        self.url = text_from_environment(settings["url"])
        self.key = text_from_environment(settings.get("api_key", ()))
        self.missing = [one for key in ("url", "api_key") for one in missing_variables(settings.get(key, ()))]
        self.ttl = float(settings.get("ttl_seconds", TTL_SECONDS))
        self.source = Source(float(settings.get("timeout_seconds", TIMEOUT_SECONDS)), self.key)
        self.id_keys = (settings.get("id_key", ID_KEYS[0]), *ID_KEYS)
        self.path: str | None = settings.get("path")
        self.each = "{id}" in self.url
        self.figures: dict[str | None, tuple[float, float]] = {}  # the moment it was fetched, and the figure
        self.asked: dict[str, None] = {}  # the ids that requests asked for, where each is fetched by itself
        self.wake: asyncio.Event | None = None
        self.told: dict[str, float] = {}  # troubles that were logged, and when the last one of this kind was over
        self.trouble: str | None = None

    # -- for requests --

    def figure(self, name: str) -> float | None:
        """The utilisation of the deployment with this id, None where it is not known or too old."""
        if self.each and name not in self.asked and len(self.asked) < MOST_IDS:
            self.asked[name] = None
            if self.wake is not None:
                self.wake.set()
        found = self.figures.get(name) or self.figures.get(None)
        if found is None or self.clock() - found[0] > max(STALE_TTLS * self.ttl, STALE_SECONDS):
            return None
        return found[1]

    # -- in the background --

    async def run(self) -> None:
        """Fetch for ever: after each success in a TTL, after failures ever later."""
        self.wake = asyncio.Event()
        if self.missing:
            log.warning("[ROUTER] the signal %s lacks the variables %s", self.name, ", ".join(self.missing))
        failures = 0
        while True:
            self.wake.clear()
            try:
                await self.refresh()
                failures = 0
                self.trouble = None
            except Exception as error:
                failures += 1
                self.tell(str(error) if isinstance(error, FetchError) else type(error).__name__)
            pause = self.pause(failures) * random.uniform(1 - JITTER, 1 + JITTER)
            if failures:
                await asyncio.sleep(pause)
            else:  # not `wait_for`, which forgets a cancellation that comes with the event
                waking = asyncio.ensure_future(self.wake.wait())
                try:
                    await asyncio.wait((waking,), timeout=pause)
                finally:
                    waking.cancel()

    def pause(self, failures: int) -> float:
        """Seconds until the next fetch."""
        if not failures:
            return self.ttl
        first = max(self.ttl / 10, min(1.0, self.ttl))
        return max(first, min(first * 2.0 ** min(failures - 1, 20), 8 * self.ttl, LONGEST_PAUSE_SECONDS))

    async def refresh(self) -> None:
        """Ask the feed; raises FetchError where it gives no figure at all."""
        if not self.each:
            found = await self.ask(self.url)
            now = self.clock()
            self.figures = {name: (now, figure) for name, figure in found.items()}
            return
        troubles = [trouble for name in list(self.asked) if (trouble := await self.refresh_one(name))]
        if troubles and len(troubles) == len(self.asked):
            raise FetchError(troubles[-1])
        if troubles:
            self.tell(troubles[-1])

    async def refresh_one(self, name: str) -> str | None:
        """Ask the feed for one id, unless its figure is fresh; what went wrong, if the feed answers at all."""
        known = self.figures.get(name)
        if known is not None and self.clock() - known[0] < self.ttl / 2:
            return None
        try:
            found = await self.ask(self.url.replace("{id}", urllib.parse.quote(name, safe="")))
        except NoAnswer:
            self.asked[name] = self.asked.pop(name)  # the others come first next time
            raise
        except FetchError as error:
            return str(error)
        figure = found.get(name, found.get(None))
        if figure is None:
            return "no figure for an id"
        self.figures[name] = (self.clock(), figure)
        return None

    async def ask(self, url: str) -> dict[str | None, float]:
        """The figures of one answer; they are read in the thread that fetches."""

        def read(status: int, body: Callable[[], bytes]) -> dict[str | None, float]:
            document = json_of(status, body)
            return read_figures(document if self.path is None else search(self.path, document), self.id_keys)

        found: dict[str | None, float] = await self.source.ask(url, read)
        usable = {name: figure for name, figure in found.items() if math.isfinite(figure)}
        if len(usable) < len(found):
            self.tell("figures that are no numbers from 0 on")
        if not usable:
            raise FetchError("no figure in the answer")
        return usable

    # -- what the log says --

    def tell(self, trouble: str) -> None:
        """Log a kind of trouble once, and again only when it comes back a while after it was over."""
        over = self.told.get(trouble)
        if over is None or (trouble != self.trouble and self.clock() - over > max(SILENT_SECONDS, 2 * self.ttl)):
            log.warning("[ROUTER] the signal %s: %s; the last figures stay as long as they count", self.name, trouble)
        self.told[trouble] = self.clock()
        self.trouble = trouble

    def view(self) -> dict[str, Any]:
        """How fresh the figures are, for people; the age in seconds is that of the oldest."""
        oldest = min((moment for moment, _ in self.figures.values()), default=None)
        age = None if oldest is None else round(self.clock() - oldest, 3)
        return {"name": self.name, "figures": len(self.figures), "age": age, "trouble": self.trouble}

    def take_over(self, old: Any) -> None:
        """Keep what was fetched if the source is the same."""
        if [getattr(old, one, None) for one in ("url", "path", "id_keys")] == [self.url, self.path, self.id_keys]:
            self.figures, self.told = old.figures, old.told


class Signals:
    """The signals that the rules use, by name."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.by_name = {name: Signal(name, settings) for name, settings in tables.get("signals", {}).items()}

    def figure(self, signal: str, name: str) -> float | None:
        return self.by_name[signal].figure(name)

    def tasks(self, state: Any) -> Iterable[Awaitable[None]]:
        """What is to run in the background."""
        return [one.run() for one in self.by_name.values()]

    def view(self) -> list[dict[str, Any]]:
        return [one.view() for one in self.by_name.values()]

    def take_over(self, old: Any) -> None:
        for name, signal in self.by_name.items():
            if name in old.by_name:
                signal.take_over(old.by_name[name])


WATCHERS["signals"] = Signals


# -- what a document says --


def read_figures(document: Any, id_keys: tuple[str, ...] = ID_KEYS) -> dict[str | None, float]:
    """The figures by id, under None the one for everybody; infinity stands for what is no figure.

    `0.4`, `{"utilization": 0.4}`, `{ID: 0.4}`, `{ID: {"utilization": 0.4}}`, `[{"chute_id": ID, "utilization": 0.4}]`
    and `[[ID, 0.4]]`; each of those with ids may be the only value of a mapping.
    """
    if isinstance(document, dict) and len(document) == 1:
        [inner] = document.values()
        if isinstance(inner, list) or isinstance(inner, dict) and "utilization" not in inner:
            document = inner
    if isinstance(document, dict) and "utilization" in document:
        return {None: figure_of(document)}
    if isinstance(document, dict):
        return {name: figure_of(value) for name, value in document.items()}
    if not isinstance(document, list):
        return {None: figure_of(document)}
    found: dict[str | None, float] = {}
    for item in document:
        if isinstance(item, dict):
            named = next((item[key] for key in id_keys if key in item), None)
            value: Any = item
        elif isinstance(item, list) and len(item) == 2:
            named, value = item
        else:
            named = value = None
        if isinstance(named, (str, int)):
            found[str(named)] = figure_of(value)
    return found


def figure_of(value: Any) -> float:
    """A finite number from 0 on, as it stands or under `utilization`; infinity for anything else."""
    if isinstance(value, dict):
        value = value.get("utilization")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.inf
    try:
        figure = float(value)
    except OverflowError:
        return math.inf
    return figure if figure >= 0 else math.inf


def search(path: str, document: Any) -> Any:
    """What a JMESPath expression finds."""
    try:
        import jmespath
    except ImportError:
        raise FetchError("the library jmespath, which `path` needs, is not installed") from None
    return jmespath.search(path, document)
