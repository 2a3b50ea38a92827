"""The same compiled rules over one unit, with every reason: at the counter, or from a snapshot.

The connection and the prepared statement of a `Compiled` are kept per thread, so that the second
question about the same rules costs milliseconds.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import weakref
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from amana.engine import nodes, sql
from amana.engine.compile import Compiled
from amana.engine.errors import SnapshotDoesNotFit, UnitNotFound
from amana.engine.run import connect, fit
from amana.engine.schema import STORED_AS
from amana.engine.snapshots import TABLES, Snapshot, open_snapshot
from amana.engine.statement import Observed, Statement, path_of
from amana.kernel.errors import Where

#: (model, level) → rank share of the unit in the last published ranking.
Ranks = Mapping[tuple[str, str], Decimal | None]

_ALWAYS = {
    "people": ("person_id", "group_id", "home", "area_id"),
    "groups": ("group_id", "kind", "area_id"),
    "areas": ("area_id",),
}


@dataclass(frozen=True)
class CriterionOutcome:
    """What became of one criterion.

    Args:
        outcome: ``met``, ``failed`` or ``unknown``.
        missing: when unknown, the variables that could settle it.
        values: the recorded values it read, by their name in the rule; a list for members. An age
            that is not exact is a text (``4 to 5``), money is in minor units, unknown is None.
    """

    id: str
    says: str
    outcome: str
    missing: tuple[str, ...]
    values: Mapping[str, Any]

    @property
    def words(self) -> str:
        """Say it in one English sentence; unknown never reads as no.

        >>> CriterionOutcome("a", "A child is under 5", "unknown", ("members.age",), {}).words
        'A child is under 5: not known yet, because members.age is not recorded.'
        """
        if self.outcome == "met":
            return f"{self.says}: yes."
        if self.outcome == "failed":
            return f"{self.says}: no."
        if not self.missing:
            return f"{self.says}: not known yet."
        listed = ", ".join(self.missing)
        verb = "is" if len(self.missing) == 1 else "are"
        return f"{self.says}: not known yet, because {listed} {verb} not recorded."


@dataclass(frozen=True)
class Explanation:
    """What the rules say about one unit, and why.

    Args:
        missing: when the outcome is undetermined, the variables that could settle it.
        score_missing: when the score is unknown, what its model lacks.
        rank_share: of the first rank share the rules read, as it was given.
        benefits: amount in minor units by benefit, None when unknown.
        rank, rank_of: as the run's result had them; None for a live unit.
    """

    unit_id: int
    outcome: str
    criteria: tuple[CriterionOutcome, ...]
    missing: tuple[str, ...] = ()
    score: Decimal | None = None
    score_missing: tuple[str, ...] = ()
    rank_share: Decimal | None = None
    benefits: Mapping[str, int | None] | None = None
    rank: int | None = None
    rank_of: int | None = None

    @property
    def words(self) -> str:
        """Say the whole decision in English, one sentence per criterion."""
        start = {
            "eligible": "Eligible.",
            "ineligible": "Not eligible.",
            "undetermined": "Not decided yet: something is not known.",
        }[self.outcome]
        return " ".join([start, *(criterion.words for criterion in self.criteria)])

    def as_dict(self) -> dict[str, Any]:
        """Give it for JSON; decimals as texts."""
        found = asdict(self)
        for key in ("score", "rank_share"):
            found[key] = None if found[key] is None else str(found[key])
        return found


def evaluate_one(
    compiled: Compiled,
    tables: Mapping[str, pa.Table],
    *,
    unit_id: int,
    ranks: Ranks | None = None,
) -> Explanation:
    """Judge one live unit.

    Args:
        tables: ``people``, ``groups`` and ``areas`` in the snapshot's layout, holding the rows of
            this unit: its members (one row each), its group, its areas.
        unit_id: the group or person asked about.
        ranks: its rank shares in the last published ranking; one that is absent is unknown.
    Raises: UnitNotFound when the tables do not hold the unit; SnapshotDoesNotFit when a table
        lacks a column the rules read.
    """
    return _evaluator(compiled).evaluate(tables, unit_id, ranks or {})


def explain(
    compiled: Compiled,
    snapshot_dir: Path | str,
    unit_id: int,
    *,
    results: Path | str | None = None,
    seed: str = "",
) -> Explanation:
    """Explain the decision on one unit of a snapshot.

    Args:
        results: the Parquet a run wrote; ranks are read off it. Without it the whole snapshot is
            ranked again.
        seed: the lottery's seed for ranking again.
    Raises: UnitNotFound, SnapshotNotFound, SnapshotDoesNotFit.
    """
    snapshot = open_snapshot(snapshot_dir)
    fit(compiled, snapshot)
    with connect() as connection:
        tables = _rows_of(connection, compiled, snapshot, unit_id)
        result = _result_of(connection, compiled, snapshot, unit_id, results, seed)
    found = evaluate_one(compiled, tables, unit_id=unit_id, ranks=_ranks(compiled, result))
    return Explanation(
        **{**_shallow(found), "rank": result.get("rank"), "rank_of": result.get("rank_of")}
    )


def _shallow(found: Explanation) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Explanation.__dataclass_fields__}


def _ranks(compiled: Compiled, result: Mapping[str, Any]) -> Ranks:
    shares = Statement(compiled.schema, compiled.typed, compiled.on).all_shares()
    found = {}
    for share in shares:
        name = f"rank_share_{share.model}_{share.level}" if len(shares) > 1 else "rank_share"
        found[(share.model, share.level)] = result.get(name)
    return found


def _result_of(
    connection: duckdb.DuckDBPyConnection,
    compiled: Compiled,
    snapshot: Snapshot,
    unit_id: int,
    results: Path | str | None,
    seed: str,
) -> dict[str, Any]:
    if results is not None:
        source = f"read_parquet('{_quoted(Path(results))}')"
    else:
        _views(connection, snapshot)
        source = f"({compiled.statement(seed=seed)})"
    found = connection.sql(f"SELECT * FROM {source} WHERE unit_id = ?", params=[unit_id])
    rows = found.to_arrow_table()
    if rows.num_rows == 0:
        raise UnitNotFound(
            f"Unit {unit_id} is not among those assessed.", mend="Check the reference and the run."
        )
    row: dict[str, Any] = rows.to_pylist()[0]
    return row


def _views(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    for table in TABLES:
        path = _quoted(snapshot.path(table))
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM read_parquet('{path}')"
        )


def _rows_of(
    connection: duckdb.DuckDBPyConnection, compiled: Compiled, snapshot: Snapshot, unit_id: int
) -> dict[str, pa.Table]:
    """Read the rows of one unit: its members, its group, its areas."""
    _views(connection, snapshot)
    if compiled.ruleset.unit == "person":
        home = connection.execute(
            "SELECT group_id FROM people WHERE person_id = ? AND home", [unit_id]
        ).fetchall()
        group = home[0][0] if home else None
        people = "SELECT * FROM people WHERE group_id = ? OR (person_id = ? AND home)"
        values = [group, unit_id]
    else:
        group = unit_id
        people, values = "SELECT * FROM people WHERE group_id = ?", [unit_id]
    found = {
        "people": connection.sql(people, params=values).to_arrow_table(),
        "groups": connection.sql(
            "SELECT * FROM groups WHERE group_id = ?", params=[group]
        ).to_arrow_table(),
    }
    areas = {
        area
        for table in found.values()
        for area in table.column("area_id").to_pylist()
        if area is not None
    }
    found["areas"] = connection.sql(
        "SELECT * FROM areas WHERE list_contains(?, area_id)", params=[sorted(areas) or [-1]]
    ).to_arrow_table()
    return found


# -- the kept connection ----------------------------------------------------------------------


_database_lock = threading.Lock()
_databases: dict[int, duckdb.DuckDBPyConnection] = {}


def _database() -> duckdb.DuckDBPyConnection:
    """Give this process's database in memory; every evaluator has a cursor and its own tables.

    One database for all costs a few megabytes; one each would cost ten, and eight threads.
    """
    with _database_lock:
        found = _databases.get(os.getpid())
        if found is None:
            found = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
            found.execute(sql.MACROS.replace("TEMP MACRO", "MACRO"))
            _databases.clear()  # what a parent process left is not ours
            _databases[os.getpid()] = found
        return found


class _Kept(threading.local):
    def __init__(self) -> None:
        self.evaluators: weakref.WeakKeyDictionary[Compiled, _Evaluator] = (
            weakref.WeakKeyDictionary()
        )


_kept = _Kept()


def _evaluator(compiled: Compiled) -> _Evaluator:
    found = _kept.evaluators.get(compiled)
    if found is None:
        found = _kept.evaluators[compiled] = _Evaluator(compiled)
    return found


class _Evaluator:
    """A connection with empty tables and the prepared statement of one rule set."""

    def __init__(self, compiled: Compiled) -> None:
        # no reference to `compiled` itself, or the weak dictionary would never let go
        self.ruleset = compiled.ruleset
        self.typed = compiled.typed
        self.connection = _database().cursor()
        # DuckDB plans an EXECUTE anew each time; for a handful of rows the optimiser costs more
        # than it saves
        self.connection.execute("PRAGMA disable_optimizer")
        self.columns: dict[str, list[str]] = {}
        for table in TABLES:
            names = [*_ALWAYS[table]]
            names += sorted(
                name
                for name in compiled.columns_read[table]
                if name not in names and not name.startswith("area_")
            )
            self.columns[table] = names
            kinds = compiled.schema.table(table)
            listed = ", ".join(f'"{name}" {STORED_AS[kinds[name].kind]}' for name in names)
            self.connection.execute(f"CREATE TEMP TABLE {table} ({listed})")
        statement = Statement(compiled.schema, compiled.typed, compiled.on)
        select, self.observed = statement.write_live()
        self.shares = [(share.model, share.level) for share in statement.all_shares()]
        columns = ", ".join(
            f'"{part}.{model}.{level}" BIGINT'
            for model, level in self.shares
            for part in ("rank", "of")
        )
        if columns:
            self.connection.execute(f"CREATE TEMP TABLE published ({columns})")
        self.connection.execute(f"PREPARE judge AS {sql.render(select)}")

    def evaluate(self, tables: Mapping[str, pa.Table], unit_id: int, ranks: Ranks) -> Explanation:
        for table in TABLES:
            self.fill(table, tables[table])
        if self.shares:
            self.publish(ranks)
        cursor = self.connection.execute(f"EXECUTE judge(unit := {int(unit_id)})")
        row = cursor.fetchone()
        if row is None:
            raise UnitNotFound(
                f"Unit {unit_id} is not among the rows given.",
                mend="Give the unit's own rows in people and groups.",
            )
        names = [column[0] for column in cursor.description]
        return self.read(dict(zip(names, row, strict=True)), unit_id)

    def fill(self, table: str, rows: pa.Table) -> None:
        names = self.columns[table]
        for name in names:
            if name not in rows.column_names:
                raise SnapshotDoesNotFit(
                    f"The table {table} lacks the column {name}, which the rules read.",
                    where=Where(field=f"{table}.{name}"),
                    mend="Assemble the unit's rows in the layout of a snapshot.",
                )
        self.connection.execute(f"DELETE FROM {table}")
        if rows.num_rows:
            self.connection.register("given_rows", rows)
            listed = ", ".join(f'"{name}"' for name in names)
            self.connection.execute(f"INSERT INTO {table} SELECT {listed} FROM given_rows")
            self.connection.unregister("given_rows")

    def publish(self, ranks: Ranks) -> None:
        values: list[int | None] = []
        for key in self.shares:
            share = ranks.get(key)
            values += [None, None] if share is None else [int(share * 1_000_000), 1_000_000]
        marks = ", ".join("?" * len(values))
        self.connection.execute("DELETE FROM published")
        self.connection.execute(f"INSERT INTO published VALUES ({marks})", values)

    def read(self, row: Mapping[str, Any], unit_id: int) -> Explanation:
        values = {one.path: _shown(one, row) for one in self.observed}
        criteria = []
        for criterion, node in zip(self.ruleset.criteria, self.typed.criteria, strict=True):
            held = row[f"c.{criterion.id}"]
            paths = [path_of(part) for part in nodes.walk(node)]
            criteria.append(
                CriterionOutcome(
                    criterion.id,
                    criterion.says,
                    "unknown" if held is None else "met" if held else "failed",
                    tuple(row[f"missing_{criterion.id}"] or ()),
                    {path: values[path] for path in dict.fromkeys(paths) if path is not None},
                )
            )
        models = self.typed.models
        score = row["score"]
        lacks = row[f"lacks_{models[0].model.code}"] if models and score is None else ()
        undetermined = row["outcome"] == "undetermined"
        missing = {name for criterion in criteria for name in criterion.missing}
        return Explanation(
            unit_id=unit_id,
            outcome=row["outcome"],
            criteria=tuple(criteria),
            missing=tuple(sorted(missing)) if undetermined else (),
            score=score,
            score_missing=tuple(lacks or ()),
            rank_share=row["rank_share"],
            benefits={b.id: row[f"b.{b.id}"] for b in self.ruleset.benefits},
        )


def _shown(one: Observed, row: Mapping[str, Any]) -> Any:
    parts = [row[name] for name in one.columns]
    if len(parts) == 1:
        return _plain(parts[0])
    low, high = parts
    if isinstance(low, list) or isinstance(high, list):
        return [_age(*pair) for pair in zip(low or [], high or [], strict=True)]
    return _age(low, high)


def _age(low: int | None, high: int | None) -> int | str | None:
    if low is None or high is None:
        return None
    return low if low == high else f"{low} to {high}"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
