"""Merging evidence about people and households that the registry knows already.

The rule of each answer: evidence of a later or the same day takes effect; older evidence loses to
what is known, and fills in what is not. An answer that the evidence does not give changes nothing.
The row keeps the submission and day of its newest evidence; `provenance` names the variables that
come from elsewhere. What became of each answer that did not simply take effect is kept with the
submission: SAME (already known, now confirmed) or LOST (newer evidence says otherwise).

A person who is usual elsewhere in newer evidence moves: the old membership ends on the day of the
interview. When two records of one human are usual in two households of one batch, the later
interview counts, then where they live already. Members that the evidence does not mention stay:
silence is not evidence of leaving.

All in SQL over the rows of one batch; nothing loops over people.
"""

from __future__ import annotations

from typing import Final

from amana.places.bulk import cursor
from amana.registry.evidence import Batch

_FACTS: Final = """
CREATE TEMP TABLE merged_{kind} ON COMMIT DROP AS
WITH answers AS (
    SELECT b.id, b.sid, b.told_on, b.facts_text, a.key, a.value, t.facts -> a.key AS old,
           coalesce((t.provenance -> a.key ->> 1)::date, t.facts_on) AS old_on
    FROM batch_{kind} b JOIN {table} t ON t.id = b.id CROSS JOIN LATERAL jsonb_each(b.facts_text) a
), judged AS (
    SELECT *, CASE WHEN old IS NOT NULL AND old_on > told_on THEN 'LOST'
                   WHEN old = value THEN 'SAME' END AS outcome
    FROM answers
), sums AS (
    SELECT id,
           jsonb_object_agg(key, CASE WHEN jsonb_typeof(old) = 'object'
                    AND jsonb_typeof(value) = 'object' THEN old || value ELSE value END)
               FILTER (WHERE outcome IS DISTINCT FROM 'LOST') AS took,
           jsonb_object_agg(key, jsonb_build_array(outcome, CASE outcome
                    WHEN 'LOST' THEN 'newer evidence of ' || old_on ELSE '' END))
               FILTER (WHERE outcome IS NOT NULL) AS outcomes
    FROM judged GROUP BY id
)
SELECT b.id, b.sid, b.told_on, newest, t.facts || coalesce(s.took, '{{}}') AS facts, s.outcomes,
       CASE WHEN newest THEN (
           SELECT jsonb_object_agg(k, coalesce(t.provenance -> k,
                                               jsonb_build_array(t.submission_id, t.facts_on)))
           FROM jsonb_object_keys(t.facts) k WHERE NOT coalesce(s.took, '{{}}') ? k)
       ELSE nullif(coalesce(t.provenance, '{{}}') || coalesce((
           SELECT jsonb_object_agg(k, jsonb_build_array(b.sid, b.told_on))
           FROM jsonb_object_keys(coalesce(s.took, '{{}}')) k), '{{}}'), '{{}}') END AS provenance
FROM batch_{kind} b JOIN {table} t ON t.id = b.id LEFT JOIN sums s ON s.id = b.id
CROSS JOIN LATERAL (SELECT coalesce(t.facts_on <= b.told_on, true) AS newest) n
"""

_DROP: Final = """
DROP TABLE IF EXISTS pg_temp.batch_group, pg_temp.batch_person, pg_temp.batch_member,
    pg_temp.batch_affected, pg_temp.batch_key, pg_temp.batch_submission, pg_temp.batch_outcomes,
    pg_temp.batch_phone, pg_temp.batch_account, pg_temp.merged_group, pg_temp.merged_person;
"""

