"""`python -m tests.fuzz [TARGET …] --minutes N`: texts that nobody would write, until one is handled badly.

With atheris the coverage of our own code leads the way; without it, the same mutations of the same seeds are made
blindly. A text that raises, hangs or breaks a promise is written to `.fuzz/` and printed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.mutations import mutate
from tests.fuzz.targets import TARGETS, seeds

FINDINGS = Path(".fuzz")
SECONDS_FOR_ONE = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long for each target")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [one for one in options.targets if one not in TARGETS]
    if unknown:
        parser.error(f"there is no target `{unknown[0]}`: known are {', '.join(TARGETS)}")
    if options.inside:
        fuzz(options.targets[0], options.minutes)
        return 0
    codes = [run(name, options.minutes) for name in options.targets or TARGETS]
    return max(codes)


def run(name: str, minutes: float) -> int:
    """One target in a process of its own, as atheris ends its process."""
    print(f"{name}: {minutes:g} minutes", flush=True)
    command = [sys.executable, "-m", "tests.fuzz", name, "--minutes", str(minutes), "--inside"]
    code = subprocess.run(command, check=False).returncode
    print(f"{name}: {'nothing found' if code == 0 else f'FOUND something (exit {code}), see {FINDINGS}/'}", flush=True)
    return min(code, 1) if code >= 0 else 1


def fuzz(name: str, minutes: float) -> None:
    folder = FINDINGS / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_text(seed, encoding="utf-8")
    try:
        import atheris
    except ImportError:
        blindly(name, minutes)
        return
    with atheris.instrument_imports(include=["rulec"], enable_loader_override=False):
        target = TARGETS[name]()

    def one(octets: bytes) -> None:
        target(octets.decode("utf-8", "replace"))

    def mutator(octets: bytes, most: int, seed: int) -> bytes:
        chosen = random.Random(seed)
        if chosen.random() < 0.3:
            return bytes(atheris.Mutate(octets, most))
        return mutate(octets.decode("utf-8", "replace"), words, chosen).encode()[:most]

    words = seeds(name)
    limits = [
        f"-max_total_time={int(minutes * 60)}",
        f"-timeout={SECONDS_FOR_ONE}",
        "-max_len=6000",
        "-rss_limit_mb=6000",
    ]
    quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={folder}/found-"]
    atheris.Setup([sys.argv[0], *limits, *quiet, str(folder)], one, custom_mutator=mutator)
    atheris.Fuzz()


def blindly(name: str, minutes: float) -> None:
    target = TARGETS[name]()
    chosen = random.Random(os.getpid())
    words = seeds(name)
    end = time.monotonic() + minutes * 60
    runs = 0
    while time.monotonic() < end:
        text = mutate(chosen.choice(words), words, chosen)
        begin = time.monotonic()
        try:
            target(text)
            assert time.monotonic() - begin < SECONDS_FOR_ONE, "it took too long"
        except Exception:
            path = FINDINGS / name / f"found-{os.getpid()}-{runs}"
            path.write_text(text, encoding="utf-8")
            print(f"see {path}")
            raise
        runs += 1
    print(f"{runs} runs, without atheris")


if __name__ == "__main__":
    sys.exit(main())
