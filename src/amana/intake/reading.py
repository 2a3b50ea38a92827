"""Reading a file of data into DuckDB as text, whatever its format: the edge of an import.

CSV, XLSX and Parquet, each also as .gz. A file is refused before anything is taken from it when it
is empty, is not what its name says, is in another encoding than the mapping says, or lacks a column
the mapping needs. What comes out is one table of texts with only the columns asked for; what the
texts mean is decided by `amana.intake.validation`.

Only XLSX is read row by row in Python, because its format leaves no other way.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from amana.intake.mapping import COLUMNS_MAX, FileMapping, FileShape
from amana.kernel.errors import AmanaError, BadInput, BadInputs, Where
from amana.kernel.text_source import nearest, some

CHUNK_BYTES: Final = 1 << 20
HEADING_BYTES_MAX: Final = 1 << 20
CELL_CHARACTERS_MAX: Final = 100_000
SLICE_ROWS: Final = 20_000
#: Share of rows with a wrong number of cells above which the whole file is refused.
RAGGED_SHARE_MAX: Final = 0.5
FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
_TITLES: Final = {"csv": "a CSV text file", "xlsx": "an Excel workbook", "parquet": "Parquet"}


class FileAbsent(BadInput):
    """There is no such file, or it cannot be opened."""

    code = "FILE_ABSENT"


class FileEmpty(BadInput):
    """The file has no rows."""

    code = "FILE_EMPTY"


class FileFormatUnknown(BadInput):
    """The name does not end in one of the formats that are read."""

    code = "FILE_FORMAT_UNKNOWN"


class FileNotAsNamed(BadInput):
    """The content is not what the file's name says."""

    code = "FILE_NOT_AS_NAMED"


class FileBroken(BadInput):
    """The file begins as it should and cannot be read to its end."""

    code = "FILE_BROKEN"


class EncodingWrong(BadInput):
    """The text is not in the encoding the mapping says."""

    code = "ENCODING_WRONG"


class SheetAbsent(BadInput):
    """The workbook has no such sheet."""

    code = "SHEET_ABSENT"


class ColumnMissing(BadInput):
    """The mapping names a column that the file does not have."""

    code = "COLUMN_MISSING"


class ColumnTwice(BadInput):
    """Two columns of the file have the same heading."""

    code = "COLUMN_TWICE"


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row with too few or too many cells."""

    row: int
    cells: str


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file as a table of texts in DuckDB.

    Args:
        name: name of the file as its sender knows it.
        table: DuckDB table; one VARCHAR column for each column asked for.
        row_sql: SQL expression of the row's number as a person counts it.
        columns: the columns of the table.
        row_count: rows in the table; `ragged` rows are not among them.
        ragged: rows that could not be cut into cells.
    """

    name: str
    table: str
    row_sql: str
    columns: tuple[str, ...]
    row_count: int
    ragged: tuple[Ragged, ...] = field(default=())


