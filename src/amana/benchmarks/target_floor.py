"""The floor of the benchmark `target`: SQL as a careful analyst writes it, three-valued.

Nothing here is made by the engine. Its result has the same columns, rows and order.
"""

FLOOR = """
WITH p AS (
    SELECT group_id, receives, in_school, disability, income,
           CASE WHEN birth_earliest > DATE '2021-07-01' THEN true
                WHEN birth_latest <= DATE '2021-07-01' THEN false END AS under5,
           CASE WHEN birth_earliest > DATE '2020-07-01' THEN true
                WHEN birth_latest <= DATE '2020-07-01' THEN false END AS under6,
           CASE WHEN birth_earliest > DATE '2011-07-01' THEN true
                WHEN birth_latest <= DATE '2011-07-01' THEN false END AS under15,
           CASE WHEN birth_earliest > DATE '1966-07-01' THEN false
                WHEN birth_latest <= DATE '1966-07-01' THEN true END AS over60
    FROM read_parquet('{folder}/people.parquet')
), q AS (
    SELECT *, under6 OR NOT under15 OR in_school AS schooled,
           disability OR over60 OR under5 AS needs_care
    FROM p
), m AS (
    SELECT group_id,
           count(*) AS size,
           count(*) FILTER (under5) AS n5, count(*) FILTER (under5 IS NULL) AS u5,
           count(*) FILTER (under15) AS n15, count(*) FILTER (under15 IS NULL) AS u15,
           count(*) FILTER (list_contains(receives, 'orphans-grant')) AS n_orphans,
           count(*) FILTER (NOT schooled) AS n_out, count(*) FILTER (schooled IS NULL) AS u_out,
           count(*) FILTER (schooled IS NULL AND in_school IS NULL) AS m_school,
           count(*) FILTER (schooled IS NULL AND (under6 IS NULL OR under15 IS NULL)) AS m_age,
           count(*) FILTER (needs_care) AS n_care, count(*) FILTER (needs_care IS NULL) AS u_care,
           count(*) FILTER (needs_care IS NULL AND disability IS NULL) AS mc_disability,
           count(*) FILTER (needs_care IS NULL AND (over60 IS NULL OR under5 IS NULL)) AS mc_age,
           sum(income) AS income, count(*) FILTER (income IS NULL) AS u_income
    FROM q GROUP BY group_id
), h AS (
    SELECT g.group_id AS unit_id, g.area_id, g.area_district, g.oldest_application, a.hazard,
           g.roof, g.floor, g.rooms, g.livestock, g.has_radio, g.has_phone, g.electricity,
           m.* EXCLUDE (group_id),
           CAST(CAST(7.25 + 0.083 * rooms + 0.241 * CAST(roof = 'tile' AS INT)
                + 0.112 * CAST(roof = 'metal' AS INT) + 0.157 * CAST(floor = 'cement' AS INT)
                + 0.334 * CAST(electricity AS INT) + 0.062 * CAST(has_radio AS INT)
                + 0.148 * CAST(has_phone AS INT)
                + 0.021 * CASE WHEN livestock < 10 THEN livestock
                               WHEN livestock >= 10 THEN 10 END
                - 0.094 * size - 0.071 * CASE WHEN u15 = 0 THEN n15 END AS DECIMAL(18, 6))
                AS DECIMAL(12, 6)) AS score
    FROM read_parquet('{folder}/groups.parquet') g
    LEFT JOIN m ON m.group_id = g.group_id
    LEFT JOIN read_parquet('{folder}/areas.parquet') a ON a.area_id = g.area_id
    WHERE g.kind = 'HOUSEHOLD'
), r AS (
    SELECT *, sha256('{seed}:' || unit_id) AS lottery,
           CASE WHEN score IS NOT NULL AND area_district IS NOT NULL THEN
               row_number() OVER (PARTITION BY area_district
                                  ORDER BY score NULLS LAST, sha256('{seed}:' || unit_id))
           END AS place,
           count(score) OVER (PARTITION BY area_district) AS scored
    FROM h
), c AS (
    SELECT *,
           CASE WHEN n5 > 0 THEN true WHEN u5 > 0 THEN NULL ELSE false END AS c_child,
           place <= 0.30 * scored AS c_poor,
           n_orphans = 0 AS c_once,
           CASE WHEN n_out > 0 THEN false WHEN u_out > 0 THEN NULL ELSE true END AS c_school,
           CASE WHEN n_care > 0 THEN true WHEN u_care > 0 THEN NULL ELSE false END AS c_care,
           CASE WHEN u_income = 0 THEN income < 40000 END AS c_income,
           hazard >= 2 OR roof <> 'tile' AS c_hazard
    FROM r
), d AS (
    SELECT *, c_child AND c_poor AND c_once AND c_school AND c_care AND c_income AND c_hazard AS met
    FROM c
), o AS (
    SELECT *,
           CASE WHEN met THEN 'eligible' WHEN NOT met THEN 'ineligible' ELSE 'undetermined' END
           AS outcome,
           CASE WHEN met IS NULL THEN list_sort(list_distinct([
               CASE WHEN c_child IS NULL OR (c_school IS NULL AND m_age > 0)
                      OR (c_care IS NULL AND mc_age > 0)
                      OR (c_poor IS NULL AND score IS NULL AND u15 > 0) THEN 'members.age' END,
               CASE WHEN c_school IS NULL AND m_school > 0 THEN 'members.in_school' END,
               CASE WHEN c_care IS NULL AND mc_disability > 0 THEN 'members.disability' END,
               CASE WHEN c_income IS NULL THEN 'members.income' END,
               CASE WHEN c_hazard IS NULL AND hazard IS NULL THEN 'area.hazard' END,
               CASE WHEN (c_hazard IS NULL OR (c_poor IS NULL AND score IS NULL)) AND roof IS NULL
                    THEN 'household.roof' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND floor IS NULL
                    THEN 'household.floor' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND rooms IS NULL
                    THEN 'household.rooms' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND livestock IS NULL
                    THEN 'household.livestock' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND has_radio IS NULL
                    THEN 'household.has_radio' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND has_phone IS NULL
                    THEN 'household.has_phone' END,
               CASE WHEN c_poor IS NULL AND score IS NULL AND electricity IS NULL
                    THEN 'household.electricity' END,
               CASE WHEN c_poor IS NULL AND score IS NOT NULL THEN 'household.district' END
           ])) ELSE CAST([] AS VARCHAR[]) END AS missing
    FROM d
), k AS (
    SELECT *,
           CASE WHEN outcome = 'eligible' AND area_district IS NOT NULL THEN
               row_number() OVER (PARTITION BY outcome = 'eligible', area_district
                   ORDER BY score NULLS LAST, oldest_application NULLS LAST, lottery)
           END AS rank,
           CASE WHEN outcome = 'eligible' AND area_district IS NOT NULL THEN
               count(*) OVER (PARTITION BY outcome = 'eligible', area_district) END AS rank_of
    FROM o
)
SELECT unit_id, k.area_id, outcome, c_child, c_poor, c_once, c_school, c_care, c_income, c_hazard,
       missing, score, rank, rank_of,
       CAST(round(place * 1.0 / scored, 6) AS DECIMAL(18, 6)) AS rank_share,
       outcome = 'eligible' AND coalesce(rank <= coalesce(t.places, 0), false) AS selected,
       CAST(2000 AS BIGINT) AS b_base,
       CASE WHEN u5 = 0 THEN CAST(500 * CASE WHEN n5 < 3 THEN n5 ELSE 3 END AS BIGINT) END
       AS b_child
FROM k
LEFT JOIN (VALUES {places}) t(area_id, places) ON t.area_id = k.area_district
ORDER BY unit_id
"""
