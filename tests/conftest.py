"""Every test's ground: a real PostgreSQL, one database per worker, nothing of this machine touched.

A test cluster of the embedded PostgreSQL (durability off) lives under the temporary folder, one
per checkout. A template database, keyed by a hash of everything that migrations are made of, is
migrated once; each worker copies it. Tests run as `amana_app`, the role that owns nothing.

- `db` (pytest-django): one transaction per test, rolled back.
- `transactional_db`: a fresh database from the template for this one test.
- `shared_data`: the folder of real surveys beside the checkout; skips with a reason when absent.
- `amana_cli`: run a command of the command line in this process and get its answer.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from amana.kernel import database_roles, postgres

CHECKOUT = Path(__file__).resolve().parents[1]
TEMPLATES_KEPT = 4
_digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
GROUND = Path(tempfile.gettempdir()) / f"amana-tests-{os.geteuid()}-{_digest}"
GROUND.mkdir(mode=0o700, exist_ok=True)
SERVER = postgres.ensure_running(GROUND, durable=False)
ADMIN = SERVER.as_superuser()


def database_url(name: str) -> str:
    return f"postgresql://{SERVER.user}@/{name}?host={quote(SERVER.host, safe='')}&port=5432"


_home = tempfile.mkdtemp(prefix="home-", dir=GROUND)
_home_owner = os.getpid()
(Path(_home) / "static").mkdir()  # the collected files of a served site
os.environ |= {
    "AMANA_HOME": _home,
    "DATABASE_URL": database_url("amana"),
    "AMANA_SECRET_KEY": "a key for tests only, known to everybody",
    "AMANA_DATA_KEY": "dGVzdHMgb25seSwga25vd24gdG8gZXZlcnlib2R5ISE=",
    "DJANGO_SETTINGS_MODULE": "amana.config.settings",
}
for name in ("AMANA_TODAY", "AMANA_DB_ROLE", "AMANA_DB_POOL", "AMANA_STATIC", "AMANA_LANGUAGE"):
    os.environ.pop(name, None)


@atexit.register
def _remove_home() -> None:
    if os.getpid() == _home_owner:
        shutil.rmtree(_home, ignore_errors=True)


def pytest_configure() -> None:
    import django
    from django.conf import settings
    from django.test import TransactionTestCase

    # A worker inherits the environment, and pytest-django reads the settings before this file.
    settings.AMANA_HOME = Path(_home)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()
    # The application's role may not truncate; a fresh copy of the template stands in for it.
    TransactionTestCase._fixture_teardown = lambda self: None


def migrations_digest() -> str:
    """Hash what the template database is made of: migrations, roles and the libraries' versions."""
    from django.conf import settings

    digest = hashlib.sha256()
    package = CHECKOUT / "src" / "amana"
    files = [
        *(path for path in package.glob("*/migrations/**/*") if path.suffix != ".pyc"),
        package / "kernel" / "database_roles.py",
    ]
    for path in sorted(path for path in files if path.is_file()):
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    for name in ("django", "django-allauth", "django-pghistory", "procrastinate"):
        digest.update(f"{name} {importlib.metadata.version(name)}\0".encode())
    digest.update(" ".join(settings.INSTALLED_APPS).encode())
    return digest.hexdigest()[:16]


def ensure_template(link: psycopg.Connection[Any]) -> str:
    """Give the name of the migrated template database, making it when migrations changed."""
    name = f"template_{migrations_digest()}"
    link.execute("SELECT pg_advisory_lock(7)")  # one process at a time; the rest wait for it
    try:
        if _exists(link, name):
            return name
        building = f"building_{os.getpid()}"
        drop_database(link, building)
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
        with ADMIN.as_superuser(building).connect() as inside:
            for statement in database_roles.statements(database=building, login=SERVER.user):
                inside.execute(statement)
        done = subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"],
            env={**os.environ, "DATABASE_URL": database_url(building), "AMANA_DB_ROLE": "owner"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.exit(f"The migrations do not run:\n{done.stderr[-3000:]}", returncode=3)
        link.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(building), sql.Identifier(name)
            )
        )
        older = link.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template!_%%' ESCAPE '!'"
            " ORDER BY oid DESC OFFSET %s",
            (TEMPLATES_KEPT,),
        ).fetchall()
        for (old,) in older:
            drop_database(link, old)
        return name
    finally:
        link.execute("SELECT pg_advisory_unlock(7)")


