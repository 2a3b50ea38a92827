"""What recording a targeting run in PostgreSQL costs, besides deciding: part of `target`.

An invented country's census is imported, a snapshot taken and the child grant targeted by the
command itself; its run tells how long it took to write the run and the decisions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from amana.benchmarks.ground import run_apart, settle_country

PROGRAMME = "child-grant"


def run(households: int) -> dict[str, Any]:
    """Give record_seconds and the number of decisions recorded."""
    return run_apart(__name__, households)


def measure(households: int, home: Path) -> dict[str, Any]:
    """Measure in this process, whose home is a folder of its own."""
    settle_country(households, home)
    from amana.access.bootstrap import get_actor
    from amana.kernel import clock
    from amana.programmes import commands as programmes
    from amana.registry import commands as registry

    actor = get_actor("operator", channel="cli")
    registry.take_snapshot(actor=actor, at=clock.now(), on=clock.today())
    targeting = programmes.target_programme(
        actor=actor, programme=PROGRAMME, on=clock.today(), at=clock.now()
    )
    targeting.run.refresh_from_db()
    result = targeting.run.result
    return {"record_seconds": result["record_seconds"], "recorded": result["recorded"]}


if __name__ == "__main__":
    from django.conf import settings

    print(json.dumps(measure(int(sys.argv[1]), Path(settings.AMANA_HOME))))
