"""Taking a snapshot: PostgreSQL to sorted Parquet, against a bare COPY of the same rows.

An invented country's census is imported, then the whole registry is taken as a snapshot: facts
turned into typed columns, areas and receipts joined, rows streamed, sorted, compressed, hashed.
The floor sends the same people with their memberships, and the same groups, facts as they are
stored, out of the database with COPY and throws the bytes away. Best of three, one process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amana.benchmarks import peak_mb
from amana.benchmarks.ground import run_apart, settle_country

TIMES = 3
FLOOR_PEOPLE = """
    COPY (SELECT p.id, m.group_id, m.presence, m.role, p.sex, p.birth_earliest, p.birth_latest,
                 p.area_id, p.death_status, p.facts
          FROM registry_person p
          LEFT JOIN registry_membership m ON m.person_id = p.id
               AND m.presence IN ('USUAL', 'PART') AND m.valid_to IS NULL)
    TO STDOUT (FORMAT csv)"""
FLOOR_GROUPS = """
    COPY (SELECT g.id, g.kind, g.area_id, g.facts FROM registry_group g) TO STDOUT (FORMAT csv)"""


def run(households: int) -> dict[str, Any]:
    """Measure a snapshot of an invented country.

    Args:
        households: how many ordinary households are invented.
    """
    return run_apart(__name__, households)


def measure(households: int, home: Path) -> dict[str, Any]:
    """Measure in this process, whose home is a folder of its own."""
    settle_country(households, home)
    from amana.access.bootstrap import get_actor
    from amana.kernel import clock
    from amana.registry import commands as registry
    from amana.registry.models import Snapshot

    actor = get_actor("operator", channel="cli")
    taken: list[Snapshot] = []

    def take() -> None:
        taken.append(registry.take_snapshot(actor=actor, at=clock.now(), on=clock.today()))

    seconds = _best(take)
    floor_seconds = _best(_copy_out)
    people = taken[-1].person_count
    rows = people + taken[-1].household_count
    return {
        "name": "snapshot",
        "households": taken[-1].household_count,
        "people": people,
        "seconds": round(seconds, 3),
        "rate_per_s": round(people / seconds),
        "floor_seconds": round(floor_seconds, 3),
        "ratio": round(seconds / floor_seconds, 3),
        "peak_mb": peak_mb(),
        "rows_per_s": round(rows / seconds),
    }


def _copy_out() -> None:
    from amana.registry.snapshots import steady_cursor

    with steady_cursor() as cursor:
        for statement in (FLOOR_PEOPLE, FLOOR_GROUPS):
            with cursor.copy(statement) as copy:
                for _block in copy:
                    pass


def _best(act: Callable[[], None]) -> float:
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
    return min(found)


if __name__ == "__main__":
    from django.conf import settings

    print(json.dumps(measure(int(sys.argv[1]), Path(settings.AMANA_HOME))))
