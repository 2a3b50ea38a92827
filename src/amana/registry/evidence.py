"""Evidence in bulk: from checked rows in DuckDB to the rows of the registry.

This module reads the two tables an intake made (`households`, `people`; their columns are told in
`amana.intake.validation.validate`), finds which of them the registry knows already, numbers the new
ones, and gives each table of the registry its rows as a stream. Nothing loops over people: joins,
hashes and JSON are made by DuckDB, sealing by whole columns.

Words: a row is *new* when its source key is unknown, *changed* when the hash of its content differs
from the one kept with the key, else *unchanged*. A household is *touched* when it or one of its
people is new or changed; each touched household gives one submission with all its answers, and so
does each touched person who belongs to no household.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from amana.access import sealing
from amana.places.bulk import copy_arrow, cursor
from amana.registry import names
from amana.registry.numbers import normalised_sql

SLICE_ROWS: Final = 50_000
RESERVING_TRIES: Final = 5
#: Is told how much of the work is done (0 to 1), and what comes now.
Tell = Callable[[float, str], None]
#: Share of a whole import's time that has passed when the writing of a table begins.
SHARES_WRITTEN: Final = {
    "registry_submission": (0.20, "Writing submissions"),
    "registry_group": (0.45, "Writing households"),
    "registry_person": (0.50, "Writing people"),
    "registry_sourcekey": (0.70, "Writing keys"),
    "registry_membership": (0.80, "Writing members"),
    "registry_account": (0.90, "Writing accounts"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch of evidence comes from; written on each of its submissions.

    Args:
        source: code of the system its keys come from.
        form, form_version: the form that was asked.
        channel: `file`, `counter`, …
        author: who said or sent it, when it is one person.
        legal_basis: on which basis it is kept.
        run_id: the run that brings it in.
        dated: whether each row's date of interview was told (else it is the day of the import, and
            does not make an otherwise equal row count as changed).
    """

    source: str
    form: str
    form_version: str
    channel: str
    author: str
    legal_basis: str
    run_id: int | None
    dated: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the households and people of a batch."""

    households_new: int
    households_changed: int
    households_unchanged: int
    people_new: int
    people_changed: int
    people_unchanged: int
    submissions: int

    def as_dict(self) -> dict[str, int]:
        """Give the counts for an audit event or a result."""
        return {name: int(getattr(self, name)) for name in self.__slots__}


class Batch:
    """A batch of checked rows on its way into the registry.

    Args:
        duck: connection with the tables `households` and `people`.
        origin: where the rows come from.
        at: now.
        folder: private folder for what passes through the disk.
        schemes: the scheme of each pair of columns `number_<n>`, `why_<n>` that `people` has.
        tell: is told the progress; what it raises stops the batch.
    """

    def __init__(
        self,
        *,
        duck: duckdb.DuckDBPyConnection,
        origin: Origin,
        at: datetime,
        folder: Path,
        schemes: tuple[str, ...],
        tell: Tell | None = None,
    ) -> None:
        self.tell = tell
        self.duck = duck
        self.origin = origin
        self.at = at
        self.folder = folder
        self.schemes = schemes
        self.some_known = False

    # -- what is known, what is new ---------------------------------------------------------------

    def resolve(self) -> Counts:
        """Find known keys, hash the content, number what is new; make `gx`, `px` and `sx`."""
        self._known_keys()
        salt = sealing.keyed_hash("row", "registry.row").hex()
        dated = "collected_on," if self.origin.dated else ""
        self.duck.execute(
            f"""
            CREATE TABLE g0 AS
            SELECT h."row", h.hkey, k.id AS old_id, k.sha IS DISTINCT FROM h.sha AS differs, h.sha
            FROM (SELECT "row", hkey, sha256(concat_ws(chr(31), '{salt}', kind, name,
                         coalesce(area_id, 0), residence, address, landmark, {dated} facts)) AS sha
                  FROM households) h
            LEFT JOIN known_groups k ON k.external_id = h.hkey
            """
        )
        numbers = "".join(
            f"coalesce(number_{n}, ''), coalesce(why_{n}, ''), " for n in range(len(self.schemes))
        )
        self.duck.execute(
            f"""
            CREATE TABLE m AS
            SELECT "row", pkey, hkey, presence, sha256(concat_ws(chr(31), '{salt}',
                coalesce(hkey, ''), role, presence, sex, coalesce(birth_earliest::VARCHAR, ''),
                coalesce(birth_latest::VARCHAR, ''), birth_known, coalesce(name_full, ''),
                coalesce(name_given, ''), coalesce(name_family, ''), coalesce(area_id, 0),
                residence, coalesce(phone, ''), coalesce(account_channel, ''),
                coalesce(account_number, ''), coalesce(account_holder, ''), {numbers}{dated}
                facts)) AS sha
            FROM people
            """
        )
        (rows, humans) = self._one("SELECT count(*), count(DISTINCT pkey) FROM m")
        firsts = "m"
        if rows > humans:
            firsts = """(
                SELECT r."row", r.pkey, r.hkey, r.presence, a.sha FROM (
                    SELECT pkey, arg_min("row", (presence <> 'USUAL', "row")) AS "row",
                           sha256(string_agg(sha, '' ORDER BY coalesce(hkey, ''), "row")) AS sha
                    FROM m GROUP BY pkey) a JOIN m r ON r."row" = a."row")"""
        self.duck.execute(
            f"""
            CREATE TABLE p0 AS
            SELECT f."row", f.pkey, f.hkey, k.id AS old_id, k.sha IS DISTINCT FROM f.sha AS differs,
                   f.sha
            FROM {firsts} f LEFT JOIN known_people k ON k.external_id = f.pkey
            """
        )
        counts = self._counts()
        self._number(counts)
        return counts

    def _known_keys(self) -> None:
        """Bring the keys of this source that the batch names; merged people give their survivor."""
        for table in ("known_groups", "known_people"):
            self.duck.execute(f"CREATE TABLE {table} (external_id VARCHAR, id BIGINT, sha VARCHAR)")
        with cursor() as cur:
            cur.execute(
                "SELECT EXISTS (SELECT 1 FROM registry_sourcekey WHERE source = %s)",
                [self.origin.source],
            )
            self.some_known = bool(cur.fetchone()[0])
            if not self.some_known:
                return
            cur.execute("DROP TABLE IF EXISTS pg_temp.batch_keys")
            cur.execute("CREATE TEMP TABLE batch_keys (kind text, external_id text) ON COMMIT DROP")
        self.copy(
            "batch_keys",
            "SELECT 'g' AS kind, hkey AS external_id FROM households "
            "UNION ALL SELECT DISTINCT 'p', pkey FROM people",
        )
        with cursor() as cur:
            cur.execute("ANALYZE batch_keys")
        self._bring(
            "known_groups",
            """
            SELECT k.external_id, k.group_id, encode(k.row_sha256, 'hex')
            FROM batch_keys b JOIN registry_sourcekey k
              ON k.source = {source} AND k.external_id = b.external_id AND k.group_id IS NOT NULL
            WHERE b.kind = 'g'
            """,
        )
        self._bring(
            "known_people",
            """
            SELECT k.external_id, coalesce(p.survivor_id, p.id), encode(k.row_sha256, 'hex')
            FROM batch_keys b JOIN registry_sourcekey k
              ON k.source = {source} AND k.external_id = b.external_id AND k.person_id IS NOT NULL
            JOIN registry_person p ON p.id = k.person_id
            WHERE b.kind = 'p'
            """,
        )

    def _bring(self, table: str, query: str) -> None:
        from psycopg import sql

        path = self.folder / f"{table}.csv"
        statement = sql.SQL("COPY (" + query + ") TO STDOUT (FORMAT csv)").format(
            source=sql.Literal(self.origin.source)
        )
        with cursor() as cur, path.open("wb") as target, cur.copy(statement) as copy:
            for chunk in copy:
                target.write(chunk)
        self.duck.execute(
            f"""
            INSERT INTO {table} SELECT * FROM read_csv($path, header = false, auto_detect = false,
                delim = ',', quote = '"', escape = '"',
                columns = {{'external_id': 'VARCHAR', 'id': 'BIGINT', 'sha': 'VARCHAR'}})
            """,
            {"path": str(path)},
        )
        path.unlink()

    def _counts(self) -> Counts:
        kinds = (
            "count(*) FILTER (old_id IS NULL), count(*) FILTER (old_id IS NOT NULL AND differs), "
            "count(*) FILTER (old_id IS NOT NULL AND NOT differs)"
        )
        groups = self._one(f"SELECT {kinds} FROM g0")
        people = self._one(f"SELECT {kinds} FROM p0")
        self.duck.execute(
            """
            CREATE TABLE s0 AS
            SELECT min("row") AS "row", hkey, NULL::VARCHAR AS pkey FROM g0
            WHERE differs OR hkey IN (SELECT m.hkey FROM m JOIN p0 USING (pkey) WHERE p0.differs)
            GROUP BY hkey
            UNION ALL
            SELECT min(m."row"), NULL, m.pkey FROM m JOIN p0 USING (pkey)
            WHERE m.hkey IS NULL AND p0.differs GROUP BY m.pkey
            """
        )
        (submissions,) = self._one("SELECT count(*) FROM s0")
        numbers = [int(number) for number in (*groups, *people, submissions)]
        return Counts(**dict(zip(Counts.__slots__, numbers, strict=True)))

    def _number(self, counts: Counts) -> None:
        """Give keys to what is new, and say which submission speaks of whom."""
        group = reserve_keys("registry_group", counts.households_new)
        person = reserve_keys("registry_person", counts.people_new)
        submission = reserve_keys("registry_submission", counts.submissions)
        self.duck.execute(
            f"""
            CREATE TABLE sx AS
            SELECT hkey, pkey, {submission - 1} + row_number() OVER (ORDER BY hkey IS NULL, "row")
                AS sid FROM s0
            """
        )
        self.duck.execute(
            f"""
            CREATE TABLE gx AS
            SELECT g."row", g.hkey, g.sha, g.old_id IS NULL AS is_new, g.differs, s.sid,
                   coalesce(g.old_id, {group - 1} + row_number() OVER (
                       PARTITION BY g.old_id IS NULL ORDER BY g."row")) AS id
            FROM g0 g LEFT JOIN sx s ON s.hkey = g.hkey
            """
        )
        self.duck.execute(
            f"""
            CREATE TABLE px AS
            SELECT p."row", p.pkey, p.hkey, p.sha, p.old_id IS NULL AS is_new, p.differs,
                   coalesce(s.sid, lone.sid) AS sid,
                   coalesce(p.old_id, {person - 1} + row_number() OVER (
                       PARTITION BY p.old_id IS NULL ORDER BY p."row")) AS id
            FROM p0 p LEFT JOIN sx s ON s.hkey = p.hkey
                      LEFT JOIN sx lone ON lone.pkey = p.pkey AND p.hkey IS NULL
            """
        )
        self.duck.execute("DROP TABLE g0; DROP TABLE p0; DROP TABLE s0")

    # -- the submissions --------------------------------------------------------------------------

    def seal(self) -> None:
        """Make `subs`: the answers of each submission, and the sealed personal part."""
        attributes = """
            CASE WHEN role <> '' THEN '"role":' || to_json(role) END,
            '"presence":"' || presence || '"',
            CASE WHEN sex <> '' THEN '"sex":"' || sex || '"' END,
            CASE WHEN birth_earliest IS NOT NULL THEN '"birth":["' || birth_earliest || '","'
                || birth_latest || '","' || birth_known || '"]' END,
            nullif(substr(facts, 2, length(facts) - 2), '')
        """
        numbers = "".join(
            f""", '"{scheme}":' || to_json(number_{n})::VARCHAR"""
            for n, scheme in enumerate(self.schemes)
        )
        numbered = f"concat_ws(','{numbers})" if numbers else "''"
        personal = f"""
            '"name":' || to_json(coalesce(name_full,
                nullif(concat_ws(' ', name_given, name_family), '')))::VARCHAR,
            '"given":' || to_json(name_given)::VARCHAR,
            '"family":' || to_json(name_family)::VARCHAR,
            '"phone":' || to_json(phone)::VARCHAR,
            '"account":[' || to_json(account_channel)::VARCHAR || ','
                || to_json(account_number)::VARCHAR || ']',
            '"identifiers":{{' || nullif({numbered}, '') || '}}'
        """
        self.duck.execute(
            f"""
            CREATE TABLE lines AS
            SELECT coalesce(s.sid, lone.sid) AS sid, p."row", line,
                   line || ':{{' || concat_ws(',', {attributes}) || '}}' AS answers,
                   line || ':{{' || nullif(concat_ws(',', {personal}), '') || '}}' AS personal,
                   p.collected_on
            FROM (SELECT *, to_json(pkey)::VARCHAR AS line FROM people) p
            LEFT JOIN sx s ON s.hkey = p.hkey
            LEFT JOIN sx lone ON lone.pkey = p.pkey AND p.hkey IS NULL
            WHERE coalesce(s.sid, lone.sid) IS NOT NULL
            """
        )
        self.duck.execute(
            """
            CREATE TABLE subs AS
            SELECT s.sid, coalesce(s.hkey, s.pkey) AS external_id,
                   coalesce(h.collected_on, l.collected_on) AS collected_on,
                   '{' || concat_ws(',',
                       '"household":{' || concat_ws(',', '"kind":"' || h.kind || '"',
                           '"area_id":' || h.area_id, '"residence":"' || h.residence || '"',
                           nullif(substr(h.facts, 2, length(h.facts) - 2), '')) || '}',
                       '"members":{' || l.answers || '}') || '}' AS answers,
                   '{' || nullif(concat_ws(',',
                       '"household":{' || nullif(concat_ws(',',
                           '"name":' || to_json(nullif(h.name, ''))::VARCHAR,
                           '"address":' || to_json(nullif(h.address, ''))::VARCHAR,
                           '"landmark":' || to_json(nullif(h.landmark, ''))::VARCHAR), '') || '}',
                       '"members":{' || nullif(l.personal, '') || '}'), '') || '}' AS personal
            FROM sx s LEFT JOIN households h ON h.hkey = s.hkey
            LEFT JOIN (SELECT sid, string_agg(answers, ',' ORDER BY "row") AS answers,
                              string_agg(personal, ',' ORDER BY "row") AS personal,
                              max(collected_on) AS collected_on
                       FROM lines GROUP BY sid) l ON l.sid = s.sid
            """
        )
        self.duck.execute("DROP TABLE lines")
        self._sealed_column("subs", "sid", "personal", "sealed")

    def submission_rows(self) -> str:
        """The query that gives `registry_submission` its rows, but for `outcomes`."""
        origin = self.origin
        return f"""
            SELECT s.sid AS id, {_text(origin.form)} AS form,
                   {_text(origin.form_version)} AS form_version, {_text(origin.source)} AS source,
                   s.external_id, {_text(origin.channel)} AS channel,
                   {_text(origin.author)} AS author, {origin.run_id or "NULL"}::BIGINT AS run_id,
                   s.collected_on, {self.now_sql()} AS received_at,
                   {_text(origin.legal_basis)} AS legal_basis, s.answers, c.hex AS personal,
                   '\\x' || sha256(s.answers || chr(10) || coalesce(s.personal, '')) AS sha256,
                   '' AS redacted_reason
            FROM subs s LEFT JOIN sealed c ON c.key = s.sid
            """

    # -- the rows of what is new ------------------------------------------------------------------

    def write_submissions(self) -> None:
        """Write the submissions, none of whose answers lost to better evidence."""
        self.copy("registry_submission", self.submission_rows())

    def write_new(self) -> None:
        """Write groups, people, keys, memberships, residences, phones and accounts that are new.

        After `name_all`.
        """
        self.copy(
            "registry_group",
            f"""
            SELECT x.id, h.kind, h.name AS display_name,
                   coalesce(t.tokens, '{{}}') AS search_tokens,
                   h.area_id, h.facts, h.collected_on AS facts_on, x.sid AS submission_id,
                   coalesce(u.n, 0) AS usual_count, {self.now_sql()} AS registered_at
            FROM gx x JOIN households h ON h.hkey = x.hkey
            LEFT JOIN (SELECT hkey, count(*) AS n FROM m WHERE presence = 'USUAL' GROUP BY 1) u
                   ON u.hkey = x.hkey
            LEFT JOIN group_tokens t ON t.hkey = x.hkey
            WHERE x.is_new
            """,
        )
        self.copy(
            "registry_person",
            f"""
            SELECT x.id, coalesce(n.display_name, '') AS display_name,
                   coalesce(n.tokens, '{{}}') AS search_tokens, p.sex, p.birth_earliest,
                   p.birth_latest, p.birth_known, '' AS birth_calendar, p.birth_stated,
                   '' AS death_status,
                   CASE WHEN p.presence = 'USUAL' THEN g.id END AS group_id, p.area_id, p.facts,
                   p.collected_on AS facts_on, x.sid AS submission_id,
                   {self.now_sql()} AS registered_at
            FROM px x JOIN people p ON p."row" = x."row" LEFT JOIN gx g ON g.hkey = p.hkey
            LEFT JOIN person_names n ON n.pkey = x.pkey
            WHERE x.is_new
            """,
        )
        source = _text(self.origin.source)
        self.copy(
            "registry_sourcekey",
            f"""
            SELECT {source} AS source, pkey AS external_id, id AS person_id,
                   NULL::BIGINT AS group_id, '\\x' || sha AS row_sha256 FROM px WHERE is_new
            UNION ALL
            SELECT {source}, hkey, NULL, id, '\\x' || sha FROM gx WHERE is_new
            """,
        )
        self.copy(
            "registry_submissionsubject",
            """
            SELECT g.sid AS submission_id, NULL::BIGINT AS person_id, g.id AS group_id, '' AS line
            FROM gx g WHERE g.sid IS NOT NULL
            UNION ALL
            SELECT coalesce(g.sid, x.sid), x.id, NULL, x.pkey
            FROM m JOIN px x ON x.pkey = m.pkey LEFT JOIN gx g ON g.hkey = m.hkey
            WHERE coalesce(g.sid, CASE WHEN m.hkey IS NULL THEN x.sid END) IS NOT NULL
            """,
        )
        self.copy(
            "registry_membership",
            f"""
            SELECT x.id AS person_id, g.id AS group_id, p.role, p.presence,
                   p.collected_on AS valid_from, {self.now_sql()} AS recorded_at,
                   g.sid AS submission_id
            FROM people p JOIN px x ON x.pkey = p.pkey JOIN gx g ON g.hkey = p.hkey
            WHERE x.is_new
            """,
        )
        self.copy("registry_residence", self.residence_rows("x.is_new"))
        self.write_phones("x.is_new", "registry_phone")
        self.write_accounts("x.is_new", "registry_account")

    def residence_rows(self, which: str) -> str:
        """The query that gives `registry_residence` the rows that say more than an area."""
        return f"""
            SELECT NULL::BIGINT AS person_id, x.id AS group_id, h.residence AS kind, h.area_id,
                   h.address, h.landmark, h.collected_on AS valid_from,
                   {self.now_sql()} AS recorded_at, x.sid AS submission_id
            FROM gx x JOIN households h ON h.hkey = x.hkey
            WHERE {which} AND (h.residence <> 'FIXED' OR h.address <> '' OR h.landmark <> '')
            UNION ALL
            SELECT x.id, NULL, p.residence, p.area_id, '', '', p.collected_on, {self.now_sql()},
                   x.sid
            FROM px x JOIN people p ON p."row" = x."row"
            WHERE {which} AND p.hkey IS NULL AND p.residence <> 'FIXED'
            """

    def write_phones(self, which: str, target: str) -> None:
        self._numbers(
            "phones",
            f"""
            SELECT x.id AS person_id, 'phone' AS domain, p.phone AS number, p.collected_on, x.sid
            FROM px x JOIN people p ON p."row" = x."row" WHERE {which} AND p.phone IS NOT NULL
            """,
        )
        self.copy(
            target,
            "SELECT person_id, sealed AS number, hashed AS number_hash, '' AS whose, "
            "collected_on AS valid_from FROM phones",
        )

    def write_accounts(self, which: str, target: str) -> None:
        self._numbers(
            "accounts",
            f"""
            SELECT x.id AS person_id, 'account:' || p.account_channel AS domain,
                   p.account_number AS number, p.collected_on, x.sid, p.account_channel AS channel,
                   p.account_holder AS holder
            FROM px x JOIN people p ON p."row" = x."row"
            WHERE {which} AND p.account_channel IS NOT NULL AND p.account_number IS NOT NULL
            """,
        )
        self._sealed_column("accounts", "person_id", "holder", "holders")
        self.copy(
            target,
            f"""
            SELECT a.person_id, a.channel, a.sealed AS number, a.hashed AS number_hash,
                   right(a.number, 4) AS number_end, h.hex AS holder, 'CLAIMED' AS status,
                   1 AS preference, a.collected_on AS valid_from, {self.now_sql()} AS recorded_at,
                   a.sid AS submission_id
            FROM accounts a LEFT JOIN holders h ON h.key = a.person_id
            """,
        )

    def _numbers(self, table: str, query: str) -> None:
        """Make a table of numbers with their sealed form and keyed hash, in PostgreSQL's text."""
        expression, params = sealing.keyed_hash_sql("domain", normalised_sql("number"))
        self.duck.execute(
            f"""
            CREATE OR REPLACE TABLE plain AS
            SELECT *, row_number() OVER () AS n, '\\x' || lower(hex({expression})) AS hashed
            FROM ({query})
            """,
            params,
        )
        self._sealed_column("plain", "n", "number", "plain_sealed")
        self.duck.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT p.*, s.hex AS sealed "
            "FROM plain p JOIN plain_sealed s ON s.key = p.n"
        )

    def _sealed_column(self, table: str, key: str, column: str, result: str) -> None:
        """Make a table (key, hex) of a column's sealed values."""
        given = self.duck.sql(
            f"SELECT {key} AS key, {column} AS plain FROM {table} WHERE {column} IS NOT NULL"
        ).to_arrow_table()
        sealed = pa.table({"key": given["key"], "sealed": sealing.encrypt_column(given["plain"])})
        self.duck.register("sealed_now", sealed)
        self.duck.execute(
            f"CREATE OR REPLACE TABLE {result} AS "
            "SELECT key, '\\x' || lower(hex(sealed)) AS hex FROM sealed_now"
        )
        self.duck.unregister("sealed_now")

    def name_all(self) -> None:
        """Make `group_tokens` and `person_names` for what is new or changed."""
        self.duck.execute(
            "CREATE OR REPLACE TABLE group_names AS SELECT hkey, name FROM households "
            "WHERE name <> ''"
        )
        names.tokenise(self.duck, "group_names", "name", "found_tokens")
        self.duck.execute(
            "CREATE OR REPLACE TABLE group_tokens AS SELECT n.hkey, t.tokens FROM found_tokens t "
            "JOIN group_names n ON n.rowid = t.place"
        )
        self.duck.execute(
            """
            CREATE OR REPLACE TABLE person_full AS
            SELECT x.pkey, coalesce(p.name_full,
                       nullif(concat_ws(' ', p.name_given, p.name_family), '')) AS display_name
            FROM px x JOIN people p ON p."row" = x."row"
            WHERE x.differs AND coalesce(p.name_full, p.name_given, p.name_family) IS NOT NULL
            """
        )
        names.tokenise(self.duck, "person_full", "display_name", "found_tokens")
        self.duck.execute(
            "CREATE OR REPLACE TABLE person_names AS SELECT n.pkey, left(n.display_name, 200) AS "
            "display_name, t.tokens FROM person_full n LEFT JOIN found_tokens t "
            "ON t.place = n.rowid"
        )

    # -- plumbing ---------------------------------------------------------------------------------

    def _one(self, query: str) -> tuple[Any, ...]:
        (row,) = self.duck.execute(query).fetchall()
        return tuple(row)

    def now_sql(self) -> str:
        """The time of the batch, as SQL."""
        return f"'{self.at.isoformat()}'"

    def copy(self, target: str, query: str) -> int:
        """COPY the rows of a DuckDB query into a table of the current transaction."""
        if self.tell is not None and target in SHARES_WRITTEN:
            share, words = SHARES_WRITTEN[target]
            self.tell(share, words)
        reader = self.duck.sql(query).to_arrow_reader(SLICE_ROWS)
        try:
            return copy_arrow(target, reader, columns=reader.schema.names)
        finally:
            with suppress(AttributeError):
                reader.close()


def reserve_keys(table: str, count: int) -> int:
    """Take `count` consecutive keys of a table's sequence and give the first.

    Another session that takes keys at the same time may cut the range; it is then left unused and
    another is taken.
    """
    if count == 0:
        return 0
    with cursor() as cur:
        for _ in range(RESERVING_TRIES):
            cur.execute(
                "SELECT min(v), max(v) FROM (SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS v"
                " FROM generate_series(1, %s)) taken",
                [table, count],
            )
            first, last = cur.fetchone()
            if last - first + 1 == count:
                return int(first)
    raise RuntimeError(f"no {count} consecutive keys of {table} in {RESERVING_TRIES} tries")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