_STAGE: Final = """
CREATE TEMP TABLE batch_group (
    id bigint PRIMARY KEY, sid bigint, told_on date, facts_text jsonb, name text, tokens text[],
    area_id bigint, residence text, address text, landmark text
) ON COMMIT DROP;
CREATE TEMP TABLE batch_person (
    id bigint PRIMARY KEY, sid bigint, told_on date, facts_text jsonb, sex text,
    birth_earliest date, birth_latest date, birth_known text, birth_stated text, name text,
    tokens text[], area_id bigint, line text
) ON COMMIT DROP;
CREATE TEMP TABLE batch_member (
    person_id bigint, group_id bigint, role text, presence text, told_on date, sid bigint
) ON COMMIT DROP;
CREATE TEMP TABLE batch_affected (group_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE batch_key (
    external_id text, is_group boolean, row_sha256 bytea
) ON COMMIT DROP;
CREATE TEMP TABLE batch_submission (LIKE registry_submission) ON COMMIT DROP;
ALTER TABLE batch_submission DROP COLUMN reference, ALTER COLUMN outcomes DROP NOT NULL;
"""

_OUTCOMES: Final = """
CREATE TEMP TABLE batch_outcomes ON COMMIT DROP AS
SELECT sid, jsonb_object_agg(line, outcomes) AS outcomes FROM (
    SELECT sid, '' AS line, outcomes FROM merged_group WHERE outcomes IS NOT NULL
    UNION ALL
    SELECT m.sid, b.line, coalesce(m.outcomes, '{}') || jsonb_strip_nulls(jsonb_build_object(
        'sex', CASE WHEN NOT m.newest AND b.sex <> '' AND t.sex <> '' AND b.sex <> t.sex
                    THEN jsonb_build_array('LOST', 'newer evidence of ' || t.facts_on) END,
        'birth', CASE WHEN NOT m.newest AND b.birth_earliest IS NOT NULL
                       AND t.birth_earliest IS NOT NULL
                       AND (b.birth_earliest, b.birth_latest) <> (t.birth_earliest, t.birth_latest)
                    THEN jsonb_build_array('LOST', 'newer evidence of ' || t.facts_on) END,
        'name', CASE WHEN NOT m.newest AND b.name <> '' AND t.display_name <> ''
                      AND b.name <> t.display_name
                    THEN jsonb_build_array('LOST', 'newer evidence of ' || t.facts_on) END))
    FROM merged_person m JOIN batch_person b ON b.id = m.id JOIN registry_person t ON t.id = m.id
) each WHERE outcomes <> '{}' GROUP BY sid
"""

_GROUPS: Final = """
INSERT INTO registry_residence (group_id, kind, area_id, address, landmark, valid_from, valid_to,
                                recorded_at, submission_id)
SELECT t.id, 'FIXED', t.area_id, '', '', least(t.facts_on, b.told_on), b.told_on, %(at)s,
       t.submission_id
FROM batch_group b JOIN merged_group m ON m.id = b.id JOIN registry_group t ON t.id = b.id
WHERE m.newest AND t.area_id IS NOT NULL AND b.area_id <> t.area_id
  AND NOT EXISTS (SELECT 1 FROM registry_residence r
                  WHERE r.group_id = t.id AND r.valid_to IS NULL);

UPDATE registry_residence r SET valid_to = b.told_on
FROM batch_group b JOIN merged_group m ON m.id = b.id
WHERE r.group_id = b.id AND r.valid_to IS NULL AND m.newest AND r.valid_from <= b.told_on
  AND (r.kind, coalesce(r.area_id, 0), r.address, r.landmark)
      IS DISTINCT FROM (b.residence, coalesce(b.area_id, r.area_id, 0), b.address, b.landmark);

INSERT INTO registry_residence (group_id, kind, area_id, address, landmark, valid_from,
                                recorded_at, submission_id)
SELECT b.id, b.residence, coalesce(b.area_id, t.area_id), b.address, b.landmark, b.told_on, %(at)s,
       b.sid
FROM batch_group b JOIN merged_group m ON m.id = b.id JOIN registry_group t ON t.id = b.id
WHERE m.newest AND (b.residence <> 'FIXED' OR b.address <> '' OR b.landmark <> ''
                    OR b.area_id <> t.area_id)
  AND NOT EXISTS (SELECT 1 FROM registry_residence r
                  WHERE r.group_id = b.id AND r.valid_to IS NULL);

UPDATE registry_group t SET
    facts = m.facts, provenance = m.provenance,
    facts_on = CASE WHEN m.newest THEN m.told_on ELSE t.facts_on END,
    submission_id = CASE WHEN m.newest THEN m.sid ELSE t.submission_id END,
    area_id = CASE WHEN m.newest THEN coalesce(b.area_id, t.area_id)
                   ELSE coalesce(t.area_id, b.area_id) END,
    display_name = CASE WHEN b.name <> '' AND (m.newest OR t.display_name = '')
                        THEN b.name ELSE t.display_name END,
    search_tokens = CASE WHEN b.name <> '' AND (m.newest OR t.display_name = '')
                         THEN b.tokens ELSE t.search_tokens END
FROM batch_group b JOIN merged_group m ON m.id = b.id WHERE t.id = b.id;

UPDATE registry_person p SET area_id = t.area_id
FROM registry_group t JOIN batch_group b ON b.id = t.id
WHERE p.group_id = t.id AND p.area_id IS DISTINCT FROM t.area_id;
"""

