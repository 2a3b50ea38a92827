"""Files of data: what they are called, what they are, and what a table read from one is.

The errors that refuse a file whole are here, for every format.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from amana.kernel.errors import AmanaError, BadInput, BadInputs, Where
from amana.kernel.text_source import nearest, some

CHUNK_BYTES: Final = 1 << 20
COLUMNS_MAX: Final = 2_000

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


def opened(path: Path) -> IO[bytes]:
    """Open a file's own bytes, or refuse it in words."""
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


def stream_of(path: Path, packed: bool) -> IO[bytes]:
    """Open a file for reading, unpacking it when it is packed."""
    raw = opened(path)
    if not packed:
        return raw
    raw.close()
    return gzip.open(path)  # type: ignore[return-value]


def check_begin(path: Path, kind: str, packed: bool) -> None:
    """Refuse an empty file and one whose first bytes are of another format."""
    name = path.name
    with opened(path) as raw:
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
            with stream_of(path, packed=True) as stream:
                begin = stream.read(8)
        except (OSError, EOFError):
            raise broken(name, "its packing (gzip) is damaged") from None
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


def broken(name: str, why: str, row: int | None = None) -> FileBroken:
    """Give the error of a file that begins as it should and cannot be read to its end."""
    return FileBroken(
        f"The file cannot be read to its end: {why}.",
        where=Where(file=name, row=row),
        mend="It may have been cut off on its way; export or send it again.",
    )


def unpacked(path: Path, packed: bool, folder: Path, kind: str) -> Path:
    """Give a file that is not packed: the same one, or its unpacked copy in a folder."""
    if not packed:
        return path
    plain = folder / f"{path.stem}.{kind}"
    try:
        with stream_of(path, packed=True) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK_BYTES)
    except (OSError, EOFError):
        raise broken(path.name, "its packing (gzip) is damaged") from None
    return plain


def check_headings(name: str, headings: list[str], wanted: Mapping[str, str]) -> None:
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


def no_rows(name: str) -> FileEmpty:
    """Give the error of a file with headings and no rows."""
    return FileEmpty(
        "The file has headings and no rows.",
        where=Where(file=name, row=1),
        mend="Export it again with its rows.",
    )
