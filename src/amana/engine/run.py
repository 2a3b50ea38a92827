"""Run compiled rules over a snapshot: Parquet in, Parquet and a manifest out."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from amana.engine import sql
from amana.engine.canonical import hash_parquet
from amana.engine.compile import Compiled
from amana.engine.errors import RunCancelled, SnapshotDoesNotFit
from amana.engine.rules import Places
from amana.engine.snapshots import TABLES, Snapshot, open_snapshot
from amana.kernel.errors import Where

ENGINE_VERSION = "1"

#: Told (done, total) after each slice; an answer of False cancels the run.
Progress = Callable[[int, int], bool | None]


@dataclass(frozen=True)
class Manifest:
    """What a run did: counts, hashes and versions; stored beside its result.

    Args:
        sha256: over the result's rows in key order in canonical form (`canonical`).
        counts: assessed, eligible, ineligible, undetermined, selected, scored, unscored.
        criteria: per criterion id: met, failed, unknown.
    """

    ruleset: str
    version: str
    snapshot: str
    snapshot_sha256: str
    on: str
    seed: str
    places: Mapping[str, Any] | None
    rows: int
    counts: Mapping[str, int]
    criteria: Mapping[str, Mapping[str, int]]
    sha256: str
    engine: str = ENGINE_VERSION
    duckdb: str = duckdb.__version__
    seconds: float = 0.0
    columns: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Give the manifest for JSON."""
        return asdict(self)


def connect() -> duckdb.DuckDBPyConnection:
    """Give a DuckDB connection in memory with the engine's functions, threads and limit set.

    One connection belongs to one thread. AMANA_ENGINE_THREADS and AMANA_ENGINE_MEMORY override.
    """
    threads = os.environ.get("AMANA_ENGINE_THREADS") or str(os.cpu_count() or 1)
    memory = os.environ.get("AMANA_ENGINE_MEMORY") or "4GB"
    connection = duckdb.connect(config={"threads": threads, "memory_limit": memory})
    connection.execute("SET default_null_order = 'nulls_last'")
    connection.execute(f"SET temp_directory = '{_quoted(Path(tempfile.gettempdir()))}'")
    connection.execute(sql.MACROS)
    return connection


def run(
    compiled: Compiled,
    snapshot_dir: Path | str,
    out_path: Path | str,
    *,
    seed: str,
    places: Places | None = None,
    slices: int = 1,
    progress: Progress | None = None,
) -> Manifest:
    """Decide for every unit of a snapshot.

    Grain:   one row per unit of the rule set's kind; no row is dropped.
    Columns: unit_id; area_id; outcome (eligible, ineligible, undetermined); ``c_<id>`` boolean per
        criterion; missing text[] (only when undetermined: what could settle it); score
        decimal(12,6) of the first model; rank and rank_of among the eligible of the place area;
        rank_share decimal(18,6) of the first rank share the rules read; selected; ``b_<id>``
        amounts in minor units, for every unit, null when unknown.
    Nulls:   a criterion is null when unknown. rank is null when not eligible, or when the rule set
        declares no priority and no places are given.
    Order:   unit_id.
    Args:
        seed: the printed lottery's seed: ties go by sha256(seed || ':' || unit_id).
        places: how many may be selected; without it every eligible unit is.
        slices: run the scans in this many parts (less memory, progress, cancel).
    Raises: SnapshotNotFound, SnapshotDoesNotFit, RunCancelled.
    """
    started = time.perf_counter()
    snapshot = open_snapshot(snapshot_dir)
    fit(compiled, snapshot)
    out = Path(out_path)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    by = places.by if places is not None else None
    if by not in (None, "all") and by not in compiled.schema.levels:
        raise SnapshotDoesNotFit(
            f"There is no area level {by} for the places.",
            where=Where(field="places.by"),
            mend=f"Use one of {', '.join(compiled.schema.levels)} or all.",
        )
    with connect() as connection:
        _open_tables(connection, snapshot)
        _register_places(connection, places)
        count = places.count if places is not None else None
        try:
            if slices > 1 and compiled.can_slice:
                readable = compiled.sql()
                statement = _sliced(
                    connection, compiled, snapshot, seed, by, count, slices, progress
                )
            else:
                statement, readable = compiled.statements(
                    seed=seed, places_by=by, places_count=count
                )
            connection.execute(
                f"COPY ({statement}) TO '{_quoted(part)}' (FORMAT parquet, COMPRESSION zstd)"
            )
            if progress is not None and progress(slices, slices) is False:
                raise RunCancelled("The run was cancelled.", mend="Start it again when wanted.")
            counts, criteria, columns = _count(connection, compiled, part)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    digest, rows = hash_parquet(part)
    manifest = Manifest(
        ruleset=compiled.ruleset.code,
        version=compiled.ruleset.version,
        snapshot=snapshot.reference,
        snapshot_sha256=snapshot.sha256,
        on=compiled.on.isoformat(),
        seed=seed,
        places=_places_dict(places),
        rows=rows,
        counts=counts,
        criteria=criteria,
        sha256=digest,
        seconds=round(time.perf_counter() - started, 3),
        columns=columns,
    )
    part.replace(out)
    _write_beside(out, manifest, readable)
    return manifest


