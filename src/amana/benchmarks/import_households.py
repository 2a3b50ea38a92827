"""Importing a census: the whole import against the bare writing of the same rows.

An invented country's census (two files) goes through `import_file`: read, check, merge, seal,
write, audit. The floor then writes the very rows that the import wrote into the same tables,
constraints, indexes and triggers of a copy of the database made before: COPY into temporary staging
tables, then INSERT … SELECT, one transaction, without checks, merge or audit. Both run in one
process against one server of their own, in a folder that is removed afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amana.benchmarks import peak_mb
from amana.kernel.errors import AmanaError, NotFound
from amana.kernel.home import find_checkout

if TYPE_CHECKING:
    import psycopg

    from amana.kernel.postgres import ConnectionInfo

#: What an import writes, in the order in which foreign keys allow it.
TABLES = (
    "access_run",
    "registry_submission",
    "registry_group",
    "registry_person",
    "registry_sourcekey",
    "registry_submissionsubject",
    "registry_membership",
    "registry_residence",
    "registry_phone",
    "registry_account",
    "identity_identifier",
    "identity_noidentifier",
)
CHUNK_BYTES = 1 << 20


class BenchmarkFailed(AmanaError):
    """The benchmark's own process stopped with an error."""

    code = "BENCHMARK_FAILED"
    http_status = 500


def run(households: int) -> dict[str, Any]:
    """Measure an import of an invented census.

    Args:
        households: how many ordinary households are invented.
    """
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AMANA_")}
        environment.pop("DATABASE_URL", None)
        environment |= {"AMANA_HOME": folder, "DJANGO_SETTINGS_MODULE": "amana.config.settings"}
        done = subprocess.run(
            [sys.executable, "-m", "amana.benchmarks.import_households", str(households)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BenchmarkFailed(
                "The benchmark stopped with an error.", mend="Read the lines above."
            )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def measure(households: int) -> dict[str, Any]:
    """Measure in this process, whose AMANA_HOME is a folder of its own."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from amana.config.migrating import migrate
    from amana.kernel import postgres

    server = postgres.ensure_running(Path(settings.AMANA_HOME))
    migrate()
    files = _prepare(households, Path(settings.AMANA_HOME))
    connection.close()
    _close_side_connection()
    superuser = server.as_superuser()
    with superuser.connect(autocommit=True) as link:
        link.execute(f"CREATE DATABASE floor TEMPLATE {server.database} STRATEGY file_copy")
        link.execute("CHECKPOINT")
    seconds, answer = _import(files)
    connection.close()
    _close_side_connection()
    rows = Path(settings.AMANA_HOME) / "rows"
    counts = _take_out(server, rows)
    with superuser.connect(autocommit=True) as link:
        link.execute("CHECKPOINT")
    floor_seconds = _floor(server, rows, counts)
    people = int(answer["people"])
    return {
        "name": "import",
        "households": int(answer["households"]),
        "people": people,
        "rows": int(answer["rows"]),
        "seconds": round(seconds, 3),
        "rate_per_s": round(people / seconds),
        "floor_seconds": round(floor_seconds, 3),
        "ratio": round(seconds / floor_seconds, 3),
        "peak_mb": peak_mb(),
        "rows_written": sum(counts.values()),
    }


def _prepare(households: int, home: Path) -> Path:
    """Apply the demonstration's blueprint and write an invented census; give its first file."""
    from amana.access.bootstrap import get_actor
    from amana.demonstration import generator
    from amana.demonstration.population import Country
    from amana.exchange import commands as exchange
    from amana.kernel import clock

    checkout = find_checkout()
    blueprint = (checkout or Path()) / "blueprints" / "demo"
    if not blueprint.is_dir():
        raise NotFound(
            "The demonstration's blueprint is not here.", mend="Run this from a source checkout."
        )
    exchange.apply_blueprint(
        actor=get_actor("operator", channel="cli"),
        folder=blueprint,
        at=clock.now(),
        on=clock.today(),
    )
    country = Country.read(blueprint / "areas.csv")
    census = generator.generate(households=households, on=clock.today(), country=country, seed=1)
    first, _ = census.write(home / "census")
    return first


def _import(path: Path) -> tuple[float, dict[str, Any]]:
    from amana.access.bootstrap import get_actor
    from amana.intake import commands as intake
    from amana.kernel import clock

    actor = get_actor("operator", channel="cli")
    started = time.perf_counter()
    result = intake.import_file(
        actor=actor, form="census", path=path, on=clock.today(), at=clock.now()
    )
    return time.perf_counter() - started, result.as_dict()


def _columns(link: psycopg.Connection[Any], table: str) -> str:
    """List the columns of a table that are written, not computed."""
    found = link.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = ''",
        [table],
    ).fetchone()
    assert found is not None
    return str(found[0])


def _take_out(server: ConnectionInfo, folder: Path) -> dict[str, int]:
    """Write the imported rows to one file a table; give the number of each."""
    folder.mkdir()
    counts = {}
    with server.as_superuser(server.database).connect() as link:
        for table in TABLES:
            statement = f"COPY {table} ({_columns(link, table)}) TO STDOUT (FORMAT csv)"
            with (
                link.cursor() as cursor,
                (folder / table).open("wb") as target,
                cursor.copy(statement) as copy,
            ):
                for chunk in copy:
                    target.write(chunk)
            row = link.execute(f"SELECT count(*) FROM {table}").fetchone()
            counts[table] = int(row[0]) if row else 0
    return counts


def _floor(server: ConnectionInfo, folder: Path, counts: dict[str, int]) -> float:
    """Write the rows as barely as SQL allows, as the application's role; give the seconds."""
    with server.as_superuser("floor").connect() as link:
        link.execute("SET ROLE amana_app")
        columns = {table: _columns(link, table) for table in TABLES}
        link.commit()
        link.execute("SET ROLE amana_app")
        started = time.perf_counter()
        for table in TABLES:
            link.execute(
                f"CREATE TEMP TABLE stage_{table} ON COMMIT DROP AS"
                f" SELECT {columns[table]} FROM {table} LIMIT 0"
            )
            statement = f"COPY stage_{table} FROM STDIN (FORMAT csv)"
            with (
                (folder / table).open("rb") as source,
                link.cursor() as cursor,
                cursor.copy(statement) as copy,
            ):
                while chunk := source.read(CHUNK_BYTES):
                    copy.write(chunk)
            written = link.execute(
                f"INSERT INTO {table} ({columns[table]}) SELECT * FROM stage_{table}"
            )
            if written.rowcount != counts[table]:
                raise BenchmarkFailed(f"The floor wrote other rows of {table} than the import.")
        link.commit()
        return time.perf_counter() - started


def _close_side_connection() -> None:
    from amana.access.runs import close_side_connection

    close_side_connection()


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
