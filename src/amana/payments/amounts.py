"""What each enrolled unit is due, by the engine, over a snapshot: staged for the payroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from amana import engine
from amana.access.models import Run
from amana.payments.drafting import ENROLLED_UNITS
from amana.places.bulk import copy_arrow
from amana.programmes.models import Programme, ProgrammeVersion
from amana.programmes.queries import judging


@dataclass(frozen=True, slots=True)
class Amounts:
    """Where the amounts are, and what they rest on.

    Args:
        path: Parquet with `unit_id` and one column `b_<component>` (minor units; null: unknown).
        basis: snapshot, hash and rule version, for the payroll's record.
    """

    path: Path
    basis: dict[str, Any]


def stage_amounts(
    cur: Any, *, amounts: Amounts, components: Sequence[str], values: dict[str, Any]
) -> int:
    """Copy the amounts of the enrolled units into `staged_amount`; return the number of rows."""
    cur.execute(ENROLLED_UNITS, values)
    enrolled = [row[0] for row in cur.fetchall()]
    import numpy as np
    import pyarrow as pa

    units = pa.table({"unit_id": pa.array(np.asarray(enrolled, dtype=np.int64))})
    parts = " UNION ALL ".join(
        f"""SELECT a.unit_id, '{name}' AS component, a."b_{name}"::BIGINT AS amount_minor
            FROM read_parquet($path) a SEMI JOIN units u ON a.unit_id = u.unit_id"""
        for name in components
    )
    with duckdb.connect() as duck:
        duck.register("units", units)
        table = duck.sql(parts, params={"path": str(amounts.path)}).to_arrow_table()
    count = copy_arrow("staged_amount", table)
    cur.execute("CREATE INDEX ON staged_amount (unit_id, component)")
    cur.execute("ANALYZE staged_amount")
    return count


def find_amounts(
    *, programme: Programme, version: ProgrammeVersion, on: date, known_on: date, run: Run
) -> Amounts:
    """Have the engine work out the benefits of every unit over a snapshot.

    Args:
        on: day for which ages and parameters are taken: the first day of the period.
        known_on: last day of the period; the latest snapshot about it or an earlier day counts,
            or the earliest after it when there is none.

    Raises:
        SnapshotMissing: no snapshot was ever taken.
    """
    snapshot = judging.find_snapshot_for(known_on) or judging.get_snapshot(None)
    compiled = judging.compiled_for(version, snapshot, on)
    relative = f"results/{run.reference}.parquet"
    manifest = engine.run(
        compiled,
        judging.snapshot_folder(snapshot),
        Path(settings.AMANA_HOME) / relative,
        seed=f"payroll/{programme.code}",
    )
    return Amounts(
        Path(settings.AMANA_HOME) / relative,
        {
            "snapshot": str(snapshot.reference),
            "snapshot_sha256": snapshot.sha256,
            "programme_version": version.version,
            "on": on.isoformat(),
            "amounts": relative,
            "amounts_sha256": manifest.sha256,
        },
    )