def run_model(compiled: Compiled, snapshot_dir: Path | str, out_path: Path | str) -> Manifest:
    """Score every unit of a snapshot with one model (`compile_model`).

    Grain:   one row per unit of the model's kind; no row is dropped.
    Columns: unit_id bigint; area_id bigint; score decimal(12,6); missing text[].
    Nulls:   score is null when an input is unknown; ``missing`` then names the inputs.
    Order:   unit_id.
    Raises:  SnapshotNotFound, SnapshotDoesNotFit.
    """
    started = time.perf_counter()
    snapshot = open_snapshot(snapshot_dir)
    fit(compiled, snapshot)
    out = Path(out_path)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    statement = compiled.model_statement()
    with connect() as connection:
        _open_tables(connection, snapshot)
        try:
            connection.execute(
                f"COPY ({statement}) TO '{_quoted(part)}' (FORMAT parquet, COMPRESSION zstd)"
            )
            row = connection.execute(
                f"SELECT count(*), count(score) FROM read_parquet('{_quoted(part)}')"
            ).fetchone()
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    assert row is not None
    digest, rows = hash_parquet(part)
    scored = int(row[1])
    manifest = Manifest(
        ruleset=compiled.ruleset.code,
        version=compiled.ruleset.version,
        snapshot=snapshot.reference,
        snapshot_sha256=snapshot.sha256,
        on=compiled.on.isoformat(),
        seed="",
        places=None,
        rows=rows,
        counts={"assessed": rows, "scored": scored, "unscored": rows - scored},
        criteria={},
        sha256=digest,
        seconds=round(time.perf_counter() - started, 3),
        columns=("unit_id", "area_id", "score", "missing"),
    )
    part.replace(out)
    _write_beside(out, manifest, statement)
    return manifest


def _write_beside(out: Path, manifest: Manifest, statement: str) -> None:
    beside(out, ".manifest.json").write_text(
        json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    beside(out, ".sql").write_text(statement + "\n", encoding="utf-8")


def beside(out: Path, suffix: str) -> Path:
    """Give the path of a file that belongs to a result (``.manifest.json``, ``.sql``)."""
    return out.with_name(out.name.removesuffix(".parquet") + suffix)


def fit(compiled: Compiled, snapshot: Snapshot) -> None:
    """Refuse a snapshot that lacks a column the rules read, or has it in another type.

    Raises: SnapshotDoesNotFit.
    """
    for table, names in compiled.columns_read.items():
        there = snapshot.schema.table(table)
        for name in sorted(names):
            wanted = compiled.schema.table(table).get(name)
            found = there.get(name)
            if found is None or (wanted is not None and found.kind is not wanted.kind):
                what = "lacks" if found is None else "holds in another type"
                raise SnapshotDoesNotFit(
                    f"Snapshot {snapshot.reference} {what} the column {table}.{name}, which the "
                    f"rules of {compiled.ruleset.code} read.",
                    where=Where(field=f"{table}.{name}"),
                    mend="Take a new snapshot under the present dictionary.",
                )


def _open_tables(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, where: str = ""
) -> None:
    for table in TABLES:
        kept = where if table != "areas" else ""
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS "
            f"SELECT * FROM read_parquet('{_quoted(snapshot.path(table))}'){kept}"
        )


