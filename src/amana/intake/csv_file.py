"""Reading a CSV file, in any encoding, into a DuckDB table of texts."""

from __future__ import annotations

import codecs
import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from amana.intake.files import (
    CHUNK_BYTES,
    EncodingWrong,
    FileBroken,
    FileEmpty,
    FileNotAsNamed,
    FileTable,
    Ragged,
    broken,
    check_headings,
    no_rows,
    quoted,
    stream_of,
)
from amana.intake.mapping import FileShape
from amana.kernel.errors import Where

HEADING_BYTES_MAX: Final = 1 << 20
#: Share of rows with a wrong number of cells above which the whole file is refused.
RAGGED_SHARE_MAX: Final = 0.5


def load_csv(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    packed: bool,
    shape: FileShape,
    wanted: Mapping[str, str],
    table: str,
    folder: Path,
    shape_key: str,
) -> FileTable:
    """Read a CSV file; see `reading.load_file`."""
    name = path.name
    source, source_packed = path, packed
    if shape.encoding == "utf-8":
        _check_utf8(path, packed, shape_key)
    else:
        source, source_packed = folder / f"{table}.csv", False
        _transcode(path, packed, shape, source)
    with stream_of(source, source_packed) as stream:
        begin = stream.read(HEADING_BYTES_MAX).decode("utf-8-sig", errors="replace")
    if not begin.strip():
        raise FileEmpty(
            "The file is empty.", where=Where(file=name), mend="Export it again and check it."
        )
    delimiter = shape.delimiter or _delimiter(begin)
    headings = [cell.strip() for cell in next(csv.reader(io.StringIO(begin), delimiter=delimiter))]
    check_headings(name, headings, wanted)
    names = [f"c{number}" for number in range(len(headings))]
    columns = ", ".join(f"'{column}': 'VARCHAR'" for column in names)
    chosen = ", ".join(f"{names[headings.index(c)]} AS {quoted(c)}" for c in wanted)
    try:
        duck.execute(
            f"""
            CREATE TABLE {table} AS SELECT {chosen} FROM read_csv(
                $path, auto_detect = false, header = false, skip = 1, delim = $delimiter,
                quote = '"', escape = '"', columns = {{{columns}}}, null_padding = false,
                strict_mode = true, ignore_errors = true, compression = $compression,
                max_line_size = {HEADING_BYTES_MAX * 4}, store_rejects = true, nullstr = '',
                rejects_scan = '{table}_scan', rejects_table = '{table}_refused', rejects_limit = 0)
            """,
            {
                "path": str(source),
                "delimiter": delimiter,
                "compression": "gzip" if source_packed else "none",
            },
        )
    except duckdb.Error as error:
        raise broken(name, str(error).split("\n")[0][:200]) from None
    ((row_count,),) = duck.execute(f"SELECT count(*) FROM {table}").fetchall()
    ragged = tuple(
        Ragged(int(line), str(message)[:200])
        for line, message in duck.execute(
            f"SELECT line, min(error_message) FROM {table}_refused GROUP BY line ORDER BY line"
        ).fetchall()
    )
    duck.execute(f"DROP TABLE {table}_refused; DROP TABLE {table}_scan")
    if not row_count and not ragged:
        raise no_rows(name)
    if len(ragged) > RAGGED_SHARE_MAX * (row_count + len(ragged)):
        raise FileBroken(
            f"{len(ragged)} of {row_count + len(ragged)} rows do not have the {len(headings)} "
            "cells of the heading.",
            where=Where(file=name, row=ragged[0].row),
            mend="Check the delimiter and the quotes; say the delimiter in the mapping.",
        )
    row_sql = "(rowid + 2)"
    if ragged:
        row_sql = _number_around(duck, table, ragged)
    return FileTable(name, table, row_sql, tuple(wanted), row_count, ragged)


def _number_around(duck: duckdb.DuckDBPyConnection, table: str, ragged: tuple[Ragged, ...]) -> str:
    """Number the rows of a table as in the file, where refused rows stand between them."""
    gaps = pa.table(
        {
            "kept_before": pa.array([r.row - 2 - n for n, r in enumerate(ragged)], pa.int64()),
            "refused": pa.array(range(1, len(ragged) + 1), pa.int64()),
        }
    )
    duck.register("gaps", gaps)
    duck.execute(
        f"""
        CREATE TABLE {table}_numbered AS
        SELECT t.*, t.place + 2 + coalesce(g.refused, 0) AS "file row"
        FROM (SELECT *, rowid AS place FROM {table}) t
        ASOF LEFT JOIN (SELECT kept_before, max(refused) AS refused FROM gaps GROUP BY 1) g
            ON t.place >= g.kept_before
        ORDER BY t.place
        """
    )
    duck.unregister("gaps")
    duck.execute(f"DROP TABLE {table}")
    duck.execute(f"ALTER TABLE {table}_numbered RENAME TO {table}")
    return '"file row"'


def _delimiter(text: str) -> str:
    line = text.split("\n", 1)[0]
    return max(",;\t|", key=line.count)


def _check_utf8(path: Path, packed: bool, shape_key: str) -> None:
    """Read the whole text once to see that it is UTF-8, and tell the place where it is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position, lines = 0, 0
    try:
        with stream_of(path, packed) as stream:
            while True:
                chunk = stream.read(CHUNK_BYTES)
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    at = position - held + error.start
                    raise _encoding_wrong(path.name, error, at, lines, shape_key) from None
                if not chunk:
                    return
                if b"\0" in chunk:
                    raise FileNotAsNamed(
                        "The file is not text: it holds zero bytes.",
                        where=Where(file=path.name),
                        mend="If it is UTF-16, write `encoding: utf-16` under "
                        f"`{shape_key}` in the mapping; else export it as CSV again.",
                    )
                position += len(chunk)
                lines += chunk.count(b"\n")
    except (OSError, EOFError):
        raise broken(path.name, "its packing (gzip) is damaged") from None


def _encoding_wrong(
    name: str, error: UnicodeDecodeError, at: int, lines: int, shape_key: str
) -> EncodingWrong:
    before = error.object[: error.start]
    row = lines + before.count(b"\n") + 1
    looks = error.object[error.start : error.start + 1].decode("latin-1")
    return EncodingWrong(
        f"The file is not UTF-8: byte {at + 1} (hexadecimal "
        f"{error.object[error.start]:02X}) cannot be read. In Latin-1 it would be “{looks}”.",
        where=Where(file=name, row=row),
        mend=f"Write `encoding: latin-1` under `{shape_key}` in the mapping, or save the file as "
        "UTF-8.",
    )


def _transcode(path: Path, packed: bool, shape: FileShape, target: Path) -> None:
    try:
        with (
            stream_of(path, packed) as stream,
            io.TextIOWrapper(stream, encoding=shape.encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(text, out, CHUNK_BYTES)
    except UnicodeError as error:
        raise EncodingWrong(
            f"The file is not {shape.encoding}: {getattr(error, 'reason', error)}.",
            where=Where(file=path.name),
            mend="Say the right `encoding` in the mapping, or save the file as UTF-8.",
        ) from None
    except (OSError, EOFError):
        raise broken(path.name, "its packing (gzip) is damaged") from None
