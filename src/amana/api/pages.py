"""Lists of the API, page by page, by a cursor that survives rows being added."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from ninja import Schema

MOST_ROWS = 500


class Page(Schema):
    """A page of a list: its items and the cursor of the next page, or null at the end."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def page_of(
    rows: QuerySet[Any], *, render: Any, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Give one page of rows in the order of their keys.

    Args:
        rows: any queryset; it is put in the order of its primary key.
        render: function from a row to a dictionary.
        cursor: the `next_cursor` of the page before.
        limit: rows a page, at most 500.
    """
    size = max(1, min(limit, MOST_ROWS))
    rows = rows.order_by("pk")
    if cursor:
        rows = rows.filter(pk__gt=int(cursor) if cursor.isdigit() else 0)
    found = list(rows[: size + 1])
    more = len(found) > size
    return {
        "items": [render(row) for row in found[:size]],
        "next_cursor": str(found[size - 1].pk) if more else None,
    }
