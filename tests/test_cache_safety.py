"""Whatever lies where the cache keeps its entries, and whatever happens meanwhile: the answer is that of no cache."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulec import cli
from rulec.cache import entries as cache
from rulec.commands.loading import load_tree

ROOT = Path(__file__).parent.parent
POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
PROVIDERS = "providers: {a: {litellm: 'ollama/{model}', accepts: .*}, b: {litellm: 'ollama/{model}', accepts: .*}}\n"
DEFAULT = "request_metadata_routing: {odd: {condition: header.x-odd == '1', provider: b}}\ndefault: {provider: a}\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RULEC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "rulec"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "routing.yaml").write_text(PROVIDERS + DEFAULT, encoding="utf-8")
    return folder


Told = tuple[int, str, str]
Answer = Callable[..., Told]


@pytest.fixture
def answer(rules: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """What explain says with these options, and its exit code."""

    def told(*options: str) -> Told:
        code = cli.main(["explain", "--rules", str(rules), "--model", "m", *options])
        return (code, *capsys.readouterr())

    return told


def entry_in(home: Path) -> Path:
    (file,) = home.iterdir()
    return file


# What lies there


def of_another(change: Callable[[pytest.MonkeyPatch], None]) -> Callable[[Path], None]:
    """Puts the entry that another rulec would have written for these rules under the name of ours."""

    def replace(file: Path) -> None:
        name, octets = file.name, file.read_bytes()
        file.unlink()
        with pytest.MonkeyPatch.context() as patch:
            change(patch)
            assert load_tree(str(file.parents[2] / "rules")) is not None
        other = entry_in(file.parent)
        assert other.name != name and other.read_bytes() != octets
        other.rename(file)

    return replace


def linked(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def replace(file: Path) -> None:
        file.unlink()
        make(file)

    return replace


def cut(part: float) -> Callable[[Path], None]:
    return lambda file: os.truncate(file, int(part * file.stat().st_size))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": cut(0),
    "the format alone": lambda file: os.truncate(file, len(cache._FORMAT)),
    "half": cut(0.5),
    "without its last byte": lambda file: os.truncate(file, file.stat().st_size - 1),
    "huge": lambda file: os.truncate(file, cache.MOST_BYTES + 1),
    "longer": lambda file: file.write_bytes(file.read_bytes() * 2),
    "of another kind": lambda file: file.write_text("providers: {}\n"),
    "an older format": lambda file: file.write_bytes(file.read_bytes().replace(b"tree 2", b"tree 1")),
    "of another rulec": of_another(lambda patch: patch.setattr(cache, "VERSION", "99")),
    "of another Python": of_another(lambda patch: patch.setattr(sys, "version", "3.99")),
    "a link": linked,
    "a link to itself": instead(lambda file: file.symlink_to(file.name)),
    "a folder": instead(Path.mkdir),
    "a pipe": instead(os.mkfifo) if hasattr(os, "mkfifo") else instead(Path.touch),
    "writable for a group": lambda file: file.chmod(0o660),
    "not readable": lambda file: file.chmod(0o000),
    "of another owner": lambda file: os.chown(file, 12345, -1) if os.geteuid() == 0 else None,
    "in a folder for a group": lambda file: file.parent.chmod(0o770),
    "in a folder that is not writable": lambda file: file.parent.chmod(0o500),
    "in a folder of another owner": lambda file: os.chown(file.parent, 12345, -1) if os.geteuid() == 0 else None,
    "no folder": lambda file: file.parent.rename(file.parent.with_name("elsewhere")),
    "a file for a folder": lambda file: (file.unlink(), file.parent.rmdir(), file.parent.touch()),
}


@POSIX
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_lies_there(damage: Callable[[Path], object], answer: Answer, home: Path) -> None:
    expected = answer("--no-cache")
    assert expected[0] == 0 and answer() == expected
    file = entry_in(home)
    damage(file)
    assert [answer(), answer()] == [expected, expected]
    home.chmod(0o700)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 255), st.integers(1, 8))
def test_changed_bytes(answer: Answer, home: Path, seed: int, change: int, count: int) -> None:
    expected = answer("--no-cache")
    assert answer() == expected
    file = entry_in(home)
    octets = bytearray(file.read_bytes())
    for place in random.Random(seed).sample(range(len(octets)), count):
        octets[place] ^= change
    file.write_bytes(octets)
    assert answer() == expected
    assert file.read_bytes() != octets, "what was damaged stays"


# What happens meanwhile


def test_edits(answer: Answer, rules: Path, home: Path) -> None:
    """Every change of the rules is seen, and who goes back is answered as before."""
    first, more = rules / "routing.yaml", rules / "more.yaml"
    stamps = first.stat()

    def same_stamps(text: str) -> None:
        first.write_text(text, encoding="utf-8")
        os.utime(first, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
        assert first.stat().st_size == stamps.st_size

    seen = [answer("--no-cache")]
    for change in (
        lambda: same_stamps(PROVIDERS + DEFAULT.replace("provider: a", "provider: b")),
        lambda: more.write_text("exact_matches: {m: {provider: a}}\n", encoding="utf-8"),
        lambda: more.rename(rules / "most.rules"),  # it is no DSL
        lambda: (rules / "most.rules").rename(rules / "a.yaml"),
        lambda: (rules / "a.yaml").unlink(),
        lambda: same_stamps(PROVIDERS + DEFAULT),
    ):
        change()
        expected = answer("--no-cache")
        assert [answer(), answer()] == [expected, expected] and expected != seen[-1]
        seen.append(expected)
    assert seen[0] == seen[-1] and len(list(home.iterdir())) == 4


FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); "
EXPLAIN = "from rulec.cli import main; raise SystemExit(main(['explain', '--rules', {!r}, '--model', 'm']))"


@POSIX
@pytest.mark.parametrize("room", [0, 1, 1024])
def test_a_full_disk(answer: Answer, rules: Path, home: Path, room: int) -> None:
    expected = answer("--no-cache")
    program = FULL_DISK.format(room) + EXPLAIN.format(str(rules))
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
        assert (run.returncode, run.stdout, run.stderr) == expected
    assert list(home.iterdir()) == [], "half an entry was left behind"


RACE = """
import os, random, sys, contextlib, io
from rulec.cli import main
home, rules, seed = sys.argv[1:]
chosen = random.Random(seed)
for _ in range(40):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert main(["explain", "--rules", rules, "--model", "m"]) == 0
    print(hash(told.getvalue()))
    for name in os.listdir(home):
        with contextlib.suppress(OSError):
            if chosen.random() < 0.4:
                os.unlink(os.path.join(home, name))
            elif chosen.random() < 0.3:
                os.truncate(os.path.join(home, name), chosen.randrange(3000))
"""


def test_processes_that_write_and_read_at_once(answer: Answer, rules: Path, home: Path) -> None:
    expected = answer()
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RACE, str(home), str(rules)]
    runs = [
        subprocess.Popen([*command, str(seed)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for seed in range(3)
    ]
    told = [one.communicate(timeout=120) for one in runs]
    assert [errors for _, errors in told] == ["", "", ""]
    lines = [line for output, _ in told for line in output.splitlines()]
    assert len(lines) == 120 and len(set(lines)) == 1
    assert answer() == expected
