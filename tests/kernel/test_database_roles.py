"""The two roles are made when they can be, and the way to mend is told when they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from amana.kernel import database_roles, postgres

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.ConnectionInfo]:
    """A server whose own roles are set apart, as somebody else's PostgreSQL is."""
    home: Path = tmp_path_factory.mktemp("roles")
    info = postgres.ensure_running(home, durable=False)
    with info.as_superuser().connect(autocommit=True) as link:
        link.execute("DROP DATABASE amana")
        link.execute("DROP ROLE amana, amana_owner, amana_app")
    yield info
    postgres.release(home)


def make_database(server: postgres.ConnectionInfo, login: str, rights: str) -> None:
    with server.as_superuser().connect(autocommit=True) as link:
        link.execute(f"CREATE ROLE {login} LOGIN {rights}")
        link.execute(f"CREATE DATABASE {login}_db OWNER {login}")


def connect(server: postgres.ConnectionInfo, login: str) -> psycopg.Connection[object]:
    return psycopg.connect(host=server.host, port=server.port, user=login, dbname=f"{login}_db")


def test_roles_are_told_to_the_administrator_then_made_by_a_login_that_may(
    server: postgres.ConnectionInfo,
) -> None:
    make_database(server, "humble", "")
    with (
        connect(server, "humble") as link,
        pytest.raises(database_roles.DatabaseRolesMissing) as refused,
    ):
        database_roles.prepare_roles(link)
    assert "“humble”" in refused.value.message
    script = refused.value.mend.split("\n\n")[1]
    assert 'GRANT "amana_owner", "amana_app" TO "humble"' in script

    make_database(server, "keeper", "CREATEROLE CREATEDB")
    with connect(server, "keeper") as link:
        assert database_roles.prepare_roles(link) is True
        assert database_roles.prepare_roles(link) is False
        link.execute("SET ROLE amana_owner")
        link.execute("CREATE TABLE thing (id int)")
        link.execute("SET ROLE amana_app")
        link.execute("INSERT INTO thing VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
            link.execute("DROP TABLE thing")

    with server.as_superuser("humble_db").connect() as link:  # the administrator runs the script
        link.execute(script)
    with connect(server, "humble") as link:
        assert database_roles.inspect_roles(link).is_ready
        assert database_roles.prepare_roles(link) is False
