"""Preparing a payroll: the whole preparation against one INSERT … SELECT of the same rows.

An invented country's census is imported, a snapshot taken, and every household enrolled in the
child grant, each with the recipient the rules choose. Preparing its payroll then runs the benefit
rules over the snapshot, finds payees and accounts, holds what must be held, and writes
entitlements, payments and lines, with run and audit. The floor inserts the same entitlements,
payments and lines into the same tables of a copy of the database made before, with their
constraints, indexes and triggers, from tables that hold them ready; filling those is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amana.benchmarks import peak_mb
from amana.benchmarks.ground import run_apart, settle_country

if TYPE_CHECKING:
    from amana.kernel.postgres import ConnectionInfo

PROGRAMME = "child-grant"

#: What the payments and their lines need first, and then the measured tables.
BEFORE = ("access_run", "payments_payroll")
MEASURED = ("payments_entitlement", "payments_payment", "payments_paymentline")

ENROL = """
INSERT INTO programmes_enrolment
       (programme_id, group_id, area_id, state, since, active_from, reason)
SELECT (SELECT id FROM programmes_programme WHERE code = %(programme)s), g.id, g.area_id,
       'ACTIVE', %(on)s, %(on)s, 'SELECTED'
FROM registry_group g WHERE g.kind = 'HOUSEHOLD'
"""
STAGE = """
CREATE TEMP TABLE staged_enrolment ON COMMIT DROP AS
SELECT e.id AS enrolment_id, e.person_id, e.group_id AS household_id FROM programmes_enrolment e
"""


def run(households: int) -> dict[str, Any]:
    """Measure the preparation of one payroll.

    Args:
        households: how many ordinary households are invented and enrolled.
    """
    return run_apart(__name__, households)


def measure(households: int, home: Path) -> dict[str, Any]:
    """Measure in this process, whose home is a folder of its own."""
    settle_country(households, home)
    from django.db import connection

    from amana.access.bootstrap import get_actor
    from amana.access.runs import close_side_connection
    from amana.kernel import clock, postgres
    from amana.payments import commands as payments
    from amana.registry import commands as registry

    actor = get_actor("operator", channel="cli")
    taken = registry.take_snapshot(actor=actor, at=clock.now(), on=clock.today())
    _enrol()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
    close_side_connection()
    server = postgres.ensure_running(home)
    superuser = server.as_superuser()
    with superuser.connect(autocommit=True) as link:
        link.execute(f"CREATE DATABASE floor TEMPLATE {server.database} STRATEGY file_copy")
        link.execute("CHECKPOINT")
    month = clock.today().replace(day=1)
    started = time.perf_counter()
    prepared = payments.prepare_payroll(
        actor=actor, programme=PROGRAMME, period=f"{month:%Y-%m}", at=clock.now()
    )
    seconds = time.perf_counter() - started
    counts = prepared.payroll.counts
    connection.close()
    close_side_connection()
    floor_seconds, rows = _floor(server, home)
    return {
        "name": "payroll",
        "households": taken.household_count,
        "people": taken.person_count,
        "payments": counts["payments"],
        "held": counts["held"],
        "rows_written": rows,
        "seconds": round(seconds, 3),
        "rate_per_s": round(counts["payments"] / seconds),
        "floor_seconds": round(floor_seconds, 3),
        "ratio": round(seconds / floor_seconds, 3),
        "peak_mb": peak_mb(),
    }


def _enrol() -> None:
    """Enrol every household, so that the payroll is as large as the country."""
    from django.db import transaction

    from amana.kernel import clock
    from amana.places.bulk import cursor
    from amana.programmes import recipients
    from amana.programmes.definition import FEMALE_CAREGIVER

    on = clock.today().replace(day=1) - timedelta(days=1)
    with transaction.atomic(), cursor() as cur:
        cur.execute(ENROL, {"programme": PROGRAMME, "on": on})
        cur.execute(STAGE)
        cur.execute("ANALYZE staged_enrolment")
        cur.execute(
            recipients.insert_statement(rule=FEMALE_CAREGIVER, persons=False),
            recipients.parameters(rule=FEMALE_CAREGIVER, on=on, at=clock.now(), by="operator"),
        )


def _floor(server: ConnectionInfo, home: Path) -> tuple[float, int]:
    """Write the prepared rows into the copy; give the seconds of the inserts, and the rows."""
    folder = home / "rows"
    folder.mkdir()
    written = 0
    with (
        server.as_superuser(server.database).connect() as ours,
        server.as_superuser("floor").connect() as link,
    ):
        columns = {}
        for table in (*BEFORE, *MEASURED):
            found = ours.execute(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = ''",
                [table],
            ).fetchone()
            assert found is not None
            columns[table] = str(found[0])
            with (
                (folder / table).open("wb") as target,
                ours.cursor() as cursor,
                cursor.copy(f"COPY {table} ({columns[table]}) TO STDOUT (FORMAT csv)") as copy,
            ):
                for chunk in copy:
                    target.write(chunk)
        link.execute("SET ROLE amana_app")
        for table in (*BEFORE, *MEASURED):
            link.execute(
                f"CREATE TEMP TABLE stage_{table} ON COMMIT DROP AS"
                f" SELECT {columns[table]} FROM {table} LIMIT 0"
            )
            with (
                link.cursor() as cursor,
                cursor.copy(f"COPY stage_{table} FROM STDIN (FORMAT csv)") as copy,
            ):
                copy.write((folder / table).read_bytes())
            link.execute(f"ANALYZE stage_{table}")
        for table in BEFORE:
            link.execute(
                f"INSERT INTO {table} ({columns[table]}) SELECT * FROM stage_{table}"
                " ON CONFLICT DO NOTHING"
            )
        started = time.perf_counter()
        for table in MEASURED:
            done = link.execute(
                f"INSERT INTO {table} ({columns[table]}) SELECT * FROM stage_{table}"
            )
            written += done.rowcount
        link.commit()
        return time.perf_counter() - started, written


if __name__ == "__main__":
    from django.conf import settings

    print(json.dumps(measure(int(sys.argv[1]), Path(settings.AMANA_HOME))))
