"""What must always hold of areas, beyond what constraints say."""

from __future__ import annotations

from django.db import connection

from amana.kernel.invariants import FOUND_MAX, invariant


@invariant("places.path", "An area's path lists its ancestors from the top, ending with itself")
def find_wrong_paths() -> list[str]:
    """List areas whose path does not follow their parents, circles included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE tree AS (
                SELECT id, ARRAY[id] AS path FROM places_area WHERE parent_id IS NULL
                UNION ALL
                SELECT c.id, t.path || c.id FROM places_area c JOIN tree t ON c.parent_id = t.id
            )
            SELECT a.code FROM places_area a LEFT JOIN tree t ON t.id = a.id
            WHERE t.path IS DISTINCT FROM a.path ORDER BY a.code LIMIT %s
            """,
            [FOUND_MAX],
        )
        return [row[0] for row in cursor.fetchall()]


@invariant("places.one_at_a_time", "A code is one area at a time")
def find_overlaps() -> list[str]:
    """List codes that two areas bear on the same day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT a.code FROM places_area a
            JOIN places_area b ON b.code = a.code AND b.id > a.id
            WHERE daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)
            LIMIT %s
            """,
            [FOUND_MAX],
        )
        return [row[0] for row in cursor.fetchall()]
