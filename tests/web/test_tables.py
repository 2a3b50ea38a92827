"""Lists: pages by cursor in every order, filters, exports that no spreadsheet runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import RequestFactory

from amana.registry.models import Group
from amana.web.tables import Column, CursorMistyped, Empty, Filter, Table
from tests.web.people import RECORDED

COLUMNS = (
    Column("display_name", "Name", sort="display_name"),
    Column("facts_on", "Facts of", kind="date", sort="facts_on"),
    Column("usual_count", "People", kind="number", sort="usual_count"),
)


def table_at(address: str, rows: object = None, **more: object) -> Table:
    request = RequestFactory().get(address)
    return Table(
        request,
        rows=Group.objects.all() if rows is None else rows,
        columns=more.pop("columns", COLUMNS),  # type: ignore[arg-type]
        count_words=lambda n, text: f"{text} things",
        empty=Empty("Nothing"),
        page_size=7,
        filename="groups",
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def groups(db: None) -> None:
    Group.objects.bulk_create(
        Group(
            display_name=f"Name {number % 4}",
            facts_on=None if number % 3 == 0 else date(2026, 1, 1 + number % 5),
            usual_count=number % 6,
            registered_at=RECORDED,
        )
        for number in range(30)
    )


def walk(start: str, step: Callable[[Table], str]) -> list[list[int]]:
    pages, address = [], start
    while address:
        table = table_at(address)
        pages.append([row.pk for row in table.page])
        address = step(table)
        assert len(pages) < 20
    return pages


@pytest.mark.parametrize(
    "sort", ["", "display_name", "-display_name", "facts_on", "-facts_on", "usual_count"]
)
def test_every_row_is_on_one_page_in_every_order(groups: None, sort: str) -> None:
    start = f"/x?sort={sort}"
    pages = walk(start, lambda table: table.next_url)
    seen = [key for page in pages for key in page]
    assert len(seen) == 30
    assert len(set(seen)) == 30
    # And the way back shows the same pages.
    last = f"/x?sort={sort}&after=" + _cursor_of_last_page(start)
    back = walk(last, lambda table: table.previous_url)
    assert [key for page in reversed(back) for key in page] == seen


def _cursor_of_last_page(start: str) -> str:
    address, cursor = start, ""
    while address:
        cursor = parse_qs(urlsplit(address).query).get("after", [""])[0]
        address = table_at(address).next_url
    return cursor


def test_unknown_values_stand_last_in_both_directions(groups: None) -> None:
    for sort in ("facts_on", "-facts_on"):
        seen = [
            Group.objects.get(pk=key).facts_on
            for page in walk(f"/x?sort={sort}", lambda table: table.next_url)
            for key in page
        ]
        assert [value is None for value in seen] == [False] * 20 + [True] * 10


def test_a_cursor_that_cannot_be_is_refused_in_words(groups: None) -> None:
    with pytest.raises(CursorMistyped, match="not complete"):
        _ = table_at("/x?after=!!").page


def test_an_applied_filter_is_shown_and_can_be_taken_away(groups: None) -> None:
    by_name = Filter("q", "Name", lambda rows, v: rows.filter(display_name=v))
    table = table_at("/x?q=Name+1&sort=usual_count&after=abc", filters=(by_name,))
    assert [entry["label"] for entry in table.applied] == ["Name 1"]
    assert table.applied[0]["url"] == "/x?sort=usual_count"
    assert table.count == 8  # numbers 1, 5, … 29


def test_a_filter_value_outside_its_choices_is_ignored(groups: None) -> None:
    sized = Filter("n", "Size", lambda rows, v: rows.filter(usual_count=v), choices=[("1", "one")])
    assert table_at("/x?n=DROP", filters=(sized,)).count == 30


def test_an_export_never_begins_a_cell_like_a_formula() -> None:
    rows = [{"display_name": "=cmd()", "facts_on": date(2026, 1, 2), "usual_count": -3}]
    answer = table_at("/x?export=csv", rows=rows).export()
    assert answer is not None
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    assert text == "Name,Facts of,People\r\n'=cmd(),2026-01-02,-3\r\n"


def test_money_is_exported_with_a_point_and_its_sign() -> None:
    money = Column("amount_minor", "Amount", kind="money", minor_digits=2)
    assert [money.exported(v) for v in (123456, -5, 0, None)] == ["1234.56", "-0.05", "0.00", ""]


def test_a_list_is_sorted_with_its_unknown_values_last() -> None:
    columns = (Column("n", "N", kind="number", sort=True),)
    rows = [{"n": 3}, {"n": None}, {"n": 1}]
    table = table_at("/x?sort=-n", rows=rows, columns=columns)
    assert [row["n"] for row in table.page] == [3, 1, None]
    assert re.search("descending", table.heads[0]["aria"])
