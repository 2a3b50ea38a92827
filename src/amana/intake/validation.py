"""Checking a file against its mapping and the dictionary, set-based, in DuckDB.

In: the texts that `amana.intake.reading` took from the files. Out: two typed tables, `households`
and `people`, and the table `errors`. What is refused, and why, is told in
`docs/reference/mapping.md`. Nothing here writes to the registry.

Rule: a refused person row refuses that row only; a refused household refuses its people with it;
everything else goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from amana.intake import births
from amana.intake.expressions import Answer, Check, Expressions, json_piece
from amana.intake.files import FileTable, literal, quoted
from amana.intake.fitting import KINDS, REASONS, RESIDENCES, SEXES, Known
from amana.intake.mapping import Area, FileMapping, Key, Value

KEY_CHARACTERS_MAX: Final = 120


@dataclass(frozen=True, slots=True)
class Checked:
    """The counts of a checked file; its rows stand in `households`, `people` and `errors`."""

    rows: int
    rejected: int
    households: int
    people: int

    @property
    def accepted(self) -> int:
        """Rows that go on."""
        return self.rows - self.rejected


def validate(
    *,
    duck: duckdb.DuckDBPyConnection,
    mapping: FileMapping,
    known: Known,
    household_file: FileTable | None,
    people_file: FileTable | None,
) -> Checked:
    """Check the files and make the typed tables.

    Args:
        duck: holds the files' tables and `areas(scheme, code, area_id)`.
        mapping: checked by `check_mapping`.
        household_file, people_file: the same table in a flat layout.

    Makes in DuckDB:
        `households`: one row per accepted household, in the order of the file: row, hkey, kind,
            name, area_id, residence, address, landmark, collected_on, facts (JSON text).
        `people`: one row per accepted person row: row, pkey, hkey, role, presence, sex,
            birth_earliest, birth_latest, birth_known, birth_stated, name_full, name_given,
            name_family, area_id, residence, phone, account_channel, account_number,
            account_holder, number_<n> and why_<n> per identifier, collected_on, facts.
        `errors`: one row per mistake, with the columns of `typed_tables.ERROR_COLUMNS`.
    """
    work = _Validation(duck, mapping, known, household_file, people_file)
    return work.run()


class _Validation:
    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        mapping: FileMapping,
        known: Known,
        household_file: FileTable | None,
        people_file: FileTable | None,
    ) -> None:
        self.duck = duck
        self.mapping = mapping
        self.known = known
        self.household_file = household_file
        self.people_file = people_file
        self.sql = Expressions(mapping.missing, known.minor_digits)
        self.flat = mapping.layout == "flat"

    def run(self) -> Checked:
        self.duck.execute(
            'CREATE TABLE errors (file VARCHAR, "row" BIGINT, "column" VARCHAR, value VARCHAR, '
            "code VARCHAR, reason VARCHAR, mend VARCHAR)"
        )
        files = [self.household_file, self.people_file]
        distinct = {f.table: f for f in files if f is not None}
        rows = sum(f.row_count + len(f.ragged) for f in distinct.values())
        for file in distinct.values():
            self.ragged(file)
        if self.mapping.household is not None:
            self.households()
        if self.mapping.person is not None:
            self.people()
        return Checked(
            rows=rows,
            rejected=self.count('SELECT count(*) FROM (SELECT DISTINCT file, "row" FROM errors)'),
            households=self.count("SELECT count(*) FROM households")
            if self.mapping.household is not None
            else 0,
            people=self.count("SELECT count(DISTINCT pkey) FROM people")
            if self.mapping.person is not None
            else 0,
        )

    def count(self, query: str) -> int:
        ((number,),) = self.duck.execute(query).fetchall()
        return int(number)

    def ragged(self, file: FileTable) -> None:
        for row in file.ragged:
            self.duck.execute(
                "INSERT INTO errors VALUES (?, ?, '', NULL, 'ROW_RAGGED', ?, ?)",
                [
                    file.name,
                    row.row,
                    f"The row does not have the cells of the heading: {row.cells}.",
                    "Check its delimiters and quotes.",
                ],
            )

    # -- households -------------------------------------------------------------------------------

    def households(self) -> None:
        part, file = self.mapping.household, self.household_file
        assert part is not None
        assert file is not None
        source, row_sql, key = file.table, file.row_sql, self.key_sql(part.key)
        if self.flat:
            self.collapse(file, key)
            source, row_sql, key = "household_rows", '"file row"', '"hkey"'
        answers = [
            self.sql.code("kind", part.kind, KINDS),
            self.sql.text("name", part.name),
            self.sql.code("residence", part.residence, RESIDENCES),
            self.sql.text("address", part.address, 300),
            self.sql.text("landmark", part.landmark),
            self.sql.date("collected", self.mapping.collected_on),
        ]
        variables, facts = self.variables("v", part.variables)
        area, area_join = self.area(part.area, "area")
        every = [*answers, *variables, area]
        checks = [check for answer in every for check in answer.checks]
        checks += self.collected_checks(self.mapping.collected_on)
        checks += self.key_checks("hkey", part.key)
        inner = self.inner(source, row_sql, {"hkey": key}, every, area_join)
        self.typed(
            "household_typed",
            inner,
            checks,
            f"""
            "row", hkey, coalesce(t_kind, 'HOUSEHOLD') AS kind, coalesce(t_name, '') AS name,
            t_area AS area_id, coalesce(t_residence, 'FIXED') AS residence,
            coalesce(t_address, '') AS address, coalesce(t_landmark, '') AS landmark,
            {self.collected_sql()} AS collected_on, {facts} AS facts
            """,
        )
        self.told(inner, checks, file.name, "household_typed")
        self.duck.execute(
            'CREATE TABLE refused_households AS SELECT hkey, "row" FROM household_typed WHERE bad'
        )
        if not self.flat:
            self.twice("household_typed", ["hkey"], file.name, _columns(part.key), "household")
        later = 'WHERE "row" NOT IN (SELECT "row" FROM again_household)' if not self.flat else ""
        self.duck.execute(f"CREATE VIEW household_first AS SELECT * FROM household_typed {later}")
        self.duck.execute(
            """
            CREATE VIEW households AS SELECT * EXCLUDE (bad) FROM household_typed
            WHERE NOT bad AND "row" NOT IN (SELECT "row" FROM refused_households)
            """
        )

    def collapse(self, file: FileTable, key: str) -> None:
        """Make one row per household of a flat file: the first answer in each column."""
        columns = [c for c in self.mapping.household_columns() if c in file.columns]
        firsts = "".join(
            f", arg_min({self.sql.clean(c)}, {file.row_sql}) AS {quoted(c)}" for c in columns
        )
        differs = " OR ".join(
            f"min({self.sql.clean(c)}) IS DISTINCT FROM max({self.sql.clean(c)})" for c in columns
        )
        self.duck.execute(
            f"""
            CREATE TABLE household_rows AS
            SELECT {key} AS hkey, min({file.row_sql}) AS "file row", ({differs}) AS differs{firsts}
            FROM {file.table} WHERE {key} IS NOT NULL GROUP BY 1
            """
        )

    # -- people -----------------------------------------------------------------------------------

    def people(self) -> None:
        part, file = self.mapping.person, self.people_file
        assert part is not None
        assert file is not None
        with_household = self.mapping.household is not None
        hkey = "NULL::VARCHAR"
        if self.mapping.household is not None:
            hkey = self.key_sql(
                self.mapping.household.key
                if self.flat
                else Key(self.mapping.household_key_in_people)
            )
        roles = self.known.dictionary.code_lists["role"].codes
        presences = self.known.dictionary.code_lists["presence"].codes
        account = part.account
        answers = [
            self.sql.code("role", part.role, roles),
            self.sql.code("presence", part.presence, presences),
            self.sql.code("sex", part.sex, SEXES),
            self.sql.text("full", part.name_full),
            self.sql.text("given", part.name_given, 120),
            self.sql.text("family", part.name_family, 120),
            self.sql.code("residence", part.residence, RESIDENCES),
            self.sql.text("phone", part.phone, 40),
            self.sql.text("holder", account.holder if account else None),
            self.sql.text("number", account.number if account else None, 60),
            self.channel(account.channel if account else None),
        ]
        own_date = self.mapping.collected_on if self.flat else None
        if not (own_date is not None and own_date.column is not None):
            own_date = None
        answers.append(self.sql.date("collected", own_date))
        numbers = []
        for place, identifier in enumerate(part.identifiers):
            answers.append(self.sql.text(f"number_{place}", identifier.number, 60))
            answers.append(self.sql.code(f"why_{place}", identifier.why_none, REASONS))
            numbers.append(f"t_number_{place} AS number_{place}, t_why_{place} AS why_{place}")
        born, birth_checks, birth_sql = births.read_birth(
            self.sql, part.birth, today=self.known.today
        )
        variables, facts = self.variables("v", part.variables)
        area, area_join = self.area(part.area, "area")
        every = [*answers, *born, *variables, area]
        checks = [check for answer in every for check in answer.checks]
        checks += [*birth_checks, *self.key_checks("pkey", part.key)]
        if own_date is not None:
            checks += self.collected_checks(own_date, required=not with_household)
        if with_household:
            area_join += ' LEFT JOIN household_first h ON h.hkey = x."hkey"'
        collected = (
            f"h.collected_on, t_collected, {self.latest()}"
            if with_household
            else (self.collected_sql() if own_date else f"t_collected, {self.latest()}")
        )
        keys = {"hkey": hkey, "pkey": self.key_sql(part.key, file.row_sql)}
        inner = self.inner(
            file.table,
            file.row_sql,
            keys,
            every,
            area_join,
            extra=f", coalesce({collected}) AS collected_on",
        )
        fallback_area = "coalesce(t_area, household_area)" if with_household else "t_area"
        if with_household:
            inner = inner.replace("/*more*/", ", h.area_id AS household_area")
        spread = ", ".join(numbers)
        self.typed(
            "people_typed",
            inner,
            checks,
            f"""
            "row", hkey, pkey, coalesce(t_role, '') AS role,
            coalesce(t_presence, 'USUAL') AS presence, coalesce(t_sex, '') AS sex,
            {birth_sql}, t_full AS name_full, t_given AS name_given, t_family AS name_family,
            {fallback_area} AS area_id, coalesce(t_residence, 'FIXED') AS residence,
            t_phone AS phone, t_channel AS account_channel, t_number AS account_number,
            t_holder AS account_holder{", " if spread else ""}{spread}, collected_on,
            {facts} AS facts
            """,
        )
        self.told(inner, checks, file.name, "people_typed")
        self.duck.execute('CREATE TABLE refused_people AS SELECT "row" FROM people_typed WHERE bad')
        if self.mapping.household is not None:
            self.refuse_with_household(file.name)
            if self.flat and not self.mapping.household.take_first:
                self.refuse_differing(file)
        self.twice("people_typed", ["pkey", "hkey"], file.name, _columns(part.key), "person")
        if with_household:
            self.usual_twice(file.name, _columns(part.key))
        self.duck.execute(
            """
            CREATE VIEW people AS SELECT * EXCLUDE (bad) FROM people_typed
            WHERE NOT bad AND "row" NOT IN (SELECT "row" FROM refused_people)
            """
        )

    def channel(self, value: Value | None) -> Answer:
        if value is not None and value.codes is not None:
            return self.sql.code("channel", value, [])
        return self.sql.text("channel", value, 60)

    def refuse_with_household(self, file: str) -> None:
        """Refuse the people of refused households, and those of households nobody listed."""
        self.duck.execute(
            """
            CREATE TABLE with_household AS
            SELECT p."row", p.hkey, h."row" AS household_row
            FROM people_typed p JOIN household_first h USING (hkey) WHERE h.bad
            """
        )
        self.duck.execute(
            """
            INSERT INTO errors SELECT ?, "row", '', left(hkey, 200), 'HOUSEHOLD_REFUSED',
                'The household ' || hkey || ' was refused (row ' || household_row || ').',
                'Mend the household; this row then goes in with it.'
            FROM with_household WHERE NOT ? OR "row" <> household_row
            """,
            [file, self.flat],
        )
        self.duck.execute('INSERT INTO refused_people SELECT "row" FROM with_household')
        if self.flat:
            return
        key = ", ".join(self.mapping.household_key_in_people)
        self.duck.execute(
            """
            CREATE TABLE homeless AS SELECT p."row", p.hkey FROM people_typed p
            WHERE p.hkey IS NOT NULL AND p.hkey NOT IN (SELECT hkey FROM household_typed
                                                       WHERE hkey IS NOT NULL)
            """
        )
        self.duck.execute(
            """
            INSERT INTO errors SELECT ?, "row", ?, left(hkey, 200), 'HOUSEHOLD_UNKNOWN',
                'The households file has no household ' || hkey || '.',
                'Add the household, or leave the cell empty for a person without one.'
            FROM homeless
            """,
            [file, key],
        )
        self.duck.execute('INSERT INTO refused_people SELECT "row" FROM homeless')

    def refuse_differing(self, file: FileTable) -> None:
        """Refuse rows of a flat file that contradict the first row of their household."""
        if not self.count("SELECT count(*) FROM household_rows WHERE differs"):
            return
        assert self.mapping.household is not None
        key = self.key_sql(self.mapping.household.key)
        for column in self.mapping.household_columns():
            if column not in file.columns:
                continue
            clean = self.sql.clean(column)
            self.duck.execute(
                f"""
                INSERT INTO errors
                SELECT ?, x."row", {literal(column)}, left(x.said, 200), 'HOUSEHOLD_DIFFERS',
                    'This row says “' || x.said || '” of its household, row ' || h."file row"
                        || ' says “' || h.{quoted(column)} || '”.',
                    'Give all rows of a household the same answer, or say `take: first`.'
                FROM (SELECT {file.row_sql} AS "row", {key} AS hkey, {clean} AS said
                      FROM {file.table}) x
                JOIN household_rows h ON h.hkey = x.hkey
                WHERE h.differs AND x.said IS DISTINCT FROM h.{quoted(column)}
                  AND x.said IS NOT NULL
                """,
                [file.name],
            )
        self.duck.execute(
            "INSERT INTO refused_people SELECT \"row\" FROM errors WHERE code = 'HOUSEHOLD_DIFFERS'"
        )

    def usual_twice(self, file: str, column: str) -> None:
        """Refuse later rows that make one person usual in a second household."""
        self.duck.execute(
            """
            CREATE TABLE usual_again AS
            SELECT "row", pkey, first_row, first_hkey FROM (
                SELECT "row", pkey, first_value("row") OVER again AS first_row,
                       first_value(hkey) OVER again AS first_hkey
                FROM people_typed p SEMI JOIN (
                    SELECT pkey FROM people_typed WHERE presence = 'USUAL' AND hkey IS NOT NULL
                    GROUP BY pkey HAVING count(*) > 1) twice USING (pkey)
                WHERE presence = 'USUAL' AND hkey IS NOT NULL
                  AND "row" NOT IN (SELECT "row" FROM refused_people)
                WINDOW again AS (PARTITION BY pkey ORDER BY "row"))
            WHERE "row" <> first_row
            """
        )
        self.duck.execute(
            """
            INSERT INTO errors SELECT ?, "row", ?, left(pkey, 200), 'USUAL_TWICE',
                'This person is already a usual member of household ' || first_hkey || ' (row '
                    || first_row || ').',
                'A person is usual in one household: say PART, ABSENT or VISITOR in the others.'
            FROM usual_again
            """,
            [file, column],
        )
        self.duck.execute('INSERT INTO refused_people SELECT "row" FROM usual_again')

    # -- shared -----------------------------------------------------------------------------------

    def twice(self, table: str, keys: list[str], file: str, column: str, what: str) -> None:
        """Refuse the second and later rows of one key; the first stays."""
        refused = "refused_households" if what == "household" else "refused_people"
        listed = ", ".join(keys)
        self.duck.execute(
            f"""
            CREATE TABLE again_{what} AS
            SELECT "row", {keys[0]} AS key, first_row FROM (
                SELECT "row", {listed}, first_value("row") OVER same AS first_row FROM {table} t
                SEMI JOIN (SELECT {keys[0]} FROM {table} WHERE {keys[0]} IS NOT NULL
                           GROUP BY {keys[0]} HAVING count(*) > 1) twice USING ({keys[0]})
                WINDOW same AS (PARTITION BY {listed} ORDER BY "row"))
            WHERE "row" <> first_row
            """
        )
        self.duck.execute(
            f"""
            INSERT INTO errors SELECT ?, "row", ?, left(key, 200), 'KEY_TWICE',
                'The key ' || key || ' already stands in row ' || first_row || '.',
                'Give each {what} its own key, or remove the copy.'
            FROM again_{what}
            """,
            [file, column],
        )
        values = 'key, "row"' if what == "household" else '"row"'
        self.duck.execute(f"INSERT INTO {refused} SELECT {values} FROM again_{what}")

    def key_sql(self, key: Key, row_sql: str = "") -> str:
        parts = [self.sql.clean(column) for column in key.columns]
        if key.line_within is not None:
            within = ", ".join(self.sql.clean(column) for column in key.line_within)
            parts.append(
                f"CAST(row_number() OVER (PARTITION BY {within} ORDER BY {row_sql}) AS VARCHAR)"
            )
        return "(" + " || ':' || ".join(parts) + ")"

    def key_checks(self, name: str, key: Key) -> list[Check]:
        column, value = _columns(key), quoted(name)
        checks = [
            Check(
                f"({value} IS NULL)",
                column,
                "NULL",
                "KEY_MISSING",
                "'The row has no key.'",
                "Fill in every column of the key.",
            ),
            Check(
                f"coalesce(length({value}) > {KEY_CHARACTERS_MAX}, false)",
                column,
                value,
                "KEY_TOO_LONG",
                f"'The key has ' || length({value}) || ' characters.'",
                f"At most {KEY_CHARACTERS_MAX}.",
            ),
        ]
        parts = len(key.columns) + (key.line_within is not None)
        if parts > 1:
            checks.append(
                Check(
                    f"coalesce(len(string_split({value}, ':')) <> {parts}, false)",
                    column,
                    value,
                    "KEY_COLON",
                    "'A part of the key holds a colon.'",
                    "The parts are joined with colons: write the part without one.",
                )
            )
        return checks

    def area(self, area: Area | None, name: str) -> tuple[Answer, str]:
        """The area's key, found in the list of areas; and the join that finds it."""
        if area is None:
            return Answer(name, "NULL::VARCHAR", "NULL::BIGINT"), ""
        value = area.value
        r = quoted(f"r_{name}")
        code = r
        if value.codes is not None:
            branches = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in value.codes)
            code = f"CASE {r} {branches} ELSE {r} END"
        check = Check(
            f"({r} IS NOT NULL AND t_{name} IS NULL)",
            value.column or value.key,
            r,
            "AREA_UNKNOWN",
            f"'“' || left({r}, 60) || '” is not the code of an area ({area.scheme}).'",
            "Use a code of areas.csv that is valid today, or add the area to the blueprint.",
        )
        join = f" LEFT JOIN areas a ON a.scheme = {literal(area.scheme)} AND a.code = {code}"
        return Answer(name, self.sql.raw(value), "a.area_id", (check,)), join

    def variables(
        self, prefix: str, given: tuple[tuple[str, Value], ...]
    ) -> tuple[list[Answer], str]:
        """The answers to variables, and the JSON text of those that have a value."""
        answers: list[Answer] = []
        pieces: list[str] = []
        periods: dict[str, list[str]] = {}
        for number, (code, value) in enumerate(given):
            variable = self.known.dictionary.variables[code]
            answer = self.sql.variable(f"{prefix}{number}", value, variable, self.known.dictionary)
            answers.append(answer)
            if value.period is None:
                pieces.append(json_piece(answer, variable, code))
            else:
                periods.setdefault(code, []).append(json_piece(answer, variable, value.period))
        for code, each in periods.items():
            joined = f"nullif(concat_ws(',', {', '.join(each)}), '')"
            pieces.append(f"""'"{code}":{{' || {joined} || '}}'""")
        if not given:
            return [], "'{}'"
        return answers, f"'{{' || concat_ws(',', {', '.join(pieces)}) || '}}'"

    def collected_sql(self) -> str:
        return f"coalesce(t_collected, {literal(str(self.known.collected_on))}::DATE)"

    def latest(self) -> str:
        """The date for people without a household: the last interview of the households' file."""
        value, fallback = (
            self.mapping.collected_on,
            f"{literal(str(self.known.collected_on))}::DATE",
        )
        if value is not None and value.column is None:
            return f"{literal(value.constant or '')}::DATE"
        if value is None or self.flat or self.mapping.household is None:
            return fallback
        return f"(SELECT max(collected_on) FROM household_typed WHERE NOT bad), {fallback}"

    def collected_checks(self, value: Value | None, *, required: bool = True) -> list[Check]:
        if value is None or value.column is None:
            return []
        missing = "(r_collected IS NULL)" if required else "false"
        return [
            Check(
                missing,
                value.column,
                "NULL",
                "COLLECTED_MISSING",
                "'The row has no date of interview.'",
                "Fill it in, or give one date for the file as `collected_on: 2026-03-01`.",
            ),
            Check(
                f"coalesce(t_collected > {literal(str(self.known.today))}::DATE, false)",
                value.column,
                "r_collected",
                "DATE_IN_FUTURE",
                "'The interview of ' || CAST(t_collected AS VARCHAR) || ' lies in the future.'",
                f"Give a date up to {self.known.today}.",
            ),
        ]

    def inner(
        self,
        source: str,
        row_sql: str,
        keys: Mapping[str, str],
        answers: Sequence[Answer],
        joins: str,
        extra: str = "",
    ) -> str:
        """The query that gives every raw and typed column of a file's rows."""
        raw = ", ".join(answer.inner for answer in answers)
        named = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in keys.items())
        typed = ", ".join(f"{answer.typed} AS {answer.t}" for answer in answers)
        return (
            f'SELECT x.*, {typed}{extra}/*more*/ FROM (SELECT {row_sql} AS "row", {named}, {raw} '
            f"FROM {source}) x{joins}"
        )

    def typed(self, table: str, inner: str, checks: Sequence[Check], columns: str) -> None:
        bad = " OR ".join(check.when for check in checks) or "false"
        self.duck.execute(
            f"CREATE TABLE {table} AS SELECT {columns}, ({bad}) AS bad FROM ({inner})"
        )

    def told(self, inner: str, checks: Sequence[Check], file: str, table: str) -> None:
        """Write a line for each mistake of the refused rows."""
        if not self.count(f"SELECT count(*) FROM {table} WHERE bad"):
            return
        lines = " UNION ALL ".join(
            f"""
            SELECT {literal(file)}, "row", {literal(check.column)}, left({check.value}, 200),
                   {literal(check.code)}, {check.reason}, {literal(check.mend)}
            FROM refused WHERE {check.when}
            """
            for check in checks
        )
        self.duck.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE refused AS
            SELECT * FROM ({inner}) SEMI JOIN (SELECT "row" FROM {table} WHERE bad) USING ("row")
            """
        )
        self.duck.execute(f"INSERT INTO errors {lines}")
        self.duck.execute("DROP TABLE refused")


def _columns(key: Key) -> str:
    return ", ".join(key.columns)
