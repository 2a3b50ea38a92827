"""Reading an XLSX workbook or a Parquet file into a DuckDB table of texts.

Only XLSX is read row by row in Python, because its format leaves no other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from amana.intake.files import (
    FileEmpty,
    FileTable,
    SheetAbsent,
    broken,
    check_headings,
    no_rows,
    quoted,
)
from amana.intake.mapping import FileShape
from amana.kernel.errors import Where
from amana.kernel.text_source import some

SLICE_ROWS: Final = 20_000


def load_xlsx(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    shape: FileShape,
    wanted: Mapping[str, str],
    table: str,
    shape_key: str,
) -> FileTable:
    """Read one sheet of a workbook; see `reading.load_file`."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet_name = shape.sheet if shape.sheet is not None else workbook.sheet_names[0]
        if sheet_name not in workbook.sheet_names:
            raise SheetAbsent(
                f"The workbook has no sheet “{sheet_name}”.",
                where=Where(file=name, field=sheet_name),
                mend=f"Say `sheet:` under `{shape_key}` in the mapping. Sheets here: "
                f"{some(workbook.sheet_names)}.",
            )
        rows = workbook.get_sheet_by_name(sheet_name).iter_rows()
    except (CalamineError, IndexError) as error:
        raise broken(name, str(error)[:200] or "it is damaged") from None
    numbered = enumerate(rows, start=1)
    headings: list[str] = []
    for _, cells in numbered:
        headings = [_cell(cell) or "" for cell in cells]
        if any(headings):
            break
    if not any(headings):
        raise FileEmpty(
            f"The sheet “{sheet_name}” is empty.",
            where=Where(file=name),
            mend=f"Say the right `sheet:` under `{shape_key}` in the mapping.",
        )
    check_headings(name, headings, wanted)
    places = [headings.index(column) for column in wanted]
    columns = ", ".join(f"{quoted(column)} VARCHAR" for column in wanted)
    duck.execute(f'CREATE TABLE {table} ("file row" BIGINT, {columns})')
    count = 0
    for batch in _slices(numbered, places, list(wanted)):
        duck.register("slice", batch)
        duck.execute(f"INSERT INTO {table} SELECT * FROM slice")
        duck.unregister("slice")
        count += batch.num_rows
    if not count:
        raise no_rows(name)
    return FileTable(name, table, '"file row"', tuple(wanted), count)


def _slices(
    numbered: Iterator[tuple[int, list[Any]]], places: list[int], names: list[str]
) -> Iterator[pa.Table]:
    """Give the wanted cells in slices; rows without any cell are passed over."""
    schema = pa.schema([("file row", pa.int64()), *((n, pa.string()) for n in names)])
    held: list[list[Any]] = [[] for _ in range(len(places) + 1)]
    for number, cells in numbered:
        if all(cell == "" for cell in cells):
            continue
        held[0].append(number)
        for target, place in zip(held[1:], places, strict=True):
            target.append(_cell(cells[place]))
        if len(held[0]) == SLICE_ROWS:
            yield pa.table(held, schema=schema)
            held = [[] for _ in range(len(places) + 1)]
    if held[0]:
        yield pa.table(held, schema=schema)


def _cell(cell: Any) -> str | None:
    """Give a cell as the text a CSV export would hold."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, str):
        return cell.strip() or None
    text: str = cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
    return text.removesuffix("T00:00:00")


def load_parquet(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    wanted: Mapping[str, str],
    table: str,
) -> FileTable:
    """Read a Parquet file; see `reading.load_file`."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise broken(name, str(error)[:200]) from None
    check_headings(name, list(schema.names), wanted)
    chosen = ", ".join(_parquet_text(schema.field(column)) for column in wanted)
    try:
        duck.execute(
            f"CREATE TABLE {table} AS SELECT {chosen} FROM read_parquet($path)", {"path": str(path)}
        )
    except duckdb.Error as error:
        raise broken(name, str(error).split("\n")[0][:200]) from None
    ((row_count,),) = duck.execute(f"SELECT count(*) FROM {table}").fetchall()
    if not row_count:
        raise no_rows(name)
    return FileTable(name, table, "(rowid + 1)", tuple(wanted), row_count)


def _parquet_text(column: pa.Field) -> str:
    name = quoted(column.name)
    text = f"CAST({name} AS VARCHAR)"
    if pa.types.is_floating(column.type):
        text = (
            f"CASE WHEN isfinite({name}) THEN CASE WHEN {name} = trunc({name}) AND abs({name}) < "
            f"1e15 THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE {text} END END"
        )
    return f"{text} AS {name}"