_PEOPLE: Final = """
INSERT INTO registry_personname (person_id, kind, "full", given, family, script, valid_to,
                                 submission_id)
SELECT t.id, 'ALIAS', t.display_name, '', '', '', b.told_on, t.submission_id
FROM batch_person b JOIN merged_person m ON m.id = b.id JOIN registry_person t ON t.id = b.id
WHERE m.newest AND b.name <> '' AND t.display_name <> '' AND b.name <> t.display_name;

UPDATE registry_person t SET
    facts = m.facts, provenance = m.provenance,
    facts_on = CASE WHEN m.newest THEN m.told_on ELSE t.facts_on END,
    submission_id = CASE WHEN m.newest THEN m.sid ELSE t.submission_id END,
    sex = CASE WHEN b.sex <> '' AND (m.newest OR t.sex = '') THEN b.sex ELSE t.sex END,
    birth_earliest = CASE WHEN birth THEN b.birth_earliest ELSE t.birth_earliest END,
    birth_latest = CASE WHEN birth THEN b.birth_latest ELSE t.birth_latest END,
    birth_known = CASE WHEN birth THEN b.birth_known ELSE t.birth_known END,
    birth_stated = CASE WHEN birth THEN b.birth_stated ELSE t.birth_stated END,
    display_name = CASE WHEN renamed THEN b.name ELSE t.display_name END,
    search_tokens = CASE WHEN renamed THEN (
        SELECT array_agg(DISTINCT token ORDER BY token)
        FROM unnest(t.search_tokens || b.tokens) AS token) ELSE t.search_tokens END,
    area_id = CASE WHEN t.group_id IS NULL AND m.newest THEN coalesce(b.area_id, t.area_id)
                   ELSE coalesce(t.area_id, b.area_id) END
FROM (SELECT b.*, b.birth_earliest IS NOT NULL AND (m.newest OR p.birth_earliest IS NULL) AS birth,
             b.name <> '' AND (m.newest OR p.display_name = '') AS renamed
      FROM batch_person b JOIN merged_person m ON m.id = b.id JOIN registry_person p ON p.id = b.id
     ) b JOIN merged_person m ON m.id = b.id
WHERE t.id = b.id;
"""

