"""Lists: filters above, count in words, sortable heads, pages by cursor, export of what is shown.

A view describes its columns and filters, gives the rows its query allows, and renders the table
with `{% table table %}`. Everything is in the address (`?area=…&sort=-registered&after=…`), so that
a list can be kept, shared and used with scripts off.
"""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from amana.kernel.errors import BadInput
from amana.web.words import say_amount, say_date, say_moment, say_number

#: Counting stops here: “more than 100,000 households” is as much as anybody needs.
COUNT_LIMIT = 100_000
EXPORT_LIMIT = 1_000_000
EXPORT_SLICE = 2_000


class CursorMistyped(BadInput):
    """The address names a page of the list that cannot be."""

    code = "CURSOR_MISTYPED"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list.

    Args:
        key: name in addresses and exports; also the attribute or key read when `value` is absent.
        title: lazy translated heading.
        kind: `text`, `number`, `money`, `date`, `moment`, `reference` or `status`.
        value: how to read the cell from a row.
        link: address the cell leads to, from a row; the first column usually has one.
        sort: name of the database field to sort by (or True for lists: the value itself).
        status: for `status`: `(word, mark)` from a row; marks: done, waits, harm, active, none.
        minor_digits: for `money`: digits after the point.
        template: a template that draws the cell with `row` and `value`.
        export: False leaves the column out of exports.
    """

    key: str
    title: Any
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    link: Callable[[Any], str | None] | None = None
    sort: str | bool = ""
    status: Callable[[Any], tuple[Any, str]] | None = None
    minor_digits: int = 2
    template: str = ""
    export: bool = True

    def read(self, row: Any) -> Any:
        """Give the bare value of this cell."""
        if self.status is not None:
            return self.status(row)[0]
        if self.value is not None:
            return self.value(row)
        return row.get(self.key) if isinstance(row, dict) else getattr(row, self.key)

    def written(self, value: Any) -> str:
        """Write a value as the reader sees it."""
        if value is None:
            return ""
        if self.kind == "number":
            return say_number(value)
        if self.kind == "money":
            return say_amount(value, self.minor_digits)
        if self.kind == "date":
            return say_date(value)
        if self.kind == "moment":
            return say_moment(value)
        return str(value)

    def exported(self, value: Any) -> Any:
        """Write a value for machines: ISO dates, plain numbers, amounts with a point."""
        if isinstance(value, datetime | date):
            return value.isoformat()
        if self.kind == "money" and value is not None:
            whole, digits = str(abs(value)).rjust(self.minor_digits + 1, "0"), self.minor_digits
            text = f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole
            return f"-{text}" if value < 0 else text
        text = "" if value is None else str(value)
        # A cell that begins like a formula would run when a spreadsheet opens the file.
        return f"'{text}" if text[:1] in {"=", "+", "@", "\t"} else text


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter above a list.

    Args:
        key: name in the address.
        title: lazy translated label.
        apply: `(rows, value) -> rows`.
        choices: `[(value, label)]` for a choice; None for free text.
        kind: input type of a free text filter (`text`, `date`, `search`).
    """

    key: str
    title: Any
    apply: Callable[[Any, str], Any]
    choices: Sequence[tuple[str, Any]] | None = None
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Empty:
    """Why a list is empty and what to do about it."""

    title: Any
    words: Any = ""
    url: str = ""
    link: Any = ""


@dataclass
class Cell:
    """A drawn cell."""

    column: Column
    value: Any
    text: str
    url: str | None = None
    mark: str = ""