def _register_places(connection: duckdb.DuckDBPyConnection, places: Places | None) -> None:
    if places is None or places.by == "all":
        return
    table = pa.table(
        {
            "area_id": pa.array(list(places.areas), pa.int64()),
            "places": pa.array(list(places.areas.values()), pa.int64()),
        }
    )
    connection.register("places", table)


def _places_dict(places: Places | None) -> dict[str, Any] | None:
    if places is None:
        return None
    return {
        "by": places.by,
        "count": places.count,
        "areas": {str(area): count for area, count in sorted(places.areas.items())},
    }


def _sliced(
    connection: duckdb.DuckDBPyConnection,
    compiled: Compiled,
    snapshot: Snapshot,
    seed: str,
    by: str | None,
    count: int | None,
    slices: int,
    progress: Progress | None,
) -> str:
    """Scan the tables slice by slice into one table of units; gives what is left to run."""
    first, last = compiled.sliced(seed=seed, places_by=by, places_count=count)
    for n, where in enumerate(_ranges(connection, snapshot, slices)):
        _open_tables(connection, snapshot, where)
        verb = "CREATE TEMP TABLE scanned AS" if n == 0 else "INSERT INTO scanned"
        connection.execute(f"{verb} {first}")
        if progress is not None and progress(n, slices) is False:
            raise RunCancelled("The run was cancelled.", mend="Start it again when wanted.")
    _open_tables(connection, snapshot)
    return last


def _ranges(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, slices: int) -> list[str]:
    path = _quoted(snapshot.path("groups"))
    shares = ", ".join(f"{n / slices}" for n in range(1, slices))
    row = connection.execute(
        f"SELECT quantile_disc(group_id, [{shares}]) FROM read_parquet('{path}')"
    ).fetchone()
    limits = sorted({int(limit) for limit in (row[0] if row and row[0] else [])})
    if not limits:
        return [""]
    wheres = [f" WHERE group_id <= {limits[0]}"]
    for low, high in pairwise(limits):
        wheres.append(f" WHERE group_id > {low} AND group_id <= {high}")
    wheres.append(f" WHERE group_id > {limits[-1]} OR group_id IS NULL")
    return wheres


def _count(
    connection: duckdb.DuckDBPyConnection, compiled: Compiled, path: Path
) -> tuple[dict[str, int], dict[str, dict[str, int]], tuple[str, ...]]:
    ids = [criterion.id for criterion in compiled.ruleset.criteria]
    listed = [
        "count(*)",
        *(f"count(*) FILTER (outcome = '{o}')" for o in ("eligible", "ineligible", "undetermined")),
        "count(*) FILTER (selected)",
        "count(score)",
    ]
    for one in ids:
        listed += [f'count(*) FILTER ("c_{one}")', f'count(*) FILTER (NOT "c_{one}")']
    source = f"read_parquet('{_quoted(path)}')"
    row = connection.execute(f"SELECT {', '.join(listed)} FROM {source}").fetchone()
    assert row is not None
    total = int(row[0])
    names = ("assessed", "eligible", "ineligible", "undetermined", "selected", "scored")
    counts = {name: int(value) for name, value in zip(names, row, strict=False)}
    counts["unscored"] = total - counts["scored"] if compiled.ruleset.models else 0
    criteria = {}
    for n, one in enumerate(ids):
        met, failed = int(row[6 + 2 * n]), int(row[7 + 2 * n])
        criteria[one] = {"met": met, "failed": failed, "unknown": total - met - failed}
    described = connection.execute(f"SELECT * FROM {source} LIMIT 0").description
    return counts, criteria, tuple(column[0] for column in described)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