def quoted(name: str) -> str:
    """Give a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Give a text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name_of(path: Path) -> tuple[str, bool]:
    """Give the format a file's name promises (`csv`, `xlsx`, `parquet`) and whether it is packed.

    >>> name_of(Path("households.csv.gz"))
    ('csv', True)
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    last = suffixes[-2:-1] if packed else suffixes[-1:]
    kind = FORMATS.get(last[0]) if last else None
    if kind is None:
        raise FileFormatUnknown(
            f"The name does not say what the file is: “{path.name}”.",
            where=Where(file=path.name),
            mend="Give it as .csv, .tsv, .xlsx or .parquet, or one of these with .gz.",
        )
    return kind, packed


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with _opened(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def load_file(
    *,
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    shape: FileShape,
    wanted: Mapping[str, str],
    table: str,
    folder: Path,
    shape_key: str = "file",
) -> FileTable:
    """Read one file into a DuckDB table of texts.

    Args:
        duck: connection that gets the table.
        path: the file; its name says the format.
        shape: sheet, delimiter and encoding, from the mapping.
        wanted: column → key of the mapping that asks for it.
        table: name of the table to make.
        folder: private folder for what must be unpacked; the caller removes it.
        shape_key: key of the mapping where `shape` stands, for messages.

    Raises:
        FileAbsent, FileEmpty, FileFormatUnknown, FileNotAsNamed, FileBroken, EncodingWrong,
        SheetAbsent, ColumnTwice, ColumnMissing: the file was refused; nothing was read of it.
    """
    kind, packed = name_of(path)
    _check_begin(path, kind, packed)
    if kind == "csv":
        return _load_csv(duck, path, packed, shape, wanted, table, folder, shape_key)
    plain = _unpacked(path, packed, folder, kind)
    if kind == "xlsx":
        return _load_xlsx(duck, plain, path.name, shape, wanted, table, shape_key)
    return _load_parquet(duck, plain, path.name, wanted, table)


# -- what a file really is ------------------------------------------------------------------------


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise FileAbsent(
            "There is no such file.",
            where=Where(file=str(path.name)),
            mend="Check the folder and the spelling.",
        ) from None
    except (IsADirectoryError, PermissionError):
        raise FileAbsent(
            "This cannot be read: it is a folder, or closed to you.",
            where=Where(file=str(path.name)),
            mend="Give the file itself, and permission to read it.",
        ) from None


def _stream(path: Path, packed: bool) -> IO[bytes]:
    raw = _opened(path)
    if not packed:
        return raw
    raw.close()
    return gzip.open(path)  # type: ignore[return-value]


def _check_begin(path: Path, kind: str, packed: bool) -> None:
    """Refuse an empty file and one whose first bytes are of another format."""
    name = path.name
    with _opened(path) as raw:
        begin = raw.read(8)
    if not begin:
        raise FileEmpty(
            "The file is empty.", where=Where(file=name), mend="Export it again and check its size."
        )
    if packed != begin.startswith(b"\x1f\x8b"):
        said = "packed (.gz)" if packed else _TITLES[kind]
        found = "it is not packed" if packed else "it is packed with gzip"
        raise FileNotAsNamed(
            f"The name says {said}, but {found}.",
            where=Where(file=name),
            mend="Name it after what it is: without .gz." if packed else "Add .gz to its name.",
        )
    if packed:
        try:
            with _stream(path, packed=True) as stream:
                begin = stream.read(8)
        except (OSError, EOFError):
            raise _broken(name, "its packing (gzip) is damaged") from None
        if not begin:
            raise FileEmpty(
                "The packed file is empty.",
                where=Where(file=name),
                mend="Export it again and check its size.",
            )
    found_kind = _kind_of(begin)
    if found_kind != kind:
        told = _TITLES.get(found_kind, found_kind)
        raise FileNotAsNamed(
            f"The name says {_TITLES[kind]}, but the content is {told}.",
            where=Where(file=name),
            mend="Export it again in the format of its name, or mend the name.",
        )


def _kind_of(begin: bytes) -> str:
    if begin.startswith(b"PK\x03\x04"):
        return "xlsx"
    if begin.startswith(b"PAR1"):
        return "parquet"
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old Excel workbook (.xls)"
    if begin.startswith(b"%PDF"):
        return "a PDF document"
    if begin.startswith(b"\x1f\x8b"):
        return "packed twice"
    return "csv"


def _broken(name: str, why: str, row: int | None = None) -> FileBroken:
    return FileBroken(
        f"The file cannot be read to its end: {why}.",
        where=Where(file=name, row=row),
        mend="It may have been cut off on its way; export or send it again.",
    )


def _unpacked(path: Path, packed: bool, folder: Path, kind: str) -> Path:
    if not packed:
        return path
    plain = folder / f"{path.stem}.{kind}"
    try:
        with _stream(path, packed=True) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK_BYTES)
    except (OSError, EOFError):
        raise _broken(path.name, "its packing (gzip) is damaged") from None
    return plain


# -- headings -------------------------------------------------------------------------------------


def _check_headings(name: str, headings: list[str], wanted: Mapping[str, str]) -> None:
    """Refuse headings that lack a wanted column, or have one twice; all in one go."""
    if len(headings) > COLUMNS_MAX:
        raise FileBroken(
            f"The file has {len(headings)} columns.",
            where=Where(file=name, row=1),
            mend=f"At most {COLUMNS_MAX} are read; check the delimiter.",
        )
    errors: list[AmanaError] = []
    for column, key in wanted.items():
        if column not in headings:
            errors.append(
                ColumnMissing(
                    f"The mapping's `{key}` names the column “{column}”, which the file does not "
                    f"have.",
                    where=Where(file=name, row=1, field=column),
                    mend=f"{nearest(column, headings)} Columns here: {some(headings)}.".strip(),
                )
            )
        elif headings.count(column) > 1:
            errors.append(
                ColumnTwice(
                    f"The column “{column}” stands {headings.count(column)} times in the file.",
                    where=Where(file=name, row=1, field=column),
                    mend="Give each column its own heading.",
                )
            )
    if errors:
        raise BadInputs(f"The columns of {name} do not fit the mapping.", errors)


def _no_rows(name: str) -> FileEmpty:
    return FileEmpty(
        "The file has headings and no rows.",
        where=Where(file=name, row=1),
        mend="Export it again with its rows.",
    )


# -- CSV ------------------------------------------------------------------------------------------


