"""The two database roles: an owner for migrations, and the application's, which owns nothing.

`amana_owner` owns the database, its schema and every table. `amana_app` may read and write rows
and nothing else: it cannot alter a table, drop a trigger or truncate a trail. People and programs
log in as a third role that is a member of both and takes one with `SET ROLE` (Amana does it in
the connection's start-up options).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from amana.kernel.errors import AmanaError

OWNER: Final = "amana_owner"
APPLICATION: Final = "amana_app"


class DatabaseRolesMissing(AmanaError):
    """The database has no `amana_owner` and `amana_app`, or the login is not a member of them."""

    code = "DATABASE_ROLES_MISSING"
    http_status = 500


@dataclass(frozen=True, slots=True)
class RoleState:
    """What a login may do in its database."""

    login: str
    database: str
    may_create_roles: bool
    is_superuser: bool
    missing: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Say whether both roles exist and the login may take either."""
        return not self.missing


def inspect_roles(connection: psycopg.Connection[Any]) -> RoleState:
    """Read whether the two roles exist and the login may become them."""
    row = connection.execute(
        """
        SELECT session_user::text, current_database()::text, r.rolcreaterole, r.rolsuper
          FROM pg_roles r WHERE r.rolname = session_user
        """
    ).fetchone()
    assert row is not None
    usable = {
        name
        for (name,) in connection.execute(
            """
            SELECT rolname::text FROM pg_roles
             WHERE rolname = ANY(%s) AND pg_has_role(session_user, oid, 'MEMBER')
            """,
            ([OWNER, APPLICATION],),
        )
    }
    missing = tuple(name for name in (OWNER, APPLICATION) if name not in usable)
    return RoleState(row[0], row[1], row[2], row[3], missing)


def statements(*, database: str, login: str) -> list[sql.Composed]:
    """Give the statements that make the roles and hand them the database; each may run again.

    Args:
        database: the database Amana lives in; the statements run inside it.
        login: the role Amana connects as; it becomes a member of both.
    """
    names = {
        "owner": sql.Identifier(OWNER),
        "app": sql.Identifier(APPLICATION),
        "login": sql.Identifier(login),
        "database": sql.Identifier(database),
    }
    defaults = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
    texts = [
        *(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            for role in (OWNER, APPLICATION)
        ),
        "GRANT {owner}, {app} TO {login}",
        "ALTER DATABASE {database} OWNER TO {owner}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}, {login}",
        "GRANT USAGE ON SCHEMA public TO {app}",
        defaults + "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        defaults + "GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {app}",
    ]
    return [
        sql.Composed([sql.SQL(text)]) if text.startswith("DO ") else sql.SQL(text).format(**names)
        for text in texts
    ]


def prepare_roles(connection: psycopg.Connection[Any]) -> bool:
    """Make the roles in the connected database unless they are there; say whether it did.

    Raises:
        DatabaseRolesMissing: the login may not create roles; the message holds the statements a
            database administrator runs once.
    """
    state = inspect_roles(connection)
    if state.is_ready:
        return False
    todo = statements(database=state.database, login=state.login)
    try:
        with connection.transaction():
            for statement in todo:
                connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as refusal:
        script = ";\n".join(statement.as_string(connection) for statement in todo)
        raise DatabaseRolesMissing(
            f"The database user “{state.login}” may not take the role"
            f" {' or '.join(state.missing)}, and may not create it.",
            mend="Let a database administrator run this once in the database"
            f" “{state.database}”, then run `amana migrate` again:\n\n{script};\n",
        ) from refusal
    return True