_MEMBERS: Final = """
DELETE FROM batch_member WHERE ctid IN (
    SELECT place FROM (
        SELECT b.ctid AS place, row_number() OVER (
                   PARTITION BY b.person_id
                   ORDER BY b.told_on DESC, (m.id IS NOT NULL) DESC, b.group_id) AS n
        FROM batch_member b
        LEFT JOIN registry_membership m ON m.person_id = b.person_id AND m.group_id = b.group_id
             AND m.valid_to IS NULL AND m.presence = 'USUAL'
        WHERE b.presence = 'USUAL') ranked
    WHERE n > 1);

DELETE FROM batch_member b USING registry_membership m
WHERE m.person_id = b.person_id AND m.valid_to IS NULL AND m.valid_from > b.told_on
  AND (m.group_id = b.group_id OR (m.presence = 'USUAL' AND b.presence = 'USUAL'));

WITH ended AS (
    UPDATE registry_membership m SET valid_to = b.told_on, ended_at = %(at)s
    FROM batch_member b
    WHERE m.person_id = b.person_id AND m.valid_to IS NULL
      AND ((m.group_id = b.group_id AND (m.role, m.presence) <> (b.role, b.presence))
           OR (m.group_id <> b.group_id AND m.presence = 'USUAL' AND b.presence = 'USUAL'))
    RETURNING m.group_id
)
INSERT INTO batch_affected SELECT DISTINCT group_id FROM ended;

INSERT INTO registry_membership (person_id, group_id, role, presence, valid_from, recorded_at,
                                 submission_id)
SELECT DISTINCT ON (b.person_id, b.group_id) b.person_id, b.group_id, b.role, b.presence,
       b.told_on, %(at)s, b.sid
FROM batch_member b
WHERE NOT EXISTS (SELECT 1 FROM registry_membership m WHERE m.person_id = b.person_id
                  AND m.group_id = b.group_id AND m.valid_to IS NULL);

INSERT INTO batch_affected SELECT DISTINCT group_id FROM batch_member;

UPDATE registry_person p SET group_id = now.group_id,
       area_id = coalesce(now.area_id, p.area_id)
FROM (SELECT DISTINCT b.person_id, m.group_id, g.area_id FROM batch_member b
      LEFT JOIN registry_membership m ON m.person_id = b.person_id AND m.valid_to IS NULL
                                     AND m.presence = 'USUAL'
      LEFT JOIN registry_group g ON g.id = m.group_id) now
WHERE p.id = now.person_id
  AND (p.group_id IS DISTINCT FROM now.group_id
       OR p.area_id IS DISTINCT FROM coalesce(now.area_id, p.area_id));

UPDATE registry_group g SET usual_count = c.n
FROM (SELECT a.group_id, count(m.id) AS n FROM (SELECT DISTINCT group_id FROM batch_affected) a
      LEFT JOIN registry_membership m ON m.group_id = a.group_id AND m.valid_to IS NULL
                                     AND m.presence = 'USUAL'
      GROUP BY 1) c
WHERE g.id = c.group_id AND g.usual_count <> c.n;
"""

_KEYS: Final = """
UPDATE registry_sourcekey k SET row_sha256 = b.row_sha256
FROM batch_key b
WHERE k.source = %(source)s AND k.external_id = b.external_id
  AND (k.group_id IS NOT NULL) = b.is_group;
"""

_NUMBERS: Final = """
INSERT INTO registry_phone (person_id, number, number_hash, whose, valid_from)
SELECT person_id, number, number_hash, whose, valid_from FROM batch_phone
ON CONFLICT DO NOTHING;

INSERT INTO registry_account (person_id, channel, number, number_hash, number_end, holder, status,
                              preference, valid_from, recorded_at, submission_id)
SELECT b.person_id, b.channel, b.number, b.number_hash, b.number_end, b.holder, b.status,
       1 + (SELECT count(*) FROM registry_account a
            WHERE a.person_id = b.person_id AND a.valid_to IS NULL),
       b.valid_from, b.recorded_at, b.submission_id
FROM batch_account b
ON CONFLICT DO NOTHING;
"""


