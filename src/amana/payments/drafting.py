"""The statements that turn what people are due into payments, for any number of people at once.

They work on temporary tables, in this order:

1. `due`: one row per enrolment and component that is to be paid now, new or carried forward.
2. `resolved`: who receives each, on which account, and whether it must be held.
3. entitlements, payments and lines, from `resolved`.

A payment gathers everything one payee gets on one account for one reason; what is held stands in
payments of its own, so that a hold on one grant never keeps back another.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = ("staged_amount", "staged_component", "staged_channel", "due", "resolved", "draft")

STAGING: Final = """
CREATE TEMP TABLE staged_amount (
    unit_id bigint NOT NULL, component text NOT NULL, amount_minor bigint
) ON COMMIT DROP;
CREATE TEMP TABLE staged_component (
    component text NOT NULL, coverage text NOT NULL, covers_from date NOT NULL, covers_to date
) ON COMMIT DROP;
"""

#: Channels of the programme, in the order it names them; the version in use of each.
STAGE_CHANNELS: Final = """
CREATE TEMP TABLE staged_channel ON COMMIT DROP AS
SELECT DISTINCT ON (c.id) c.code, v.id AS version_id,
       v.definition->>'account_scheme' = 'none' AS needs_no_account,
       array_position(%(channels)s::text[], c.code::text) AS position
FROM payments_channel c JOIN payments_channelversion v ON v.channel_id = c.id
WHERE c.code = ANY(%(channels)s) AND c.currency = %(currency)s
ORDER BY c.id, v.version DESC
"""

#: The column a unit's amounts are found by; a merged person is paid as the one who stands for them.
_UNIT: Final = "COALESCE(e.group_id, p.survivor_id, p.id)"

_ENROLLED: Final = """
    e.programme_id = %(programme)s AND e.state IN ('ACTIVE', 'SUSPENDED')
    AND e.active_from < %(covers_to)s
"""

ENROLLED_UNITS: Final = f"""
SELECT DISTINCT {_UNIT} AS unit_id
FROM programmes_enrolment e LEFT JOIN registry_person p ON p.id = e.person_id
WHERE {_ENROLLED}
"""

#: What is due and has no entitlement yet. A component of 0 is not due; an unknown one is not lost:
#: it becomes a shortfall.
DUE_TABLE: Final = "CREATE TEMP TABLE due ON COMMIT DROP"
DUE_NEW: Final = f"""
SELECT NULL::bigint AS entitlement_id, e.id AS enrolment_id, c.component, c.coverage,
       c.covers_from, c.covers_to, a.amount_minor, e.area_id,
       e.state <> 'ACTIVE' AS suspended, COALESCE(p.survivor_id, p.id) AS unit_person_id,
       COALESCE(s.death_status, p.death_status, '') AS unit_death,
       NULL::bigint AS refused_account_id, NULL::bigint AS old_payment_id
FROM programmes_enrolment e
CROSS JOIN staged_component c
LEFT JOIN registry_person p ON p.id = e.person_id
LEFT JOIN registry_person s ON s.id = p.survivor_id
JOIN staged_amount a ON a.unit_id = {_UNIT} AND a.component = c.component
WHERE {_ENROLLED} AND a.amount_minor > 0
  AND NOT EXISTS (
      SELECT 1 FROM payments_entitlement t
      WHERE t.enrolment_id = e.id AND t.component = c.component AND t.coverage = c.coverage
        AND t.voided_at IS NULL)
"""

SHORTFALLS: Final = f"""
INSERT INTO payments_shortfall (payroll_id, enrolment_id, component, reason)
SELECT %(payroll)s, e.id, c.component,
       CASE WHEN a.unit_id IS NULL THEN 'NOT_ASSESSED' ELSE 'AMOUNT_UNKNOWN' END
FROM programmes_enrolment e
CROSS JOIN staged_component c
LEFT JOIN registry_person p ON p.id = e.person_id
LEFT JOIN staged_amount a ON a.unit_id = {_UNIT} AND a.component = c.component
WHERE {_ENROLLED} AND a.amount_minor IS NULL
  AND NOT EXISTS (
      SELECT 1 FROM payments_entitlement t
      WHERE t.enrolment_id = e.id AND t.component = c.component AND t.coverage = c.coverage
        AND t.voided_at IS NULL)
