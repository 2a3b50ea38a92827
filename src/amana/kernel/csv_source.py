"""Small CSV files that people write (areas, places), read with the row of every mistake."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amana.kernel.errors import Problems, Where
from amana.kernel.text_source import nearest, read_text


@dataclass(frozen=True)
class Table:
    """A small CSV file: columns of texts (stripped; "" when empty) and the line of each row."""

    file: str
    columns: dict[str, list[str]]
    rows: list[int]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, number: int, column: str | None = None) -> Where:
        """Give the place of the value in row `number` (0-based) of the table."""
        return Where(file=self.file, row=self.rows[number], field=column)


def read_csv(
    path: Path,
    *,
    problems: Problems,
    required: Sequence[str],
    optional: Sequence[str] = (),
    others: re.Pattern[str] | None = None,
    file: str | None = None,
) -> Table | None:
    """Read a CSV file with a heading row; None, with problems noted, when it cannot be read.

    Comma or semicolon, told by the heading. Columns nobody knows are refused with the nearest known
    one; a row with too few or too many values is refused with its line.
    """
    name = file or path.name
    text = read_text(path, problems=problems, file=name)
    if text is None:
        return None
    if not text.strip():
        problems.add(
            "The file is empty.",
            mend=f"Its first line must be {','.join([*required, *optional])}.",
            where=Where(file=name),
            code="FILE_EMPTY",
        )
        return None
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = len(problems.found)
    try:
        names = [column.strip() for column in next(reader)]
        known = [*required, *optional]
        for position, column in enumerate(names, 1):
            if column not in known and not (others and others.match(column)):
                problems.add(
                    f"The column “{column}” is not known.",
                    mend=nearest(column, [k for k in known if k not in names])
                    or f"Known columns are {', '.join(known)}.",
                    where=Where(file=name, row=1, column=position),
                )
            elif column in names[: position - 1]:
                problems.add(
                    f"The column “{column}” stands twice.",
                    mend="Take one of them away.",
                    where=Where(file=name, row=1, column=position),
                )
        for column in required:
            if column not in names:
                problems.add(
                    f"The column “{column}” is missing.",
                    mend=f"The first line must name {', '.join(required)}.",
                    where=Where(file=name, row=1, field=column),
                )
        if len(problems.found) > before:
            return None
        columns: list[list[str]] = [[] for _ in names]
        rows: list[int] = []
        start = reader.line_num + 1
        for record in reader:
            row, start = start, reader.line_num + 1
            if not record or (len(record) == 1 and not record[0].strip()):
                continue
            if len(record) != len(names):
                problems.add(
                    f"The row has {len(record)} values; the heading has {len(names)}.",
                    mend=f"Quote values that hold “{delimiter}”.",
                    where=Where(file=name, row=row),
                )
                continue
            rows.append(row)
            for column_values, cell in zip(columns, record, strict=True):
                column_values.append(cell.strip())
    except csv.Error as error:
        problems.add(
            f"This is not CSV: {error}.",
            mend="Look for an open quote.",
            where=Where(file=name, row=reader.line_num),
            code="NOT_CSV",
        )
        return None
    if len(problems.found) > before:
        return None
    table = dict(zip(names, columns, strict=True))
    for column in optional:
        table.setdefault(column, [""] * len(rows))
    return Table(file=name, columns=table, rows=rows)
