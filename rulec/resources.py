"""Finds the folders that travel with rulec: `rules/` (the example) and `grammar/`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: Literal["rules", "grammar"]) -> Path:
    """The folder `name`: inside the package where a wheel put it, else at the top of the checkout."""
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"rulec's `{name}` folder is missing: this installation is incomplete")
