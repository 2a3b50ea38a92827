"""Snapshots on disk: a folder of Parquet tables with a manifest, written once.

``people.parquet`` (sorted by group, then person), ``groups.parquet`` (by group),
``areas.parquet`` (by area) and ``manifest.json``; grain and columns are in
docs/reference/snapshots.md. Who assembles the rows is no business of this module.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from amana.engine.canonical import hash_file
from amana.engine.errors import SnapshotDoesNotFit, SnapshotNotFound
from amana.engine.schema import STORED_AS, Schema
from amana.kernel.errors import Where

TABLES = ("people", "groups", "areas")
ORDER = {
    "people": '"group_id" NULLS LAST, "person_id"',
    "groups": '"group_id"',
    "areas": '"area_id"',
}
ROW_GROUP = 122_880

#: What a table may be given as; DuckDB reads each without a copy.
Rows: TypeAlias = pa.Table | pa.RecordBatchReader | duckdb.DuckDBPyRelation


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that was opened: its folder and manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """Give the snapshot's public reference."""
        return str(self.manifest["snapshot"])

    @property
    def sha256(self) -> str:
        """Give the hash over all tables."""
        return str(self.manifest["sha256"])

    @property
    def as_of(self) -> dt.date:
        """Give the date the snapshot is about."""
        return dt.date.fromisoformat(self.manifest["as_of"])

    @cached_property
    def schema(self) -> Schema:
        """Give the columns the snapshot holds, as its manifest states them."""
        return Schema.from_manifest(self.manifest)

    def rows(self, table: str) -> int:
        """Give the number of rows of a table."""
        return int(self.manifest["tables"][table]["rows"])

    def path(self, table: str) -> Path:
        """Give the file of a table."""
        return self.folder / f"{table}.parquet"

    def verify(self) -> None:
        """Compare every file with the manifest.

        Raises: SnapshotNotFound when a file is missing or was altered.
        """
        for table, stated in self.manifest["tables"].items():
            path = self.path(table)
            if not path.is_file() or hash_file(path) != stated["sha256"]:
                raise SnapshotNotFound(
                    f"The table {table} of snapshot {self.reference} is missing or was altered.",
                    where=Where(file=path.name),
                    mend="Take a new snapshot; a snapshot is never changed.",
                )


def open_snapshot(folder: Path | str) -> Snapshot:
    """Open a snapshot's folder.

    Raises: SnapshotNotFound when it holds no manifest, or not all tables.
    """
    folder = Path(folder)
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise SnapshotNotFound(
            f"There is no snapshot in the folder {folder.name}.",
            where=Where(file="manifest.json"),
            mend="Take one with amana snapshot.",
        )
    snapshot = Snapshot(folder, json.loads(manifest.read_text(encoding="utf-8")))
    for table in TABLES:
        if not snapshot.path(table).is_file():
            raise SnapshotNotFound(
                f"Snapshot {snapshot.reference} has no table {table}.",
                where=Where(file=f"{table}.parquet"),
                mend="Take a new snapshot.",
            )
    return snapshot


def write_snapshot(
    folder: Path | str,
    *,
    reference: str,
    taken_at: dt.datetime,
    as_of: dt.date,
    dictionary_version: str,
    schema: Schema,
    tables: Mapping[str, Rows],
) -> Snapshot:
    """Write the tables, sorted, with their manifest; the folder appears only when complete.

    Args:
        folder: must not exist yet.
        schema: the columns each table must have; they are stored in this order and type.
        tables: ``people``, ``groups`` and ``areas``, each an Arrow table or reader, or a DuckDB
            relation of any connection.
    Raises: SnapshotDoesNotFit when a table or column is missing or a value does not fit its type;
        FileExistsError when the folder is there already.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"snapshot folder {folder.name} exists; a snapshot is never changed")
    parts = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    try:
        stated = {}
        for table in TABLES:
            if table not in tables:
                raise SnapshotDoesNotFit(
                    f"The table {table} was not given.", mend="Give people, groups and areas."
                )
            rows = _write_table(parts, table, schema, tables[table])
            path = parts / f"{table}.parquet"
            stated[table] = {"rows": rows, "sha256": hash_file(path)}
        manifest = {
            "snapshot": reference,
            "taken_at": taken_at.isoformat(),
            "as_of": as_of.isoformat(),
            "dictionary_version": dictionary_version,
            "schema": schema.as_dict(),
            "tables": stated,
            "sha256": _combined(stated, as_of, dictionary_version),
        }
        (parts / "manifest.json").write_text(
            json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        parts.rename(folder)
    except BaseException:
        shutil.rmtree(parts, ignore_errors=True)
        raise
    return open_snapshot(folder)


def _combined(stated: Mapping[str, Any], as_of: dt.date, version: str) -> str:
    digest = hashlib.sha256(f"{as_of.isoformat()}\n{version}\n".encode())
    for table in sorted(stated):
        digest.update(f"{table} {stated[table]['sha256']}\n".encode())
    return digest.hexdigest()


def _write_table(folder: Path, table: str, schema: Schema, rows: Rows) -> int:
    columns = schema.table(table)
    with duckdb.connect() as connection:
        source: Any = rows
        if isinstance(rows, duckdb.DuckDBPyRelation):
            source = rows.to_arrow_reader(ROW_GROUP)
        given = set(source.schema.names)
        absent = [name for name in columns if name not in given]
        if absent:
            raise SnapshotDoesNotFit(
                f"The table {table} lacks the column {absent[0]}.",
                where=Where(field=f"{table}.{absent[0]}"),
                mend="Add it to the snapshot's assembly, or take it out of the schema.",
            )
        connection.register("given_rows", source)
        listed = ", ".join(
            f'CAST("{name}" AS {STORED_AS[column.kind]}) AS "{name}"'
            for name, column in columns.items()
        )
        path = folder / f"{table}.parquet"
        try:
            counted = connection.execute(
                f"COPY (SELECT {listed} FROM given_rows ORDER BY {ORDER[table]})"
                f" TO '{_quoted(path)}'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            ).fetchone()
        except duckdb.ConversionException as error:
            raise SnapshotDoesNotFit(
                f"A value of the table {table} does not fit its type: {error}.",
                where=Where(field=table),
                mend="Correct the variable's type in the dictionary, or the value.",
            ) from None
    assert counted is not None
    return int(counted[0])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
