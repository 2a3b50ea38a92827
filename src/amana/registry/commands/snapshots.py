"""Taking a snapshot: everything a rule may read, as it is at one moment, on disk for ever."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import psycopg
import pyarrow as pa
from django.conf import settings
from django.db import connection

from amana.access import runs
from amana.engine.snapshots import TABLES, write_snapshot
from amana.kernel.command import Actor, command, note
from amana.kernel.home import make_folder
from amana.kernel.references import encode_reference
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Snapshot
from amana.registry.snapshots import Assembly, assemble, read_table, steady_cursor

PROGRESS_EVERY_S = 0.5
LEFT_BEHIND_S = 24 * 60 * 60


def snapshots_home() -> Path:
    """Give the folder that holds the folders of all snapshots."""
    home = Path(settings.AMANA_HOME)
    return make_folder(home / "snapshots")


def snapshot_folder(snapshot: Snapshot) -> Path:
    """Give the folder of a snapshot on disk, for `amana.engine`."""
    return snapshots_home() / snapshot.folder


@command("registry.take_snapshot")
def take_snapshot(*, actor: Actor, at: datetime, on: date) -> Snapshot:
    """Take a snapshot of the whole registry.

    Everything is read in one REPEATABLE READ transaction, so that people, groups and areas fit
    together while others go on working. People whose death is verified and rows merged into
    another are left out; names, numbers, phones and accounts are in none of its columns.

    Args:
        at: the instant of taking; on: the day it is about (memberships and receipts of that day).

    Returns:
        The snapshot's row; its files are in `snapshot_folder(row)`.

    Raises:
        FactDoesNotFit: a fact is not of its variable's type.
    """
    _sweep(snapshots_home())
    run = runs.start_run(kind="snapshot", actor=actor, params={"on": on.isoformat()})
    folder: Path | None = None
    started = time.perf_counter()
    try:
        dictionary = get_dictionary()
        assembly = assemble(dictionary, as_of=on)
        key = _next_key()
        reference = encode_reference("SNP", key)
        folder = snapshots_home() / reference
        progress = _Progress(run.pk)
        with steady_cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = %s",
                           ["registry_person"])  # fmt: skip
            row = cursor.fetchone()
            progress.total = max(int(row[0]), 0) if row else 0
            with _Stream(assembly, cursor, progress) as tables:
                written = write_snapshot(
                    folder,
                    reference=reference,
                    taken_at=at,
                    as_of=on,
                    dictionary_version=dictionary.sha256,
                    schema=assembly.schema,
                    tables=tables,
                )
        households, people = _count(written.path("groups"), written.path("people"))
        snapshot = Snapshot.objects.create(
            id=key,
            run=run,
            taken_at=at,
            as_of=on,
            folder=reference,
            sha256=written.sha256,
            dictionary_sha256=dictionary.sha256,
            household_count=households,
            person_count=people,
        )
        seconds = round(time.perf_counter() - started, 3)
        note(subject=reference, digest=written.sha256, households=households, people=people)
        runs.finish(
            run.pk,
            result={
                "snapshot": reference,
                "households": households,
                "people": people,
                "sha256": written.sha256,
                "seconds": seconds,
            },
        )
    except BaseException as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        runs.fail(run.pk, error)
        raise
    snapshot.refresh_from_db()
    return snapshot


def _sweep(home: Path) -> None:
    """Remove what snapshots that were killed left half written, a day after."""
    for part in home.glob(".SNP-*.part"):
        if time.time() - part.stat().st_mtime > LEFT_BEHIND_S:
            shutil.rmtree(part, ignore_errors=True)


class _Progress:
    """Tells the run how many rows were read, a few times a second at most."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.total = 0
        self.done = 0
        self._told_at = time.monotonic()
        self._thread = threading.get_ident()

    def add(self, rows: int) -> None:
        self.done += rows
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_EVERY_S:
            self._told_at = now
            total = self.total if self.total >= self.done else None
            runs.progress(self.run_id, done=self.done, total=total, message="Reading people")
            if threading.get_ident() != self._thread:
                runs.close_side_connection()  # the writer reads in a thread of its own


class _Stream(Mapping[str, pa.RecordBatchReader]):
    """The tables of a snapshot, each read from the database when the writer asks for it.

    Asking for a table ends the reading of the one before; nothing is held in memory but a batch.
    An error met while reading comes out of the `with` block as itself, whatever the writer made
    of it.
    """

    def __init__(
        self, assembly: Assembly, cursor: psycopg.Cursor[Any], progress: _Progress
    ) -> None:
        self._assembly = assembly
        self._cursor = cursor
        self._progress = progress
        self._open = ExitStack()
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __contains__(self, table: object) -> bool:
        return table in TABLES

    def __getitem__(self, table: str) -> pa.RecordBatchReader:
        self._open.close()
        columns = self._assembly.schema.table(table)
        query = self._assembly.query(table)
        reader = self._open.enter_context(read_table(self._cursor, query, columns))
        return pa.RecordBatchReader.from_batches(reader.schema, self._watched(reader))

    def _watched(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                self._progress.add(batch.num_rows)
                yield batch
        except GeneratorExit:
            raise
        except BaseException as error:
            self._error = error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        inner = self._error or error
        if inner is None:
            self._open.close()
            return
        # read_table tells what a database error means when the error passes through it
        self._open.__exit__(type(inner), inner, inner.__traceback__)
        raise inner


def _next_key() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('registry_snapshot', 'id'))")
        return int(cursor.fetchone()[0])


def _count(groups: Path, people: Path) -> tuple[int, int]:
    with duckdb.connect() as duck:
        households = duck.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE kind = ?",
            [str(groups), Group.Kind.HOUSEHOLD],
        ).fetchone()
        persons = duck.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE home", [str(people)]
        ).fetchone()
    assert households is not None
    assert persons is not None
    return int(households[0]), int(persons[0])