@dataclass
class Table:
    """A list on a page. Give it the request and the rows the actor may see.

    Args:
        request: filters, sort and cursor are read from its address.
        rows: a QuerySet of model rows (pages by cursor), or a list (shown whole, sorted here).
        columns: the first is the row's heading and usually its link.
        count_words: `(n) -> str`, such as `ngettext_lazy("%(n)s household", …)` filled in;
            receives the number, and the text written for it.
        empty: what to say when nothing is there and nothing is filtered.
        order: default sort key, a column's key with `-` for descending; empty: newest first.
        filename: of the export, without its ending; empty: no export.
        where: words after the count (“in Kisumu East”).
        name: id of the list on the page, when there are several.
        totals: text under a column, by its key; written as the foot of the table.
        on_page: called with the rows of the page before they are drawn, to fill in what a query
            of its own knows about them.
    """

    request: HttpRequest
    rows: Any
    columns: Sequence[Column]
    count_words: Callable[[int, str], str]
    empty: Empty
    filters: Sequence[Filter] = ()
    order: str = ""
    page_size: int = 50
    filename: str = ""
    where: str = ""
    name: str = "list"
    totals: dict[str, str] = field(default_factory=dict)
    on_page: Callable[[list[Any]], None] | None = None

    # What the address says

    @cached_property
    def applied(self) -> list[dict[str, Any]]:
        """The filters in force, each with the address that takes it away."""
        found = []
        for one in self.filters:
            value = self.request.GET.get(one.key, "").strip()
            if not value:
                continue
            label = value
            if one.choices is not None:
                labels = {str(code): text for code, text in one.choices}
                if value not in labels:
                    continue
                label = str(labels[value])
            elif one.kind == "date":
                try:
                    label = say_date(date.fromisoformat(value))
                except ValueError:
                    continue
            found.append(
                {"filter": one, "value": value, "label": label, "url": self._url(without=one.key)}
            )
        return found

    @cached_property
    def filtered(self) -> Any:
        """The rows that pass the filters."""
        rows = self.rows
        for entry in self.applied:
            rows = entry["filter"].apply(rows, entry["value"])
        return rows if isinstance(rows, QuerySet) else list(rows)

    @cached_property
    def sort(self) -> tuple[Column | None, bool]:
        """The column sorted by, and whether it goes down."""
        asked = self.request.GET.get("sort", "") or self.order
        down = asked.startswith("-")
        column = next((c for c in self.columns if c.sort and c.key == asked.lstrip("-")), None)
        return column, down

    # What the page shows

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to one more than the limit of counting."""
        if isinstance(self.filtered, QuerySet):
            return self.filtered.order_by()[: COUNT_LIMIT + 1].count()
        return len(self.filtered)

    @property
    def count_text(self) -> str:
        """The count in words: “1,204 households in Kisumu East”."""
        if self.count > COUNT_LIMIT:
            words = self.count_words(COUNT_LIMIT, say_number(COUNT_LIMIT))
            return _("more than %(count)s") % {"count": words}
        return self.count_words(self.count, say_number(self.count))

    @property
    def heads(self) -> list[dict[str, Any]]:
        """Column heads with the address that sorts by each."""
        current, down = self.sort
        heads = []
        for column in self.columns:
            is_current = current is not None and column.key == current.key
            next_sort = f"-{column.key}" if is_current and not down else column.key
            heads.append(
                {
                    "column": column,
                    "url": self._url(sort=next_sort) if column.sort else "",
                    "aria": ("descending" if down else "ascending") if is_current else "",
                    "arrow": ("▾" if down else "▴") if is_current else "",
                }
            )
        return heads

    @cached_property
    def page(self) -> list[Any]:
        """The rows of this page."""
        return self._page[0]

    @property
    def next_url(self) -> str:
        """Where the next page is, or empty."""
        return self._page[1]

    @property
    def previous_url(self) -> str:
        """Where the previous page is, or empty."""
        return self._page[2]

    @property
    def export_url(self) -> str:
        """Where exactly what is shown can be fetched as CSV, all pages of it."""
        return self._url(export="csv") if self.filename and self.count else ""

    def lines(self) -> Iterator[dict[str, Any]]:
        """The drawn rows."""
        for row in self.page:
            cells = [self._cell(column, row) for column in self.columns]
            yield {"row": row, "head": cells[0], "cells": cells[1:]}

    @property
    def total_cells(self) -> list[Cell]:
        """The foot of the table: what `totals` says, under its column."""
        cells = [Cell(column=c, value=None, text=self.totals.get(c.key, "")) for c in self.columns]
        cells[0].text = cells[0].text or _("Total")
        return cells

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form carries on besides its own fields."""
        own = {one.key for one in self.filters}
        skip = own | {"after", "before", "export"}
        return [(key, str(value)) for key, value in self.request.GET.items() if key not in skip]

    @property
    def filter_fields(self) -> list[dict[str, Any]]:
        """The filters with their present values."""
        return [
            {
                "filter": one,
                "value": self.request.GET.get(one.key, ""),
                "id": f"{self.name}-{one.key}",
            }
            for one in self.filters
        ]

    def export(self) -> HttpResponse | None:
        """Give the CSV when the address asks for it, else None; call it before rendering.

        It streams; it is typed as what views hand on.
        """
        if self.request.GET.get("export") != "csv" or not self.filename:
            return None
        columns = [column for column in self.columns if column.export]

        def chunks() -> Iterator[str]:
            writer = csv.writer(_Echo(), lineterminator="\r\n")
            yield "\ufeff" + writer.writerow([str(column.title) for column in columns])
            for row in self._all_rows():
                yield writer.writerow([column.exported(column.read(row)) for column in columns])

        response = StreamingHttpResponse(chunks(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.filename}.csv"'
        return cast("HttpResponse", response)

    # How it is done

    def _cell(self, column: Column, row: Any) -> Cell:
        mark = column.status(row)[1] if column.status is not None else ""
        value = column.read(row)
        url = column.link(row) if column.link is not None else None
        return Cell(column=column, value=value, text=column.written(value), url=url, mark=mark)

    def _all_rows(self) -> Iterable[Any]:
        if not isinstance(self.filtered, QuerySet):
            return self._sorted_list()
        name, down = self._sort_field()
        rows = self.filtered.order_by(*self._ordering(name, down=down, backward=False))
        return self._filled(rows[:EXPORT_LIMIT].iterator(chunk_size=EXPORT_SLICE))

    def _filled(self, rows: Iterable[Any]) -> Iterator[Any]:
        for some in batched(rows, EXPORT_SLICE):
            if self.on_page is not None:
                self.on_page(some)
            yield from some

    def _sorted_list(self) -> list[Any]:
        column, down = self.sort
        if column is None:
            return list(self.filtered)
        known = [row for row in self.filtered if column.read(row) is not None]
        unknown = [row for row in self.filtered if column.read(row) is None]
        return sorted(known, key=column.read, reverse=down) + unknown

    def _sort_field(self) -> tuple[str, bool]:
        column, down = self.sort
        if column is None or not isinstance(column.sort, str):
            return "pk", True
        return column.sort, down

    @staticmethod
    def _ordering(name: str, *, down: bool, backward: bool) -> list[Any]:
        falling = down != backward
        key = "-pk" if falling else "pk"
        if name == "pk":
            return [key]
        # Unknown values stand last in both directions; a page backward reads them first.
        nulls: dict[str, Any] = {"nulls_first": True} if backward else {"nulls_last": True}
        sign = F(name).desc(**nulls) if falling else F(name).asc(**nulls)
        return [sign, key]

    @cached_property
    def _page(self) -> tuple[list[Any], str, str]:
        rows, later, earlier = self._read_page()
        if self.on_page is not None:
            self.on_page(rows)
        return rows, later, earlier

    def _read_page(self) -> tuple[list[Any], str, str]:
        if not isinstance(self.filtered, QuerySet):
            return self._sorted_list(), "", ""
        name, down = self._sort_field()
        after, before = self.request.GET.get("after", ""), self.request.GET.get("before", "")
        backward = bool(before) and not after
        rows = self.filtered.order_by(*self._ordering(name, down=down, backward=backward))
        if after or before:
            rows = rows.filter(self._beyond(name, after or before, down=down, backward=backward))
        found = list(rows[: self.page_size + 1])
        more = len(found) > self.page_size
        found = found[: self.page_size]
        if backward:
            found.reverse()
        if not found:
            return [], "", ""
        has_next, has_previous = (True, more) if backward else (more, bool(after))
        next_url = self._url(after=self._cursor(found[-1], name)) if has_next else ""
        previous_url = self._url(before=self._cursor(found[0], name)) if has_previous else ""
        return found, next_url, previous_url

    def _cursor(self, row: Model, name: str) -> str:
        value: Any = row
        for part in () if name == "pk" else name.split("__"):
            value = getattr(value, part, None)
        plain = None if name == "pk" else _to_json(value)
        text = json.dumps([plain, row.pk], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _beyond(self, name: str, cursor: str, *, down: bool, backward: bool) -> Q:
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            value, key = json.loads(base64.urlsafe_b64decode(padded.encode()))
            key = int(key)
        except (ValueError, TypeError) as error:
            raise CursorMistyped(
                _("The address of this page is not complete."),
                mend=_("Open the list again from the menu."),
            ) from error
        falling = down != backward
        past_key = Q(pk__lt=key) if falling else Q(pk__gt=key)
        if name == "pk":
            return past_key
        if value is None:
            same = Q(**{f"{name}__isnull": True}) & past_key
            return same | Q(**{f"{name}__isnull": False}) if backward else same
        further = Q(**{f"{name}__{'lt' if falling else 'gt'}": value})
        unknown = Q() if backward else Q(**{f"{name}__isnull": True})
        beyond = further | (Q(**{name: value}) & past_key)
        return beyond | unknown if unknown else beyond

    def _url(self, *, without: str = "", **changes: str) -> str:
        kept = {
            key: value
            for key, value in self.request.GET.items()
            if key not in {"after", "before", "export", without} and value
        }
        kept.update(changes)
        query = urlencode(kept)
        return f"{self.request.path}?{query}" if query else self.request.path


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Give the rows in lists of at most `size`."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


class _Echo:
    """A file that hands back what is written to it, for streaming CSV."""

    def write(self, text: str) -> str:
        return text


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
