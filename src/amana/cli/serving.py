"""Serve the site with granian, and run the background worker beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from amana.kernel.errors import Conflict, Where

WATCH_S = 5
STOP_WAIT_S = 20


class PortTaken(Conflict):
    """Another program answers on the port."""

    code = "PORT_TAKEN"


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken: a second server would share it silently.

    Raises:
        PortTaken: something listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason = ""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        # a listener that shares its port would let a second one bind: ask it first
        if probe.connect_ex((host, port)) == 0:
            reason = "another program answers there"
    if not reason:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as refusal:
                reason = refusal.strerror or str(refusal)
    if reason:
        raise PortTaken(
            f"Port {port} on {host} cannot be used: {reason}.",
            where=Where(field="port"),
            mend="Stop the other program, or choose another port: amana serve --port 8001.",
        )


def collect_static() -> None:
    """Gather style sheets and scripts under hashed names, compressed, for this server."""
    os.environ["AMANA_STATIC"] = "hashed"
    subprocess.run(
        [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity=0", "--clear"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def serve(*, host: str, port: int, threads: int) -> None:
    """Serve until SIGINT or SIGTERM; the worker is a child process, started again when it dies.

    An embedded database that was killed is started again within seconds.
    """
    from django.conf import settings
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    home: Path = settings.AMANA_HOME
    embedded: bool = settings.AMANA_EMBEDDED
    os.environ.setdefault("AMANA_DB_POOL", str(threads))
    stopping = threading.Event()
    watcher = threading.Thread(target=_watch, args=(home, embedded, stopping), daemon=True)
    watcher.start()
    server = Server(
        "amana.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    )
    try:
        server.serve()
    finally:
        stopping.set()
        watcher.join(timeout=STOP_WAIT_S + WATCH_S)


def _watch(home: Path, embedded: bool, stopping: threading.Event) -> None:
    """Keep the worker and the embedded database up."""
    from amana.kernel import postgres

    environment = {**os.environ, "AMANA_DB_POOL": "0"}
    worker: subprocess.Popen[bytes] | None = None
    while True:
        if embedded:
            postgres.ensure_running(home)
        if worker is None or worker.poll() is not None:
            worker = subprocess.Popen(
                [sys.executable, "-m", "amana.cli", "worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the server, which then ends the worker
            )
        if stopping.wait(WATCH_S):
            break
    worker.terminate()
    try:
        worker.wait(timeout=STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def work() -> None:
    """Run background jobs until told to stop, or until the server that started us is gone."""
    from django.apps import apps

    procrastinate = apps.get_app_config("procrastinate").app  # type: ignore[attr-defined]
    if not sys.stdin.isatty():
        threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    worker_app = procrastinate.with_connector(procrastinate.connector.get_worker_connector())

    async def run() -> None:
        async with worker_app.open_async():
            await worker_app.run_worker_async(concurrency=1, install_signal_handlers=True)

    asyncio.run(run())


def _end_with_parent() -> None:
    """Wait for the end of standard input, which comes when the parent is gone, however it died."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
