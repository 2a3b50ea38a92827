"""What a checked file leaves in DuckDB, beside its typed rows: the errors, and parts it lacks."""

from __future__ import annotations

from typing import Final

import duckdb

from amana.intake.files import literal, quoted
from amana.intake.mapping import FileMapping

ERROR_COLUMNS: Final = ("file", "row", "column", "value", "code", "reason", "mend")


def write_errors(duck: duckdb.DuckDBPyConnection, path: str) -> None:
    """Write the errors as CSV, by file and row."""
    listed = ", ".join(quoted(name) for name in ERROR_COLUMNS)
    duck.execute(
        f'COPY (SELECT {listed} FROM errors ORDER BY file, "row", "column", code) '
        f"TO {literal(path)} (FORMAT csv, HEADER true)"
    )


def complete(duck: duckdb.DuckDBPyConnection, mapping: FileMapping) -> None:
    """Make the typed table of a part the mapping does not have, without rows."""
    if mapping.household is None:
        duck.execute(
            """
            CREATE TABLE households AS SELECT 0::BIGINT AS "row", '' AS hkey, '' AS kind,
                '' AS name, 0::BIGINT AS area_id, '' AS residence, '' AS address, '' AS landmark,
                DATE '2000-01-01' AS collected_on, '' AS facts LIMIT 0
            """
        )
    if mapping.person is None:
        duck.execute(
            """
            CREATE TABLE people AS SELECT 0::BIGINT AS "row", '' AS hkey, '' AS pkey, '' AS role,
                '' AS presence, '' AS sex, DATE '2000-01-01' AS birth_earliest,
                DATE '2000-01-01' AS birth_latest, '' AS birth_known, '' AS birth_stated,
                '' AS name_full, '' AS name_given, '' AS name_family, 0::BIGINT AS area_id,
                '' AS residence, '' AS phone, '' AS account_channel, '' AS account_number,
                '' AS account_holder, DATE '2000-01-01' AS collected_on, '' AS facts LIMIT 0
            """
        )
