"""Where this installation keeps its state: `AMANA_HOME`, or `var/` of the checkout.

Everything Amana writes (the embedded database, snapshots, runs, keys, files) lies below this one
folder, so that two installations stand side by side and one is removed by removing its folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def find_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the absolute folder of this installation's state; it need not exist yet.

    `AMANA_HOME` when set; else `var/` of the source checkout this package runs from; else `var/`
    of the working directory.
    """
    named = environment.get("AMANA_HOME", "").strip()
    if named:
        return Path(named).expanduser().resolve()
    checkout = find_checkout()
    return (checkout or Path.cwd()).resolve() / "var"


def find_checkout() -> Path | None:
    """Give the source checkout this package runs from, or None when it is installed elsewhere."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").is_file() and (root / "src").is_dir() else None


def make_folder(path: Path) -> Path:
    """Make a folder below the home, readable by its owner alone, and give it back."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