def _exists(link: psycopg.Connection[Any], name: str) -> bool:
    return (
        link.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None
    )


def drop_database(link: psycopg.Connection[Any], name: str) -> None:
    link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_left_behind(link: psycopg.Connection[Any]) -> None:
    """Drop the databases of test processes that are gone."""
    for (name,) in link.execute(
        "SELECT datname FROM pg_database WHERE datname ~ '^(test|building)_[0-9]+'"
    ).fetchall():
        process = name.split("_")[1]
        if not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            drop_database(link, name)


@dataclass
class Ground:
    """The databases of this test process."""

    template: str
    made_count: int = 0

    def make_database(self, link: psycopg.Connection[Any]) -> str:
        self.made_count += 1
        name = f"test_{os.getpid()}_{self.made_count}"
        link.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy").format(
                sql.Identifier(name),
                sql.Identifier(self.template),
                sql.Identifier(database_roles.OWNER),
            )
        )
        from amana.config import migrating

        # What `amana migrate` leaves behind, so that the command line takes it for migrated.
        mark = sql.Literal(f"amana {migrating.migrations_digest()}")
        link.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), mark))
        return name


def _use_database(name: str) -> None:
    """Point Django, and programs started from a test, at a database."""
    from django.db import connections

    from amana.access.runs import close_side_connection

    close_side_connection()
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = database_url(name)


@pytest.fixture(scope="session")
def ground() -> Ground:
    """Give the migrated template of this run."""
    with ADMIN.connect(autocommit=True) as link:
        drop_left_behind(link)
        return Ground(ensure_template(link))


@pytest.fixture(scope="session")
def django_db_setup(ground: Ground, django_db_blocker: Any) -> Iterator[None]:
    """Give this worker its database (takes the place of pytest-django's own)."""
    with ADMIN.connect(autocommit=True) as link:
        name = ground.make_database(link)
    with django_db_blocker.unblock():
        _use_database(name)
    yield
    with django_db_blocker.unblock():
        _use_database(name)
    with ADMIN.connect(autocommit=True) as link:
        drop_database(link, name)


@pytest.fixture(autouse=True)
def _fresh_database_when_transactional(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a test that commits a database of its own."""
    marker = request.node.get_closest_marker("django_db")
    names = {"transactional_db", "live_server", "django_db_reset_sequences"}
    if not names & set(request.fixturenames) and not (marker and marker.kwargs.get("transaction")):
        yield
        return
    ground: Ground = request.getfixturevalue("ground")
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    from django.db import connections

    usual = connections["default"].settings_dict["NAME"]
    with ADMIN.connect(autocommit=True) as link, blocker.unblock(), _own_home():
        fresh = ground.make_database(link)
        _use_database(fresh)
        try:
            yield  # unblocked: the marker's own fixture may come before or after this one
        finally:
            _use_database(usual)
            drop_database(link, fresh)


@contextlib.contextmanager
def _own_home() -> Iterator[None]:
    """Give a database whose keys begin at 1 again a home without the files of those keys."""
    from django.conf import settings

    usual = settings.AMANA_HOME
    with tempfile.TemporaryDirectory(prefix="fresh-", dir=GROUND, ignore_cleanup_errors=True) as at:
        (Path(at) / "static").mkdir()
        settings.AMANA_HOME = Path(at)
        os.environ["AMANA_HOME"] = at
        try:
            yield
        finally:
            settings.AMANA_HOME = usual
            os.environ["AMANA_HOME"] = str(usual)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real surveys beside the checkout."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the survey files in {folder}, which this machine does not have")
    return folder


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    data: dict[str, Any]
    words: str


@pytest.fixture
def amana_cli() -> Callable[..., Answer]:
    """Run `amana …` in this process, in the test's database and transaction.

    `amana_cli("apply", "blueprints/demo")` adds `--json`; `user=` becomes `--as`; a code other
    than `expect` fails the test with the error's words.
    """
    from typer.testing import CliRunner

    from amana.cli import app

    def run(*arguments: object, user: str | None = None, expect: int = 0) -> Answer:
        given = [str(argument) for argument in arguments]
        if user is not None:
            given += ["--as", user]
        done = CliRunner().invoke(app, [*given, "--json"])
        text = done.stdout.strip()
        assert done.exit_code == expect, f"{given}: exit {done.exit_code}\n{done.output}"
        return Answer(done.exit_code, json.loads(text) if text else {}, done.stderr)

    return run