def write_merged(batch: Batch) -> None:
    """Write a batch in which some people or households are known already.

    Stages what changed, judges each answer, writes the submissions with their outcomes, then what
    is new, then what changed.
    """
    _run(_DROP)
    _run(_STAGE)
    batch.name_all()
    _stage(batch)
    for kind in ("group", "person"):
        _run(f"ANALYZE batch_{kind}")
        _run(_FACTS.format(kind=kind, table=f"registry_{kind}"))
        # Without index and statistics, what joins this table next is planned for a few rows.
        _run(f"CREATE UNIQUE INDEX ON merged_{kind} (id);\nANALYZE merged_{kind}")
    _run("ANALYZE batch_member;\nANALYZE batch_key")
    _run(_OUTCOMES)
    batch.copy("batch_submission", batch.submission_rows())
    columns = _columns("batch_submission", leave="outcomes")
    _run(
        f"""
        INSERT INTO registry_submission ({columns}, outcomes)
        SELECT {", ".join(f"b.{name}" for name in columns.split(", "))}, o.outcomes
        FROM batch_submission b LEFT JOIN batch_outcomes o ON o.sid = b.id
        """
    )
    batch.write_new()
    values = {"at": batch.at, "source": batch.origin.source}
    _run(_GROUPS, values)
    _run(_PEOPLE, values)
    _run(_MEMBERS, values)
    _run(_KEYS, values)
    for kind in ("phone", "account"):
        _run(
            f"CREATE TEMP TABLE batch_{kind} (LIKE registry_{kind}) ON COMMIT DROP;"
            f"ALTER TABLE batch_{kind} ALTER COLUMN id DROP NOT NULL"
        )
    _run("ALTER TABLE batch_account DROP COLUMN reference")
    batch.write_phones("NOT x.is_new AND x.differs", "batch_phone")
    batch.write_accounts("NOT x.is_new AND x.differs", "batch_account")
    _run(_NUMBERS)


def _stage(batch: Batch) -> None:
    batch.copy(
        "batch_group",
        """
        SELECT x.id, x.sid, h.collected_on AS told_on, h.facts AS facts_text, h.name,
               coalesce(t.tokens, '{}') AS tokens, h.area_id, h.residence, h.address, h.landmark
        FROM gx x JOIN households h ON h.hkey = x.hkey LEFT JOIN group_tokens t ON t.hkey = x.hkey
        WHERE NOT x.is_new AND x.differs
        """,
    )
    batch.copy(
        "batch_person",
        """
        SELECT DISTINCT ON (x.id) x.id, x.sid, p.collected_on AS told_on, p.facts AS facts_text,
               p.sex, p.birth_earliest, p.birth_latest, p.birth_known, p.birth_stated,
               coalesce(n.display_name, '') AS name, coalesce(n.tokens, '{}') AS tokens, p.area_id,
               x.pkey AS line
        FROM px x JOIN people p ON p."row" = x."row" LEFT JOIN person_names n ON n.pkey = x.pkey
        WHERE NOT x.is_new AND x.differs ORDER BY x.id, x."row"
        """,
    )
    batch.copy(
        "batch_member",
        """
        SELECT x.id AS person_id, g.id AS group_id, p.role, p.presence, p.collected_on AS told_on,
               g.sid
        FROM people p JOIN px x ON x.pkey = p.pkey JOIN gx g ON g.hkey = p.hkey
        WHERE NOT x.is_new AND x.differs
        """,
    )
    batch.copy(
        "batch_key",
        """
        SELECT hkey AS external_id, true AS is_group, '\\x' || sha AS row_sha256 FROM gx
        WHERE NOT is_new AND differs
        UNION ALL
        SELECT pkey, false, '\\x' || sha FROM px WHERE NOT is_new AND differs
        """,
    )
    batch.copy(
        "batch_affected",
        """
        SELECT DISTINCT g.id AS group_id
        FROM m JOIN px x ON x.pkey = m.pkey JOIN gx g ON g.hkey = m.hkey
        WHERE x.is_new AND NOT g.is_new
        """,
    )


def _run(statements: str, values: dict[str, object] | None = None) -> None:
    """Run statements one by one: each takes the parameters it names.

    The history's triggers join the rows before and after an update. PostgreSQL keeps the plan of
    their first call in a session, and one made for a few rows is quadratic for many: so plans are
    forgotten before each update.
    """
    with cursor() as cur:
        for statement in statements.split(";\n"):
            if statement.strip():
                used = {k: v for k, v in (values or {}).items() if f"%({k})s" in statement}
                if "UPDATE registry_" in statement:
                    cur.execute("DISCARD PLANS")
                cur.execute(statement, used or None)


def _columns(table: str, *, leave: str) -> str:
    with cursor() as cur:
        cur.execute(f"SELECT * FROM {table} LIMIT 0")
        return ", ".join(c.name for c in cur.description if c.name != leave)
