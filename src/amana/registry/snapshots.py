"""Assembling a snapshot: the registry's rows as columns, without names or numbers.

One set of SQL queries gives the three tables of a snapshot (docs/reference/snapshots.md): over
everybody for `registry.commands.take_snapshot`, over one unit for `live_tables`, so that what a
caseworker is told at the counter and what a mass run decides can never differ.

PostgreSQL turns facts (jsonb) into typed columns and streams them with COPY; Arrow reads them in
batches, so that memory does not grow with the country.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.db import connection
from psycopg import sql

from amana.engine.schema import Column, Kind, Schema
from amana.kernel.errors import BadInput, NotFound
from amana.places.country import find_country
from amana.places.models import Level
from amana.registry.contributions import Contribution, Table, contributions
from amana.registry.dictionary import Dictionary
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Person, Snapshot
from amana.registry.rule_schema import rule_schema

BLOCK_BYTES: Final = 8_000_000
_ARROW: Final[Mapping[Kind, pa.DataType]] = {
    Kind.INTEGER: pa.int64(),
    Kind.MONEY: pa.int64(),
    Kind.DECIMAL: pa.decimal128(18, 6),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.LIST: pa.string(),  # values joined with LIST_SIGN, split below
}
_POSTGRES: Final[Mapping[Kind, str]] = {
    Kind.INTEGER: "::bigint",
    Kind.MONEY: "::bigint",
    Kind.DECIMAL: "::numeric(18, 6)",
    Kind.BOOLEAN: "::boolean",
    Kind.TEXT: "",
    Kind.DATE: "::date",
}
LIST_SIGN: Final = "|"


class FactDoesNotFit(BadInput):
    """A fact in the registry does not fit the type of its variable."""

    code = "FACT_DOES_NOT_FIT"


class SnapshotUnknown(NotFound):
    """No snapshot has this reference."""

    code = "SNAPSHOT_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Only:
    """The rows of one unit: groups and people, and the areas they stand in."""

    groups: tuple[int, ...]
    people: tuple[int, ...]
    areas: tuple[int, ...]
    alone: tuple[int, ...] = ()


@dataclass(frozen=True)
class Assembly:
    """The queries of a snapshot as of a day, with the schema of what they give.

    Args:
        only: the one unit to read; None reads everybody.
    """

    schema: Schema
    as_of: date
    only: Only | None = None

    def query(self, table: str) -> str:
        """Give the SELECT of a table, its columns in the order of the schema."""
        return {"people": self._people, "groups": self._groups, "areas": self._areas}[table]()

    # -- people: one row for each person and group they live in ----------------------------------

    def _people(self) -> str:
        given = {
            "person_id": "p.id",
            "group_id": "m.group_id",
            "home": "m.group_id IS NULL OR m.place_number = 1",
            "presence": "m.presence",
            "role": "NULLIF(m.role, '')",
            "sex": "NULLIF(p.sex, '')",
            "birth_earliest": "p.birth_earliest",
            "birth_latest": "p.birth_latest",
            "area_id": "COALESCE(p.area_id, m.area_id)",
            "death_reported": "p.death_status = 'REPORTED'",
        }
        joins, columns = self._contributed("people", "p.id")
        columns = {**given, **self._level_columns(), **columns}
        listed = self._listed(self.schema.people, columns, "p.facts")
        members = _MEMBERS.format(as_of=self._day, number=_PLACE_NUMBER)
        where = ""
        if self.only is not None:
            people = _array(self.only.people)
            where = (
                f" AND p.id = ANY({people}) AND (m.group_id = ANY({_array(self.only.groups)})"
                f" OR p.id = ANY({_array(self.only.alone)}))"
            )
            members += f" AND m.person_id = ANY({people})"
        return (
            f"SELECT {listed} FROM registry_person p"
            f" LEFT JOIN ({members}) m ON m.person_id = p.id"
            f" {self._level_join('COALESCE(p.area_id, m.area_id)')} {joins}"
            f" WHERE p.survivor_id IS NULL AND p.death_status <> 'VERIFIED'{where}"
        )

    # -- groups -----------------------------------------------------------------------------------

    def _groups(self) -> str:
        given = {"group_id": "g.id", "kind": "g.kind", "area_id": "g.area_id"}
        joins, columns = self._contributed("groups", "g.id")
        columns = {**given, **self._level_columns(), **columns}
        listed = self._listed(self.schema.groups, columns, "g.facts")
        where = f" AND g.id = ANY({_array(self.only.groups)})" if self.only is not None else ""
        return (
            f"SELECT {listed} FROM registry_group g {self._level_join('g.area_id')} {joins}"
            f" WHERE (g.dissolved_on IS NULL OR g.dissolved_on > {self._day}){where}"
        )

    # -- areas ------------------------------------------------------------------------------------

    def _areas(self) -> str:
        given = {"area_id": "a.id", "level": "l.code", "code": "a.code"}
        listed = self._listed(self.schema.areas, given, "a.variables")
        where = ""
        if self.only is not None:
            where = (
                " WHERE a.id IN (SELECT unnest(path) FROM places_area"
                f" WHERE id = ANY({_array(self.only.areas)}))"
            )
        return f"SELECT {listed} FROM places_area a JOIN places_level l ON l.id = a.level_id{where}"

    # -- parts ------------------------------------------------------------------------------------

    @property
    def _day(self) -> str:
        return f"DATE '{self.as_of.isoformat()}'"

    def _listed(self, columns: Mapping[str, Column], given: Mapping[str, str], facts: str) -> str:
        parts = []
        for name, column in columns.items():
            expression = given.get(name)
            if expression is None and column.kind is Kind.LIST:
                expression = "''"
            elif expression is None:
                cast = _POSTGRES[column.kind]
                expression = f"({facts} ->> '{_safe(name)}'){cast}"
            parts.append(f'{expression} AS "{_safe(name)}"')
        return ", ".join(parts)

    def _level_columns(self) -> dict[str, str]:
        return {f"area_{level}": f'v."{_safe(level)}"' for level in self.schema.levels}

    def _level_join(self, area: str) -> str:
        if not self.schema.levels:
            return ""
        columns = ", ".join(
            f"max(u.id) FILTER (WHERE l.code = '{_safe(level)}') AS \"{_safe(level)}\""
            for level in self.schema.levels
        )
        where = "" if self.only is None else f" WHERE b.id = ANY({_array(self.only.areas)})"
        return (
            f"LEFT JOIN (SELECT b.id, {columns} FROM places_area b"
            " JOIN places_area u ON u.id = ANY(b.path) JOIN places_level l ON l.id = u.level_id"
            f"{where} GROUP BY b.id) v ON v.id = {area}"
        )

    def _contributed(self, table: Table, key: str) -> tuple[str, dict[str, str]]:
        only = None
        if self.only is not None:
            only = self.only.people if table == "people" else self.only.groups
        by_column: dict[str, list[Contribution]] = {}
        for contribution in contributions(table):
            by_column.setdefault(contribution.column, []).append(contribution)
        joins, columns = [], {}
        for number, (column, given) in enumerate(by_column.items(), 1):
            united = " UNION ALL ".join(c.query(only=only, as_of=self.as_of) for c in given)
            if given[0].type == "list":
                united = (
                    f"SELECT unit_id, string_agg(DISTINCT value, '{LIST_SIGN}' ORDER BY value)"
                    f" AS value FROM ({united}) x GROUP BY unit_id"
                )
                columns[column] = f"COALESCE(c{number}.value, '')"
            else:
                columns[column] = f"c{number}.value"
            joins.append(f"LEFT JOIN ({united}) c{number} ON c{number}.unit_id = {key}")
        return " ".join(joins), columns


# Number 1 of a person's places of living is their home: the usual one before those of part of the
# time, an open one before one that is to end.
_PLACE_NUMBER: Final = (
    "row_number() OVER (PARTITION BY m.person_id ORDER BY m.presence = 'PART',"
    " m.valid_to IS NOT NULL, m.group_id, m.id)"
)
_MEMBERS: Final = """
    SELECT m.person_id, m.group_id, m.presence, m.role, g.area_id, {number} AS place_number
    FROM registry_membership m JOIN registry_group g ON g.id = m.group_id
    WHERE m.presence IN ('USUAL', 'PART')
      AND m.valid_from <= {as_of} AND (m.valid_to IS NULL OR m.valid_to > {as_of})
      AND (g.dissolved_on IS NULL OR g.dissolved_on > {as_of})"""


def _safe(name: str) -> str:
    """Refuse what is not a plain name; codes of variables and levels are checked when applied."""
    if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} cannot be a column")
    return name


def _array(keys: Sequence[int]) -> str:
    return f"ARRAY[{','.join(str(int(key)) for key in keys)}]::bigint[]"


# -- reading ---------------------------------------------------------------------------------------


class _CopyStream(io.RawIOBase):
    """The bytes of a COPY … TO STDOUT as a file that Arrow reads."""

    def __init__(self, blocks: Iterator[Any]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(target):
            if not self._rest:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = memoryview(block)
            count = min(len(self._rest), len(target) - filled)
            target[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        return filled


@contextmanager
def read_table(
    cursor: psycopg.Cursor[Any], query: str, columns: Mapping[str, Column]
) -> Iterator[pa.RecordBatchReader]:
    """Stream a query's rows as Arrow batches in the types of a snapshot.

    Raises:
        FactDoesNotFit: a fact is not of its variable's type.
    """
    types = {name: _ARROW[column.kind] for name, column in columns.items()}
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(sql.SQL(query))
    try:
        with cursor.copy(statement) as copy:
            blocks = iter(copy)
            first = next(blocks, None)
            if first is None:
                yield pa.RecordBatchReader.from_batches(_target(columns), [])
                return

            def all_blocks() -> Iterator[Any]:
                yield first
                yield from blocks

            reader = pa_csv.open_csv(
                _CopyStream(all_blocks()),
                read_options=pa_csv.ReadOptions(column_names=list(types), block_size=BLOCK_BYTES),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=types,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    true_values=["t"],
                    false_values=["f"],
                ),
            )
            yield pa.RecordBatchReader.from_batches(
                _target(columns), (_with_lists(batch, columns) for batch in reader)
            )
    except psycopg.DataError as error:
        raise FactDoesNotFit(
            f"A fact does not fit the type of its variable: {error.diag.message_primary}.",
            mend="Correct the fact through a submission; `amana doctor --invariants` finds it.",
        ) from None


def _target(columns: Mapping[str, Column]) -> pa.Schema:
    listed = pa.list_(pa.string())
    return pa.schema(
        [
            (name, listed if column.kind is Kind.LIST else _ARROW[column.kind])
            for name, column in columns.items()
        ]
    )


def _with_lists(batch: pa.RecordBatch, columns: Mapping[str, Column]) -> pa.RecordBatch:
    arrays = []
    for name, column in columns.items():
        array = batch.column(name)
        if column.kind is Kind.LIST:
            text = pc.fill_null(array, "")
            split = pc.split_pattern(text, LIST_SIGN)
            none = pa.scalar([], pa.list_(pa.string()))
            array = pc.if_else(pc.equal(text, ""), none, split)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=_target(columns))


@contextmanager
def steady_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """Give a cursor whose statements all see the database at one moment.

    A connection of its own in REPEATABLE READ; inside a transaction that is already open (a test,
    a larger command) that transaction's own cursor, since only it sees what was written there.
    """
    connection.ensure_connection()
    if connection.savepoint_ids:
        with connection.cursor() as wrapped:
            yield wrapped.cursor
        return
    params = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"cursor_factory", "context", "pool", "autocommit", "prepare_threshold"}
    }
    with psycopg.connect(**params) as link:
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        link.read_only = True
        with link.cursor() as cursor:
            for setting in _READING_ALL:
                cursor.execute(setting)
            yield cursor


#: Everything is read, so tables are scanned and hashed whatever the planner's figures say; after a
#: large import they are out of date until PostgreSQL gets round to it.
_READING_ALL: Final = (
    "SET LOCAL enable_nestloop = off",
    "SET LOCAL work_mem = '256MB'",
    "SET LOCAL jit = off",
)


def assemble(dictionary: Dictionary, *, as_of: date, only: Only | None = None) -> Assembly:
    """Give the queries of a snapshot under a dictionary and the applied blueprint."""
    country = find_country()
    schema = rule_schema(
        dictionary,
        levels=list(Level.objects.order_by("depth").values_list("code", flat=True)),
        minor_digits=country.minor_digits if country else 2,
    )
    return Assembly(schema=schema, as_of=as_of, only=only)


# -- one unit, now ---------------------------------------------------------------------------------


def live_tables(unit: Group | Person, *, on: date) -> dict[str, pa.Table]:
    """Give the rows of one unit as a snapshot would hold them: people, groups, areas.

    For a group: its row and its members. For a person: their rows, their home group and its
    members. The same queries as a snapshot's, so that live answers and mass results agree.
    """
    only = _only(unit, on)
    assembly = assemble(get_dictionary(), as_of=on, only=only)
    tables = {}
    with connection.cursor() as wrapped:
        for name in ("people", "groups", "areas"):
            columns = assembly.schema.table(name)
            with read_table(wrapped.cursor, assembly.query(name), columns) as reader:
                tables[name] = reader.read_all()
    return {
        "people": tables["people"].sort_by([("group_id", "ascending"), ("person_id", "ascending")]),
        "groups": tables["groups"].sort_by("group_id"),
        "areas": tables["areas"].sort_by("area_id"),
    }


def _only(unit: Group | Person, on: date) -> Only:
    alone: tuple[int, ...] = ()
    members = _MEMBERS.format(as_of=f"DATE '{on.isoformat()}'", number=_PLACE_NUMBER)
    with connection.cursor() as cursor:
        if isinstance(unit, Person):
            alone = (unit.pk,)
            cursor.execute(
                f"SELECT m.group_id FROM ({members} AND m.person_id = %s) m"
                " WHERE m.place_number = 1",
                [unit.pk],
            )
            groups = tuple(row[0] for row in cursor.fetchall())
        else:
            groups = (unit.pk,)
        cursor.execute(
            f"SELECT m.person_id FROM ({members} AND m.group_id = ANY(%s)) m",
            [list(groups)],
        )
        people = tuple({row[0] for row in cursor.fetchall()} | set(alone))
        cursor.execute(
            "SELECT area_id FROM registry_person WHERE id = ANY(%s) AND area_id IS NOT NULL"
            " UNION SELECT area_id FROM registry_group WHERE area_id IS NOT NULL AND (id = ANY(%s)"
            " OR id IN (SELECT group_id FROM registry_membership WHERE person_id = ANY(%s)))",
            [list(people), list(groups), list(alone)],
        )
        areas = tuple(row[0] for row in cursor.fetchall())
    return Only(groups=groups, people=people, areas=areas, alone=alone)


# -- snapshots that were taken ---------------------------------------------------------------------


def find_latest_snapshot() -> Snapshot | None:
    """Find the snapshot taken last, or None before the first."""
    return Snapshot.objects.order_by("-id").first()


def get_snapshot(reference: str = "") -> Snapshot:
    """Get a snapshot by its reference; the latest one when none is named.

    Raises:
        SnapshotUnknown: there is none.
    """
    found = (
        Snapshot.objects.filter(reference=reference.strip().upper()).first()
        if reference
        else find_latest_snapshot()
    )
    if found is None:
        raise SnapshotUnknown(
            f"There is no snapshot {reference}." if reference else "No snapshot was taken yet.",
            mend="Take one with amana snapshot.",
        )
    return found
