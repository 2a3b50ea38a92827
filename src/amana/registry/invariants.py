"""What must always hold of people and groups, beyond what constraints say."""

from __future__ import annotations

from django.db import connection

from amana.kernel.invariants import FOUND_MAX, invariant


def _references(query: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"{query} LIMIT {FOUND_MAX}")
        return [row[0] for row in cursor.fetchall()]


@invariant("registry.one_usual_group", "Nobody was usual in two groups at the same time")
def find_usual_overlaps() -> list[str]:
    """List people whose usual memberships overlap, in the past too."""
    return _references(
        """
        SELECT DISTINCT p.reference
          FROM registry_membership a
          JOIN registry_membership b ON b.person_id = a.person_id AND b.id > a.id
                                    AND b.presence = 'USUAL'
          JOIN registry_person p ON p.id = a.person_id
         WHERE a.presence = 'USUAL'
           AND daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to)
        """
    )


@invariant("registry.usual_group_on_person", "A person's row names the group they are usual in")
def find_stale_groups() -> list[str]:
    """List people, not merged away, whose row names another group than their open membership."""
    return _references(
        """
        SELECT p.reference
          FROM registry_person p
          LEFT JOIN registry_membership m
            ON m.person_id = p.id AND m.presence = 'USUAL' AND m.valid_to IS NULL
         WHERE p.survivor_id IS NULL AND p.group_id IS DISTINCT FROM m.group_id
        """
    )


@invariant("registry.one_survivor", "A record that stays after a merge was not merged away itself")
def find_survivor_chains() -> list[str]:
    """List people whose survivor has a survivor."""
    return _references(
        """
        SELECT p.reference
          FROM registry_person p JOIN registry_person s ON s.id = p.survivor_id
         WHERE s.survivor_id IS NOT NULL
        """
    )


_FITS = """
    CASE v.type
        WHEN 'boolean' THEN jsonb_typeof(f.value) = 'boolean'
        WHEN 'integer' THEN f.value #>> '{}' ~ '^-?[0-9]+$'
        WHEN 'money' THEN f.value #>> '{}' ~ '^-?[0-9]+$'
        WHEN 'decimal' THEN f.value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$'
        WHEN 'date' THEN f.value #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        WHEN 'code' THEN l.codes @> jsonb_build_array(jsonb_build_object('code', f.value))
        ELSE jsonb_typeof(f.value) = 'string'
    END"""


@invariant(
    "registry.facts_fit", "Every fact is of its variable's type, and every code is in its list"
)
def find_facts_that_do_not_fit() -> list[str]:
    """List people and households with a fact that no variable explains, as “HH-… roof”."""
    return _references(
        f"""
        SELECT s.reference || ' ' || f.key
          FROM (SELECT reference, 'person' AS grain, facts FROM registry_person
                UNION ALL SELECT reference, 'household', facts FROM registry_group) s
         CROSS JOIN LATERAL jsonb_each(s.facts) f
          LEFT JOIN registry_variable v ON v.code = f.key AND v.grain = s.grain
          LEFT JOIN registry_codelist l ON l.id = v.code_list_id
         WHERE f.value <> 'null'::jsonb AND NOT v.is_list AND v.period = ''
           AND NOT COALESCE({_FITS}, false)
            OR v.id IS NULL
        """
    )
