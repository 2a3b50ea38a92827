"""Long commands started from a page: the page does not wait for them.

The command runs in a thread of its own; the page waits a moment, so that short work and quick
refusals are answered at once, and otherwise goes to the run's page, which shows the progress. When
the server is killed, the transaction of the work is rolled back by the database, the run is seen
to be silent, and the work can be started again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connection

from amana.access.models import Run
from amana.access.runs import close_side_connection
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError

WAIT_S = 2.5


class WorkNotStarted(AmanaError):
    """The work ended without a trace of itself."""

    code = "WORK_NOT_STARTED"
    http_status = 500


def start(
    work: Callable[[], Any],
    *,
    actor: Actor,
    kind: str,
    afterwards: Callable[[], None] | None = None,
    wait_s: float | None = None,
) -> Run:
    """Start a command that opens a run, and give that run.

    Args:
        work: calls the command.
        actor: who starts it; the run is found by its user.
        kind: the kind of run the command opens.
        afterwards: always called at the end (to remove an uploaded file).
        wait_s: how long to wait for the end before going on without it; `WAIT_S` when None.

    Raises:
        AmanaError: the command refused within the wait.
    """
    before = Run.objects.order_by("-id").values_list("id", flat=True).first() or 0
    ended = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the page, or told by the run
            failures.append(error)
        finally:
            try:
                if afterwards is not None:
                    afterwards()
            finally:
                ended.set()

    def run_apart() -> None:
        try:
            run()
        finally:
            close_side_connection()
            connection.close()
            close_old_connections()

    if connection.in_atomic_block:
        # Within somebody's transaction (a test) another thread would see nothing of it.
        run()
    else:
        threading.Thread(target=run_apart, name=f"amana-{kind}", daemon=False).start()
    found: Run | None = None
    until = time.monotonic() + (WAIT_S if wait_s is None else wait_s)
    while True:
        over = ended.wait(0.05)
        if over and failures:
            raise failures[0]
        found = (
            Run.objects.filter(pk__gt=before, username=actor.username, kind=kind)
            .order_by("id")
            .first()
        )
        if over or (found is not None and time.monotonic() > until):
            break
        if time.monotonic() > until + 20:
            break
    if found is None:
        raise WorkNotStarted(
            "The work did not start.", mend="Look at the list of runs, then try again."
        )
    return found
