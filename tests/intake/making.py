"""Makers for tests of intake: small files and mappings of an invented survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from amana.intake import reading, validation
from amana.intake.fitting import Known, check_mapping
from amana.intake.mapping import FileMapping
from amana.intake.mapping_file import parse_mapping
from amana.registry.dictionary import core_dictionary

TODAY = date(2026, 11, 20)
ROOFS = {"1": "metal", "2": "thatch_palm_leaf"}


def flat_mapping(**changes: Any) -> dict[str, Any]:
    """Give a flat mapping of a small survey; `person__birth=…` replaces a nested key."""
    tree: dict[str, Any] = {
        "layout": "flat",
        "collected_on": "2026-03-01",
        "household": {
            "key": ["hh"],
            "area": {"column": "ward"},
            "vars": {
                "roof_material": {
                    "column": "roof",
                    "codes": {"1": "metal", "2": "thatch_palm_leaf"},
                },
                "room_count": "rooms",
            },
        },
        "person": {
            "key": ["hh", "line"],
            "role": {"column": "relat", "codes": {"1": "HEAD", "2": "SPOUSE", "3": "CHILD"}},
            "sex": {"column": "sex", "codes": {"1": "MALE", "2": "FEMALE"}},
            "birth": {"date": "dob"},
            "name": "name",
            "vars": {"literate": {"column": "reads"}, "income_monthly": "income"},
        },
    }
    for path, value in changes.items():
        place, *rest = path.split("__")
        if not rest:
            tree[place] = value
        else:
            tree[place] = {**tree[place], rest[0]: value}
    return tree


HEADINGS = ["hh", "line", "ward", "roof", "rooms", "relat", "sex", "dob", "name", "reads", "income"]
HEAD = "h1,1,W1,1,3,1,2,1980-05-06,Tola Beru,yes,120.50"
CHILD = "h1,2,W1,1,3,3,1,2020-01-31,,,"
LONELY = ",9,W2,,,,,,,,"


def write_rows(path: Path, rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> Path:
    """Write a CSV file of given lines."""
    path.write_text("\n".join([",".join(headings), *rows]) + "\n", encoding="utf-8")
    return path


def changed(row: str, **cells: str) -> str:
    """Give a row with some cells replaced, by heading."""
    values = dict(zip(HEADINGS, row.split(","), strict=True)) | cells
    return ",".join(values.values())


def known(**changes: Any) -> Known:
    """Give what files are checked against: the core dictionary."""
    values: dict[str, Any] = {
        "dictionary": core_dictionary(),
        "schemes": ["national-id"],
        "minor_digits": 2,
        "today": TODAY,
        "collected_on": TODAY,
    }
    return Known(**values | changes)


def check_files(
    folder: Path,
    tree: Mapping[str, Any],
    first: Path,
    people: Path | None = None,
    areas: Mapping[str, int] | None = None,
) -> tuple[duckdb.DuckDBPyConnection, validation.Checked]:
    """Read and check files; give the connection with the typed tables, and the counts."""
    mapping: FileMapping = parse_mapping(tree)
    check_mapping(mapping, known(), file="mapping")
    duck = duckdb.connect()
    duck.execute("CREATE TABLE areas (scheme VARCHAR, code VARCHAR, area_id BIGINT)")
    for code, number in (areas or {"W1": 1, "W2": 2}).items():
        duck.execute("INSERT INTO areas VALUES ('national', ?, ?)", [code, number])
    tables = reading.load_files(
        duck=duck, mapping=mapping, path=first, people_path=people, folder=folder
    )
    counts = validation.validate(
        duck=duck,
        mapping=mapping,
        known=known(),
        household_file=tables[0],
        people_file=tables[1],
    )
    return duck, counts


def refusals(duck: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str]]:
    """Give row, column and code of every refusal, in order."""
    return duck.execute('SELECT "row", "column", code FROM errors ORDER BY 1, 2, 3').fetchall()