"""

#: What earlier payrolls of the same period did not bring to the payee: rejected and returned, and
#: held when the payroll was frozen.
DUE_AGAIN: Final = """
CREATE TEMP TABLE due ON COMMIT DROP AS
SELECT t.id AS entitlement_id, e.id AS enrolment_id, t.component, t.coverage, t.covers_from,
       t.covers_to, t.amount_minor, e.area_id,
       e.state = 'SUSPENDED' OR COALESCE(e.exited_on <= t.covers_from, false) AS suspended,
       COALESCE(p.survivor_id, p.id) AS unit_person_id,
       COALESCE(s.death_status, p.death_status, '') AS unit_death,
       CASE WHEN pay.state IN ('REJECTED', 'RETURNED') AND last.reason_code LIKE 'AC%%'
            THEN pay.account_id END AS refused_account_id,
       pay.id AS old_payment_id
FROM payments_payment pay
JOIN payments_payroll r ON r.id = pay.payroll_id
JOIN payments_paymentline l ON l.payment_id = pay.id AND l.live
JOIN payments_entitlement t ON t.id = l.entitlement_id
JOIN programmes_enrolment e ON e.id = t.enrolment_id
LEFT JOIN registry_person p ON p.id = e.person_id
LEFT JOIN registry_person s ON s.id = p.survivor_id
LEFT JOIN LATERAL (
    SELECT v.reason_code FROM payments_paymentevent v
    WHERE v.payment_id = pay.id AND v.after = pay.state::text ORDER BY v.id DESC LIMIT 1
) last ON true
WHERE r.programme_id = %(programme)s AND r.period = %(period)s
  AND (pay.state IN ('REJECTED', 'RETURNED')
       OR (pay.state = 'HELD' AND r.state IN ('APPROVED', 'INSTRUCTED')))
"""

RESOLVE: Final = """
CREATE TEMP TABLE resolved ON COMMIT DROP AS
WITH payee AS (
    SELECT DISTINCT ON (r.enrolment_id) r.enrolment_id,
           COALESCE(p.survivor_id, p.id) AS person_id,
           COALESCE(s.display_name, p.display_name, '') AS name,
           COALESCE(s.death_status, p.death_status, '') AS death,
           r.organisation_id, o.name AS organisation_name
    FROM programmes_recipient r
    JOIN programmes_enrolment e ON e.id = r.enrolment_id
    LEFT JOIN registry_person p ON p.id = r.person_id
    LEFT JOIN registry_person s ON s.id = p.survivor_id
    LEFT JOIN places_organisation o ON o.id = r.organisation_id
    WHERE r.enrolment_id IN (SELECT enrolment_id FROM due)
      -- who left is still owed what was due before: the one who collected last collects it
      AND (r.valid_to IS NULL OR e.state = 'EXITED')
    ORDER BY r.enrolment_id, r.valid_to IS NULL DESC, r.id DESC
),
known AS (
    SELECT DISTINCT COALESCE(q.survivor_id, q.id) AS person_id, q.id AS row_id
    FROM registry_person q
    WHERE q.id IN (SELECT person_id FROM payee WHERE person_id IS NOT NULL)
       OR q.survivor_id IN (SELECT person_id FROM payee WHERE person_id IS NOT NULL)
),
account AS (
    SELECT DISTINCT ON (k.person_id) k.person_id, a.id, c.version_id
    FROM known k
    JOIN registry_account a ON a.person_id = k.row_id
    JOIN staged_channel c ON c.code = a.channel AND NOT c.needs_no_account
    WHERE a.valid_to IS NULL AND a.status <> 'REJECTED'
      AND a.id NOT IN (SELECT refused_account_id FROM due WHERE refused_account_id IS NOT NULL)
    ORDER BY k.person_id, a.preference, c.position, a.id DESC
),
organisation_account AS (
    SELECT DISTINCT ON (a.organisation_id) a.organisation_id, a.id, c.version_id
    FROM registry_account a
    JOIN staged_channel c ON c.code = a.channel AND NOT c.needs_no_account
    WHERE a.valid_to IS NULL AND a.status <> 'REJECTED'
      AND a.organisation_id IN (SELECT organisation_id FROM payee)
      AND a.id NOT IN (SELECT refused_account_id FROM due WHERE refused_account_id IS NOT NULL)
    ORDER BY a.organisation_id, a.preference, c.position, a.id DESC
),
counter AS (
    SELECT version_id FROM staged_channel WHERE needs_no_account ORDER BY position LIMIT 1
),
-- One human, or one group, under two enrolments: only one of them is paid for a coverage.
unit AS (
    SELECT o.id, o.state, COALESCE(o.group_id, -COALESCE(q.survivor_id, q.id)) AS unit_key
    FROM programmes_enrolment o LEFT JOIN registry_person q ON q.id = o.person_id
    WHERE o.programme_id = %(programme)s
),
shared AS (
    SELECT unit_key FROM unit GROUP BY unit_key HAVING count(*) > 1
),
twice AS (
    SELECT DISTINCT d.enrolment_id, d.component
    FROM due d
    JOIN unit u ON u.id = d.enrolment_id
    JOIN shared USING (unit_key)
    JOIN unit o ON o.unit_key = u.unit_key AND o.id <> u.id
    WHERE (o.id < u.id AND o.state <> 'EXITED')
       OR EXISTS (
           SELECT 1 FROM payments_entitlement t
           JOIN payments_paymentline l ON l.entitlement_id = t.id AND l.live
           WHERE t.enrolment_id = o.id AND t.component = d.component
             AND t.coverage = d.coverage AND t.voided_at IS NULL)
)
SELECT d.*, y.person_id AS payee_person_id, y.organisation_id AS payee_organisation_id,
       left(COALESCE(y.organisation_name, y.name, ''), 200) AS payee_name,
       COALESCE(a.id, oa.id) AS account_id,
       COALESCE(a.version_id, oa.version_id, (SELECT version_id FROM counter))
           AS channel_version_id,
       CASE WHEN d.suspended THEN 'SUSPENDED'
            WHEN d.unit_death <> '' OR y.death <> '' THEN 'DEATH_REPORTED'
            WHEN w.enrolment_id IS NOT NULL THEN 'SAME_PERSON_TWICE'
            WHEN y.person_id IS NULL AND y.organisation_id IS NULL THEN 'NO_RECIPIENT'
            WHEN a.id IS NULL AND oa.id IS NULL AND NOT EXISTS (SELECT 1 FROM counter)
                 THEN CASE WHEN d.refused_account_id IS NULL THEN 'NO_ACCOUNT'
                           ELSE 'ACCOUNT_REFUSED' END
            ELSE '' END AS held_reason
