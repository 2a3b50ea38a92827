"""Bulk in: COPY of Arrow tables into PostgreSQL, over the connection of the current transaction."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
from django.db import connection
from psycopg import sql

#: Rows that are turned into text at a time; bounds memory.
SLICE_ROWS = 50_000


@contextmanager
def cursor() -> Iterator[Any]:
    """Give a psycopg cursor on Django's connection, so that bulk work joins its transaction."""
    connection.ensure_connection()
    with connection.cursor() as wrapped:
        yield wrapped.cursor


def _as_text(batch: pa.RecordBatch) -> pa.Table:
    """Turn binary columns into PostgreSQL's hexadecimal text; the rest is CSV-ready."""
    table = pa.Table.from_batches([batch])
    binary = [
        field.name
        for field in table.schema
        if pa.types.is_binary(field.type)
        or pa.types.is_large_binary(field.type)
        or pa.types.is_fixed_size_binary(field.type)
    ]
    if not binary:
        return table
    import duckdb

    replaced = ", ".join(f"""'\\x' || lower(hex("{name}")) AS "{name}\"""" for name in binary)
    with duckdb.connect() as duck:
        duck.register("given", table)
        return duck.sql(f"SELECT * REPLACE ({replaced}) FROM given").to_arrow_table()


def copy_arrow(
    target: str,
    rows: pa.Table | pa.RecordBatchReader | Iterable[pa.RecordBatch],
    *,
    columns: Sequence[str] | None = None,
) -> int:
    """COPY Arrow rows into a table, in the current transaction; return the number of rows.

    Args:
        target: table name, unquoted, perhaps a temporary staging table.
        rows: Arrow data; lists and json must have been turned into text before.
        columns: names of the target's columns in the order of the data; default: the data's own.
    """
    if isinstance(rows, pa.Table):
        rows = rows.to_batches(max_chunksize=SLICE_ROWS)
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    count = 0
    copy = None
    with cursor() as cur:
        iterator = iter(rows)
        first = next(iterator, None)
        if first is None:
            return 0
        names = list(columns or first.schema.names)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
            sql.Identifier(*target.split(".")), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with cur.copy(statement) as copy:
            batch: pa.RecordBatch | None = first
            while batch is not None:
                if batch.num_rows:
                    sink = io.BytesIO()
                    pa_csv.write_csv(_as_text(batch), sink, options)
                    copy.write(sink.getbuffer())
                    count += batch.num_rows
                batch = next(iterator, None)
    return count


def refresh_statistics(*tables: str) -> None:
    """Have PostgreSQL look at tables again after many rows were written to them.

    The planner believes that a table which was filled a moment ago is still empty, and joins it row
    by row; the database does look by itself, but only minutes later. Call it at the end of a bulk
    command; it costs a few tenths of a second whatever the size.
    """
    with cursor() as cur:
        cur.execute("SELECT amana_refresh_statistics(%s)", [list(tables)])
