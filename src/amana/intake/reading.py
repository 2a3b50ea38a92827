"""Reading a file of data into DuckDB as text, whatever its format: the edge of an import.

CSV, XLSX and Parquet, each also as .gz. A file is refused before anything is taken from it when it
is empty, is not what its name says, is in another encoding than the mapping says, or lacks a column
the mapping needs. What comes out is one table of texts with only the columns asked for; what the
texts mean is decided by `amana.intake.validation`.
texts mean is decided by `amana.intake.validation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb

from amana.intake.csv_file import load_csv
from amana.intake.files import (
    CHUNK_BYTES,
    FileAbsent,
    FileBroken,
    FileTable,
    check_begin,
    name_of,
    opened,
    unpacked,
)
from amana.intake.mapping import FileMapping, FileShape
from amana.intake.table_file import load_parquet, load_xlsx
from amana.kernel.errors import Where


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with opened(path) as stream:
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
    check_begin(path, kind, packed)
    if kind == "csv":
        return load_csv(duck, path, packed, shape, wanted, table, folder, shape_key)
    plain = unpacked(path, packed, folder, kind)
    if kind == "xlsx":
        return load_xlsx(duck, plain, path.name, shape, wanted, table, shape_key)
    return load_parquet(duck, plain, path.name, wanted, table)


def find_people_file(path: Path, people_path: Path | None, mapping: FileMapping) -> Path:
    """Give the people file of two: the one named, `FILE.people.*` beside it, or the same workbook.

    Raises:
        FileAbsent: there is none, or more than one.
    """
    if people_path is not None:
        return people_path
    if mapping.people_file.sheet is not None:
        return path
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    folder = path.parent.iterdir() if path.parent.is_dir() else ()
    found = sorted(beside for beside in folder if beside.name.startswith(f"{stem}.people."))
    if len(found) != 1:
        raise FileAbsent(
            "The mapping says two files, and the people file is not beside the first."
            if not found
            else f"There are {len(found)} people files beside the first.",
            where=Where(file=path.name),
            mend=f"Name it {stem}.people.csv, or give it with --people FILE.",
        )
    return found[0]


def _refuse_lost_count(people: FileTable, mapping: FileMapping) -> None:
    """Refuse a file with a torn row when rows are named by their number within the household.

    Whose row it was is not known, so the rows after it might get the keys of others.
    """
    if people.ragged and mapping.person and mapping.person.key.line_within is not None:
        raise FileBroken(
            f"The row does not have the cells of the heading: {people.ragged[0].cells}. People are "
            "named by the number of their row within the household, so nothing can be taken.",
            where=Where(file=people.name, row=people.ragged[0].row),
            mend="Mend the row and import the file again.",
        )


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
        _refuse_lost_count(table, mapping)
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
    _refuse_lost_count(second, mapping)
    return first, second
