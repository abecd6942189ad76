"""The wheel: what travels in it, and that it works where there is no checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER_PYTHONS = [version for version in ("3.10", "3.11", "3.12", "3.13") if version != THIS]
DECIDE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("routing_strategy", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
decision = module.decide({"model": "llama2-13b-vllm"}, {})
print(decision.rule, decision.candidates[0].provider)
"""


def run(*command: str | Path, folder: Path, expect: int = 0) -> str:
    """Run a command outside the checkout and return what it printed."""
    hidden = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == expect, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout or done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    [built] = folder.glob("*.whl")
    return built


def install(python: str | Path, wheel: Path, folder: Path, extra: str = "") -> Path:
    """An environment that holds the wheel and what it requires; returns its programs' folder."""
    run(python, "-m", "venv", "--without-pip", folder / "env", folder=folder)
    programs = folder / "env" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--quiet", "--no-compile", f"{wheel}{extra}", folder=folder)
    return programs


def compile_the_example(programs: Path, folder: Path) -> Path:
    """Compile the rules that travel in the wheel; returns the generated module."""
    find = "from rulec.resources import resource_folder; print(resource_folder('rules'))"
    rules = Path(run(programs / "python", "-c", find, folder=folder).strip())
    assert ROOT not in rules.parents
    run(programs / "rulec", "compile", rules, "--out", folder / "generated", folder=folder)
    run(programs / "rulec", "test", rules, folder=folder)
    return folder / "generated" / "routing_strategy.py"


def test_everything_travels_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"rulec/rules/{path.name}" for path in (ROOT / "rules").glob("*.yaml")}
    modules = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "rulec").rglob("*.py") if "__pycache__" not in path.parts
    }
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rulec" / "diagnostics" / "pages").glob("*.md")}
    assert pages
    assert shipped | modules | pages <= names
    assert all(name.startswith(("rulec/", "rulec-")) for name in names)
    assert not any("__pycache__" in name for name in names)


@pytest.mark.slow
def test_the_light_wheel_compiles_explains_and_decides(wheel: Path, tmp_path: Path) -> None:
    programs = install(sys.executable, wheel, tmp_path)
    module = compile_the_example(programs, tmp_path)
    # No site-packages, no user site, no environment: the generated module needs the standard library alone.
    decided = run(sys.executable, "-I", "-S", "-c", DECIDE, module, folder=tmp_path)
    assert decided.split() == ["exact:llama2-13b-vllm", "vllm"]
    rules = run(programs / "python", "-c", "import rulec; print(rulec.__path__[0])", folder=tmp_path).strip() + "/rules"
    explain = ("explain", "--rules", rules, "--model", "mistral:7b", "--format", "json")
    assert json.loads(run(programs / "rulec", *explain, folder=tmp_path))["target"]["provider"] == "ollama"
    # LiteLLM is not there, and whoever needs it says so.
    for verb in ("demo", "serve"):
        assert 'pip install "rulec[proxy]"' in run(programs / "rulec", verb, folder=tmp_path, expect=2)


@pytest.mark.slow
def test_the_wheel_with_the_proxy_shows_the_demo(wheel: Path, tmp_path: Path) -> None:
    programs = install(sys.executable, wheel, tmp_path, "[proxy]")
    assert "went where `rulec explain` said" in run(programs / "rulec", "demo", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("version", OTHER_PYTHONS)
def test_the_wheel_compiles_on_every_other_python_we_claim(wheel: Path, tmp_path: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    module = compile_the_example(install(python, wheel, tmp_path), tmp_path)
    assert run(python, "-I", "-S", "-c", DECIDE, module, folder=tmp_path).split() == ["exact:llama2-13b-vllm", "vllm"]


def interpreter(version: str) -> str | None:
    """A Python of this version on the path or among pyenv's, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *(str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in filter(None, found):
        # pyenv's shims exist for versions that are not switched on
        if subprocess.run([candidate, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return candidate
    return None
