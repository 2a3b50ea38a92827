"""What rooms above the registry add to a snapshot; the engine knows none of it by name.

A contribution is one SQL query that gives values for people or for groups. It is written once and
runs twice: over everybody for a snapshot, over one unit for a caseworker at the counter. So its
text holds `{only}`, which becomes `true` or a condition on its key column, and `{as_of}`, the day
asked about::

    contribute(Contribution(
        column="oldest_application", table="groups", type="date", key="group_id",
        title="Date of the oldest application",
        sql="SELECT group_id AS unit_id, min(received_on) AS value FROM programmes_application"
            " WHERE state = 'RECEIVED' AND {only} GROUP BY 1",
    ))

Registered in the room's AppConfig.ready (through a module it imports there).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Table = Literal["people", "groups"]

TYPES: Final = ("integer", "decimal", "money", "boolean", "text", "date", "list")


@dataclass(frozen=True, slots=True)
class Contribution:
    """One column of a snapshot that a room adds.

    Args:
        column: its name; `receives` and other lists may be contributed to by several rooms, and
            their values are united.
        table: people (unit_id is a person's key) or groups.
        type: a word of `TYPES`; `list` is a list of texts, one row for each value.
        key: the column of the query's table that holds the unit, put into `{only}`.
        sql: `SELECT … AS unit_id, … AS value … WHERE … {only}`; for types other than list at most
            one row for each unit. Units without a row are null (lists: empty).
        title: what the column is, for people.
    """

    column: str
    table: Table
    type: str
    key: str
    sql: str
    title: str

    def query(self, *, only: Sequence[int] | None, as_of: date) -> str:
        """Give the query for these units, or for all."""
        if only is None:
            condition = "true"
        else:
            condition = f"{self.key} = ANY(ARRAY[{','.join(str(int(u)) for u in only)}]::bigint[])"
        return self.sql.format(only=condition, as_of=f"DATE '{as_of.isoformat()}'")


_registered: list[Contribution] = []


def contribute(contribution: Contribution) -> None:
    """Add a column to every snapshot from now on; registering the same one again does nothing.

    Raises:
        ValueError: the type is unknown, or another room gives this column already (lists apart).
    """
    if contribution in _registered:
        return
    if contribution.type not in TYPES:
        raise ValueError(f"{contribution.column}: there is no type {contribution.type}")
    for other in _registered:
        same = (other.table, other.column) == (contribution.table, contribution.column)
        if same and (other.type, contribution.type) != ("list", "list"):
            raise ValueError(f"{contribution.table}.{contribution.column} is contributed twice")
    _registered.append(contribution)


def contributions(table: Table) -> list[Contribution]:
    """List what is contributed to a table, in a stable order."""
    return sorted((c for c in _registered if c.table == table), key=lambda c: (c.column, c.sql))


#: What anyone receives from elsewhere stands in the registry itself.
_RECEIPT: Final = (
    "SELECT {key} AS unit_id, programme AS value FROM registry_receipt"
    " WHERE {key} IS NOT NULL AND status = 'ACTIVE' AND valid_from <= {{as_of}}"
    " AND (valid_to IS NULL OR valid_to > {{as_of}}) AND {{only}}"
)
for _table, _key in (("people", "person_id"), ("groups", "group_id")):
    contribute(
        Contribution(
            column="receives",
            table=_table,  # type: ignore[arg-type]
            type="list",
            key=_key,
            sql=_RECEIPT.format(key=_key),
            title="Programmes received",
        )
    )
