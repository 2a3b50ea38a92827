"""The embedded PostgreSQL recovers from anything, and two of them do not meet."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from amana.kernel import postgres

pytestmark = pytest.mark.timeout(120)

HOLDER = """
import sys, pathlib, time
from amana.kernel import postgres
postgres.ensure_running(pathlib.Path(sys.argv[1]), durable=False)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own whose server is stopped at the end."""
    yield tmp_path
    postgres.release(tmp_path)


def start_holder(home: Path) -> subprocess.Popen[str]:
    """Start another Amana process that uses the server of a home until its input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def server_pid(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().split("\n")[0])


def answers(info: postgres.ConnectionInfo) -> bool:
    try:
        with info.connect() as link:
            return link.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_it_answers_on_a_private_socket_only_when_started(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    with info.connect() as link:
        assert link.execute("SHOW listen_addresses").fetchone() == ("",)
        assert link.execute("SHOW fsync").fetchone() == ("off",)
        row = link.execute(
            "SELECT datlocprovider::text, datlocale FROM pg_database WHERE datname = 'amana'"
        ).fetchone()
        assert row == ("b", "C.UTF-8")
    for folder in (Path(info.host), home / "postgres", home / "postgres/data"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_application_role_owns_nothing_and_may_write_rows(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    with info.connect(options="-c role=amana_owner") as link:
        link.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, says text)")
    with info.connect(options="-c role=amana_app") as link:
        link.execute("INSERT INTO thing (says) VALUES ('kept')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
            link.execute("TRUNCATE thing")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
            link.execute("ALTER TABLE thing ADD COLUMN more text")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
            link.execute("CREATE TABLE other (id int)")


def test_committed_rows_are_there_again_when_the_server_was_killed(home: Path) -> None:
    info = postgres.ensure_running(home)
    with info.connect(options="-c role=amana_owner") as link:
        link.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(server_pid(home), signal.SIGKILL)
    again = postgres.ensure_running(home)
    with again.connect(options="-c role=amana_app") as link:
        assert link.execute("SELECT number FROM kept").fetchone() == (7,)


def test_it_starts_when_a_stale_pid_file_names_a_living_stranger(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    os.kill(server_pid(home), signal.SIGKILL)
    while answers(info):
        time.sleep(0.05)
    pid_file = home / "postgres/data/postmaster.pid"
    lines = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert answers(postgres.ensure_running(home, durable=False))


def test_it_starts_again_when_its_socket_was_removed(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    (Path(info.host) / ".s.PGSQL.5432").unlink()
    assert answers(postgres.ensure_running(home, durable=False))


def test_it_begins_anew_when_its_folder_was_removed_under_it(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    with info.connect(options="-c role=amana_owner") as link:
        link.execute("CREATE TABLE gone (id int)")
    shutil.rmtree(home / "postgres" / "data")
    (home / "postgres" / "socket").unlink()
    with postgres.ensure_running(home, durable=False).connect() as link:
        assert link.execute("SELECT to_regclass('gone')").fetchone() == (None,)


def test_the_server_stays_until_the_last_process_leaves(home: Path) -> None:
    info = postgres.ensure_running(home, durable=False)
    other = start_holder(home)
    postgres.release(home)
    assert answers(info)
    other.communicate("")
    assert other.returncode == 0
    assert not answers(info)
    assert not Path(info.host).exists()


def test_a_killed_user_of_the_server_holds_nothing_back(home: Path) -> None:
    other = start_holder(home)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    info = postgres.ensure_running(home, durable=False)
    assert answers(info)
    postgres.release(home)
    assert not answers(info)


def test_a_child_forked_while_the_server_is_looked_for_holds_nobody_up(home: Path) -> None:
    script = """
import os, pathlib, sys
from amana.kernel import postgres
home = pathlib.Path(sys.argv[1])
postgres.ensure_running(home, durable=False)
with postgres._start_lock(postgres._Place(home.resolve() / "postgres")):
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
postgres.ensure_running(home, durable=False)
print("not held up", flush=True)
os.waitpid(child, 0)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "not held up\n"  # the child still lives: it reads stdin
    process.communicate("", timeout=60)


def test_two_homes_have_two_servers_when_side_by_side(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    try:
        first, second = (postgres.ensure_running(home, durable=False) for home in homes)
        assert first.host != second.host
        with first.connect(options="-c role=amana_owner") as link:
            link.execute("CREATE TABLE only_here (id int)")
        with second.connect() as link:
            assert link.execute("SELECT to_regclass('only_here')").fetchone() == (None,)
    finally:
        for home in homes:
            postgres.release(home)


def test_it_refuses_a_socket_folder_that_others_can_open(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    info = postgres.ensure_running(home, durable=False)
    postgres.release(home)
    folder = Path(info.host)
    if folder.parent == runtime:
        folder.chmod(0o755)
        with pytest.raises(postgres.SocketFolderUnsafe):
            postgres.ensure_running(home, durable=False)
    else:  # the temporary folder's own name was too long for a socket
        assert folder.parent == Path("/tmp")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can pretend to be an ordinary user")
def test_it_runs_when_started_by_an_ordinary_user(home: Path) -> None:
    script = "import os; assert os.geteuid() == 1000\n" + HOLDER
    done = subprocess.run(
        ["unshare", "--map-user=1000", "--map-group=1000", sys.executable, "-c", script, str(home)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("ready\n", 0), done.stderr
