"""Speed as ratios: each module here is one benchmark, run by ``amana bench NAME``.

A benchmark is a module with ``run(households: int) -> dict``. Its answer has at least name,
households, people, seconds, rate_per_s, floor_seconds (null when there is no floor), ratio
(seconds / floor_seconds) and peak_mb; floor and product are measured in one process, one after
the other. Modules are found by themselves; the name of the module is the name of the benchmark.
One that needs a database brings up an installation of its own (`ground`).
"""

from __future__ import annotations

import pkgutil
import resource
from importlib import import_module
from types import ModuleType

from amana.kernel.errors import NotFound

#: Modules here that are not benchmarks themselves.
PARTS = frozenset({"ground", "target_floor", "target_record"})
#: Benchmarks whose name no module can have.
MODULES = {"import": "import_households"}


class BenchmarkNotFound(NotFound):
    """There is no benchmark of this name."""

    code = "BENCHMARK_NOT_FOUND"


def names() -> list[str]:
    """List the benchmarks there are."""
    short = {module: name for name, module in MODULES.items()}
    found = (short.get(module.name, module.name) for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_") and name not in PARTS)


def find(name: str) -> ModuleType:
    """Give the module of a benchmark.

    Raises: BenchmarkNotFound.
    """
    if name not in names():
        raise BenchmarkNotFound(
            f"There is no benchmark {name}.", mend=f"There are: {', '.join(names())}."
        )
    return import_module(f"{__name__}.{MODULES.get(name, name)}")


def peak_mb() -> int:
    """Give the most memory this process has held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
