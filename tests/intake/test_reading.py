"""Files as they come: every format, and what is refused before anything is read."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amana.intake import reading
from amana.intake.files import FileBroken, FileEmpty, FileTable
from amana.intake.mapping import FileShape
from amana.kernel.errors import AmanaError, BadInputs

WANTED = {"id": "person.key", "town": "person.vars.town"}
ROWS = [("1", "Ølby"), ("2", None), ("3", "x,y")]


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def load(duck: duckdb.DuckDBPyConnection, path: Path, **shape: str) -> FileTable:
    work = path.parent / "work"
    work.mkdir(exist_ok=True)
    return reading.load_file(
        duck=duck,
        path=path,
        shape=FileShape(**shape),
        wanted=WANTED,
        table="rows_read",
        folder=work,
    )


def rows_of(duck: duckdb.DuckDBPyConnection, table: FileTable) -> list[tuple[object, ...]]:
    return duck.execute(
        f"SELECT {table.row_sql}, id, town FROM {table.table} ORDER BY 1"
    ).fetchall()


def refused(duck: duckdb.DuckDBPyConnection, path: Path, **shape: str) -> AmanaError:
    with pytest.raises(AmanaError) as told:
        load(duck, path, **shape)
    assert duck.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    assert all(each.mend for each in getattr(told.value, "errors", [told.value]))
    assert told.value.where.file == path.name
    return told.value


def write_csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


CSV = 'id,other,town\n1,a,Ølby\n2,,\n3,b,"x,y"\n'


def make_csv(path: Path) -> None:
    path.write_text(CSV, encoding="utf-8")


def make_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["id", "other", "town"], [1, "a", "Ølby"], [2.0, None, None], [3, "b", "x,y"]):
        sheet.append(row)
    book.save(path)


def make_parquet(path: Path) -> None:
    table = pa.table(
        {"id": [1.0, 2.0, 3.0], "other": ["a", None, "b"], "town": [t for _, t in ROWS]}
    )
    pq.write_table(table, path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("make", "name", "first"),
    [(make_csv, "f.csv", 2), (make_xlsx, "f.xlsx", 2), (make_parquet, "f.parquet", 1)],
)
def test_every_format_gives_the_same_texts(
    duck: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    make: object,
    name: str,
    first: int,
    packed: bool,
) -> None:
    path = tmp_path / name
    make(path)  # type: ignore[operator]
    if packed:
        data = path.read_bytes()
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(data))
    table = load(duck, path)
    assert rows_of(duck, table) == [(first + n, *row) for n, row in enumerate(ROWS)]
    assert (table.row_count, table.ragged) == (3, ())


def test_cells_of_a_workbook_read_as_their_text(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cover"  # type: ignore[union-attr]
    sheet = book.create_sheet("People")
    sheet["B3"], sheet["C3"] = "id", "town"
    sheet["B4"], sheet["C4"] = 7, dt.date(2026, 3, 1)
    sheet["B6"], sheet["C6"] = 8.5, True
    book.save(tmp_path / "p.xlsx")
    table = load(duck, tmp_path / "p.xlsx", sheet="People")
    # The heading is row 3; row 5 is blank.
    assert rows_of(duck, table) == [(4, "7", "2026-03-01"), (6, "8.5", "true")]
    error = refused_sheet(duck, tmp_path / "p.xlsx")
    assert error.code == "SHEET_ABSENT"
    assert "Cover, People" in error.mend


def refused_sheet(duck: duckdb.DuckDBPyConnection, path: Path) -> AmanaError:
    with pytest.raises(AmanaError) as told:
        load(duck, path, sheet="Persons")
    return told.value


def test_a_missing_column_is_refused_with_its_key_and_the_nearest_heading(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    error = refused(duck, write_csv(tmp_path / "f.csv", "id,twon\n1,a\n"))
    assert (error.code, error.where.field, error.where.row) == ("COLUMN_MISSING", "town", 1)
    assert "person.vars.town" in error.message
    assert "twon" in error.mend


def test_all_missing_and_doubled_columns_are_told_at_once(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    error = refused(duck, write_csv(tmp_path / "f.csv", "id,id\n1,a\n"))
    assert isinstance(error, BadInputs)
    assert [each.code for each in error.errors] == ["COLUMN_TWICE", "COLUMN_MISSING"]


def test_a_latin_1_file_is_refused_with_the_place_and_the_mend(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "f.csv", "id,town\n1,Aarhus\n2,Ølby\n", "latin-1")
    error = refused(duck, path)
    assert (error.code, error.where.row) == ("ENCODING_WRONG", 3)
    assert "byte 20 (hexadecimal D8)" in error.message
    assert "“Ø”" in error.message
    assert "encoding: latin-1" in error.mend
    assert rows_of(duck, load(duck, path, encoding="latin-1"))[1] == (3, "2", "Ølby")


def test_a_bad_byte_late_in_a_large_file_is_found_at_its_place(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = "".join(f"{n},Ølby\n" for n in range(200_000))
    data = ("id,town\n" + lines).encode() + b"x,\xff\n"
    (tmp_path / "f.csv").write_bytes(data)
    error = refused(duck, tmp_path / "f.csv")
    assert error.where.row == 200_002
    assert f"byte {data.index(0xFF) + 1} " in error.message


@pytest.mark.parametrize("name", ["f.csv", "f.xlsx", "f.parquet", "f.csv.gz"])
def test_an_empty_file_is_refused(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"")
    assert refused(duck, tmp_path / name).code == "FILE_EMPTY"


def test_a_file_with_headings_only_is_refused(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(FileEmpty):
        load(duck, write_csv(tmp_path / "f.csv", "id,town\n"))


@pytest.mark.parametrize(
    ("name", "make", "packed", "said"),
    [
        ("f.csv", make_xlsx, False, "content is an Excel workbook"),
        ("f.xlsx", make_csv, False, "content is a CSV text file"),
        ("f.parquet", make_csv, False, "content is a CSV text file"),
        ("f.csv", make_parquet, False, "content is Parquet"),
        ("f.csv", make_csv, True, "it is packed with gzip"),
        ("f.csv.gz", make_csv, False, "it is not packed"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    duck: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    name: str,
    make: object,
    packed: bool,
    said: str,
) -> None:
    other = tmp_path / "other"
    make(other)  # type: ignore[operator]
    data = other.read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    error = refused(duck, tmp_path / name)
    assert error.code == "FILE_NOT_AS_NAMED"
    assert said in error.message


@pytest.mark.parametrize("name", ["f.xlsx", "f.parquet", "f.csv.gz"])
def test_a_file_that_was_cut_off_is_refused(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    whole = tmp_path / "whole"
    {"f.xlsx": make_xlsx, "f.parquet": make_parquet, "f.csv.gz": make_csv}[name](whole)
    data = whole.read_bytes()
    if name.endswith(".gz"):
        data = gzip.compress(data * 50)
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    assert refused(duck, tmp_path / name).code == "FILE_BROKEN"


def test_a_file_of_unknown_kind_or_that_is_not_there_is_refused(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert refused(duck, tmp_path / "f.csv").code == "FILE_ABSENT"
    (tmp_path / "f.doc").write_text("x")
    assert refused(duck, tmp_path / "f.doc").code == "FILE_FORMAT_UNKNOWN"
    (tmp_path / "g.csv").write_bytes(b"id,town\n1,\0\n")
    assert refused(duck, tmp_path / "g.csv").code == "FILE_NOT_AS_NAMED"


def test_ragged_rows_are_told_and_the_others_keep_their_numbers(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = "id,town\n1,a\n2\n3,c\n4,d,e\n5,e\n6,f\n"
    table = load(duck, write_csv(tmp_path / "f.csv", text))
    assert [ragged.row for ragged in table.ragged] == [3, 5]
    assert rows_of(duck, table) == [(2, "1", "a"), (4, "3", "c"), (6, "5", "e"), (7, "6", "f")]


def test_a_file_that_is_ragged_throughout_is_refused_whole(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "f.csv", "id,town\n1;a\n2;b\n3,c\n")
    with pytest.raises(FileBroken) as told:
        load(duck, path)
    assert "delimiter" in told.value.mend


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_seen_from_the_heading(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, delimiter: str
) -> None:
    text = CSV.replace('"x,y"', "x").replace(",", delimiter)
    table = load(duck, write_csv(tmp_path / "f.csv", "\ufeff" + text))
    assert rows_of(duck, table)[0] == (2, "1", "Ølby")