def _load_csv(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    packed: bool,
    shape: FileShape,
    wanted: Mapping[str, str],
    table: str,
    folder: Path,
    shape_key: str,
) -> FileTable:
    name = path.name
    source, source_packed = path, packed
    if shape.encoding == "utf-8":
        _check_utf8(path, packed, shape_key)
    else:
        source, source_packed = folder / f"{table}.csv", False
        _transcode(path, packed, shape, source)
    with _stream(source, source_packed) as stream:
        begin = stream.read(HEADING_BYTES_MAX).decode("utf-8-sig", errors="replace")
    if not begin.strip():
        raise FileEmpty(
            "The file is empty.", where=Where(file=name), mend="Export it again and check it."
        )
    delimiter = shape.delimiter or _delimiter(begin)
    headings = [cell.strip() for cell in next(csv.reader(io.StringIO(begin), delimiter=delimiter))]
    _check_headings(name, headings, wanted)
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
        raise _broken(name, str(error).split("\n")[0][:200]) from None
    ((row_count,),) = duck.execute(f"SELECT count(*) FROM {table}").fetchall()
    ragged = tuple(
        Ragged(int(line), str(message)[:200])
        for line, message in duck.execute(
            f"SELECT line, min(error_message) FROM {table}_refused GROUP BY line ORDER BY line"
        ).fetchall()
    )
    duck.execute(f"DROP TABLE {table}_refused; DROP TABLE {table}_scan")
    if not row_count and not ragged:
        raise _no_rows(name)
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
        with _stream(path, packed) as stream:
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
        raise _broken(path.name, "its packing (gzip) is damaged") from None


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
            _stream(path, packed) as stream,
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
        raise _broken(path.name, "its packing (gzip) is damaged") from None


# -- XLSX -----------------------------------------------------------------------------------------


def _load_xlsx(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    shape: FileShape,
    wanted: Mapping[str, str],
    table: str,
    shape_key: str,
) -> FileTable:
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
        raise _broken(name, str(error)[:200] or "it is damaged") from None
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
    _check_headings(name, headings, wanted)
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
        raise _no_rows(name)
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


# -- Parquet --------------------------------------------------------------------------------------


def _load_parquet(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    wanted: Mapping[str, str],
    table: str,
) -> FileTable:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(name, str(error)[:200]) from None
    _check_headings(name, list(schema.names), wanted)
    chosen = ", ".join(_parquet_text(schema.field(column)) for column in wanted)
    try:
        duck.execute(
            f"CREATE TABLE {table} AS SELECT {chosen} FROM read_parquet($path)", {"path": str(path)}
        )
    except duckdb.Error as error:
        raise _broken(name, str(error).split("\n")[0][:200]) from None
    ((row_count,),) = duck.execute(f"SELECT count(*) FROM {table}").fetchall()
    if not row_count:
        raise _no_rows(name)
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


# -- the files of one import ----------------------------------------------------------------------


def find_people_file(path: Path, people_path: Path | None, mapping: FileMapping) -> Path:
    """Give the people file of two: the one named, `FILE.people.*` beside it, or the same workbook.

    Raises:
        FileAbsent: there is none, or more than one.
    """
    if people_path is not None:
        return people_path
    if mapping.people_file.sheet is not None:
        return path
    kind, _ = name_of(path)
    del kind
    stem = path.name.split(".")[0] if path.name.count(".") else path.name
    stems = {path.name.removesuffix(".gz").rsplit(".", 1)[0], stem}
    found = sorted(
        beside
        for beside in path.parent.iterdir()
        if any(beside.name.startswith(f"{stem}.people.") for stem in stems)
    )
    if len(found) != 1:
        raise FileAbsent(
            "The mapping says two files, and the people file is not beside the first."
            if not found
            else f"There are {len(found)} people files beside the first.",
            where=Where(file=path.name),
            mend=f"Name it {min(stems)}.people.csv, or give it with --people FILE.",
        )
    return found[0]


def load_files(
    *,
    duck: duckdb.DuckDBPyConnection,
    mapping: FileMapping,
    path: Path,
    people_path: Path | None,
    folder: Path,
) -> tuple[FileTable | None, FileTable | None]:
    """Read the file or the two files of an import; every file is looked at before any is refused.

    Returns:
        The households' table and the people's: the same table in a flat layout, None for a part
        that the mapping does not have.
    """
    households, people = mapping.household_columns(), mapping.person_columns()
    if mapping.layout == "flat":
        table = load_file(
            duck=duck,
            path=path,
            shape=mapping.file,
            wanted={**people, **households},
            table="file_rows",
            folder=folder,
        )
        return (
            table if mapping.household is not None else None,
            table if mapping.person is not None else None,
        )
    people_path = find_people_file(path, people_path, mapping)
    first = load_file(
        duck=duck,
        path=path,
        shape=mapping.file,
        wanted=households,
        table="household_file",
        folder=folder,
    )
    second = load_file(
        duck=duck,
        path=people_path,
        shape=mapping.people_file,
        wanted=people,
        table="people_file",
        folder=folder,
        shape_key="people_file",
    )
    return first, second
