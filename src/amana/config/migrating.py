"""Bring the database to the shape the code expects, as the role that owns it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from amana.kernel import database_roles
from amana.kernel.errors import AmanaError


class DatabaseNotMigrated(AmanaError):
    """The database has not the tables this version expects."""

    code = "DATABASE_NOT_MIGRATED"
    http_status = 503


def migrations_digest() -> str:
    """Hash the names of all migrations, so that one comparison says whether any is missing."""
    digest = hashlib.sha256()
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        folder = Path(app.path) / "migrations"
        names = sorted(found.name for found in pkgutil.iter_modules([str(folder)]))
        digest.update(f"{app.label}: {' '.join(names)}\n".encode())
    return digest.hexdigest()


def is_migrated() -> bool:
    """Say whether `migrate` ran to its end with the migrations of this version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        return bool(cursor.fetchone() == (f"amana {migrations_digest()}",))


def ensure_migrated() -> None:
    """Migrate the embedded database when it is behind; refuse to work on another that is.

    Raises:
        DatabaseNotMigrated: `DATABASE_URL` names a database that is behind.
    """
    if is_migrated():
        return
    if not settings.AMANA_EMBEDDED:
        raise DatabaseNotMigrated(
            "The database has not the tables this version of Amana expects.",
            mend="Make a backup, then run `amana migrate`.",
        )
    migrate()


def migrate() -> list[str]:
    """Make the roles when they are missing, then run the migrations as the owner.

    Returns:
        The migrations applied, in order: `room.0001_initial`.

    Raises:
        DatabaseRolesMissing: the login may not make the roles; the message holds what a database
            administrator runs.
    """
    from django.db.migrations.executor import MigrationExecutor

    with _plain_connection() as link:
        database_roles.prepare_roles(link)
    with as_owner():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        # libraries with contracts of their own (permissions, triggers) hear of it by signals, so
        # Django's command runs even when the plan is empty
        call_command("migrate", verbosity=0, interactive=False, stdout=io.StringIO())
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            name = connection.ops.quote_name(cursor.fetchone()[0])
            cursor.execute(f"COMMENT ON DATABASE {name} IS 'amana {migrations_digest()}'")
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Let Django's connection be the owner of the tables for a while."""
    options = connection.settings_dict["OPTIONS"]
    usual = options["options"]
    connection.close()
    options["options"] = usual.replace(database_roles.APPLICATION, database_roles.OWNER)
    try:
        yield
    finally:
        connection.close()
        options["options"] = usual


def _plain_connection() -> psycopg.Connection[tuple[object, ...]]:
    """Connect without taking a role, since the roles may not be there yet."""
    given = connection.settings_dict
    extra = {k: v for k, v in given["OPTIONS"].items() if k not in {"options", "pool"}}
    return psycopg.connect(
        dbname=given["NAME"],
        user=given["USER"] or None,
        password=given["PASSWORD"] or None,
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        **extra,
    )
