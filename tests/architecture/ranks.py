"""The ranks as pyproject.toml gives them, lowest room first."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = CHECKOUT / "src" / "amana"
FACES: Final = {"cli", "web", "api", "benchmarks", "demonstration", "config"}


def read_ranks() -> list[str]:
    """List the rooms from the kernel up; faces on one line follow one another."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    return [
        name.strip()
        for line in reversed(contract["layers"])
        for name in line.replace(":", "|").split("|")
    ]