FROM due d
LEFT JOIN payee y ON y.enrolment_id = d.enrolment_id
LEFT JOIN twice w ON w.enrolment_id = d.enrolment_id AND w.component = d.component
LEFT JOIN account a ON a.person_id = y.person_id
LEFT JOIN organisation_account oa ON oa.organisation_id = y.organisation_id
"""

ENTITLE: Final = """
WITH made AS (
    INSERT INTO payments_entitlement
           (enrolment_id, component, coverage, covers_from, covers_to, amount_minor, currency,
            version_id, programme_id, area_id)
    SELECT enrolment_id, component, coverage, covers_from, covers_to, amount_minor, %(currency)s,
           %(version)s, %(programme)s, area_id
    FROM resolved WHERE entitlement_id IS NULL
    ORDER BY enrolment_id, component
    RETURNING id, enrolment_id, component, coverage
)
UPDATE resolved r SET entitlement_id = made.id
FROM made
WHERE r.entitlement_id IS NULL AND r.enrolment_id = made.enrolment_id
  AND r.component = made.component AND r.coverage = made.coverage
"""

DRAFT: Final = """
CREATE TEMP TABLE draft ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('payments_payment', 'id')) AS id, grouped.*
FROM (
    SELECT payee_person_id, payee_organisation_id, account_id, channel_version_id, held_reason,
           CASE WHEN payee_person_id IS NULL AND payee_organisation_id IS NULL
                THEN enrolment_id END AS alone_id,
           min(payee_name) AS payee_name, min(area_id) AS area_id,
           sum(amount_minor)::bigint AS amount_minor, array_agg(entitlement_id) AS entitlements
    FROM resolved
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY min(area_id), min(enrolment_id)
) grouped
"""

PAY: Final = """
INSERT INTO payments_payment
       (id, payroll_id, payee_person_id, payee_organisation_id, payee_name, account_id,
        channel_version_id, area_id, amount_minor, currency, state, held_reason)
SELECT id, %(payroll)s, payee_person_id, payee_organisation_id, payee_name, account_id,
       channel_version_id, area_id, amount_minor, %(currency)s,
       CASE held_reason WHEN '' THEN 'PREPARED' ELSE 'HELD' END, held_reason
FROM draft ORDER BY id
"""

LINES: Final = """
INSERT INTO payments_paymentline (payment_id, entitlement_id, amount_minor, live)
SELECT d.id, t.id, r.amount_minor, true
FROM draft d
CROSS JOIN LATERAL unnest(d.entitlements) AS t(id)
JOIN resolved r ON r.entitlement_id = t.id
ORDER BY d.id, t.id
"""

COUNTS: Final = """
SELECT count(*), COALESCE(sum(amount_minor), 0), count(*) FILTER (WHERE held_reason <> ''),
       COALESCE(sum(amount_minor) FILTER (WHERE held_reason <> ''), 0)
FROM draft
"""
