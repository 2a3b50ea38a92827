"""Long operations: started, heard from, finished or failed, and visible while they go on.

A run is opened and its progress is written over a connection of its own, so that everybody sees it
while the work is still in one transaction, and it remains when that transaction is rolled back.
Its end (`finish`) is written in the transaction of the work itself: a run is DONE exactly when its
work is committed.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import psycopg
from django.db import connection

from amana.access.models import Run
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError, Conflict, NotFound

_own = threading.local()


class RunCancelled(Conflict):
    """Somebody asked for this run to stop; its work was rolled back."""

    code = "RUN_CANCELLED"


def _side_connection() -> psycopg.Connection[Any]:
    """Give this thread's own autocommit connection to the same database as Django's."""
    params = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"cursor_factory", "context", "pool", "autocommit", "prepare_threshold"}
    }
    signature = json.dumps({k: str(v) for k, v in params.items()}, sort_keys=True)
    held = getattr(_own, "held", None)
    if held is not None and held[0] == signature and not held[1].closed:
        return held[1]  # type: ignore[no-any-return]
    close_side_connection()
    fresh = psycopg.connect(**params, autocommit=True)
    _own.held = (signature, fresh)
    return fresh


def close_side_connection() -> None:
    """Close this thread's progress connection, if it has one."""
    held = getattr(_own, "held", None)
    if held is not None:
        held[1].close()
        _own.held = None


def start_run(
    *,
    kind: str,
    actor: Actor,
    subject: str = "",
    programme: str = "",
    params: dict[str, Any] | None = None,
    total: int | None = None,
) -> Run:
    """Open a run that others can see at once; it stays when the work is rolled back.

    Args:
        kind: `import`, `snapshot`, `score`, `target`, `payroll`, …
        subject: public reference or code of what it works on.
        params: what was asked, JSON-ready, without personal data.
        total: how many things there are to do, when known.
    """
    now = clock.now()
    with _side_connection().cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO access_run (kind, subject, programme, username, state, params, result,
                                    done_count, total_count, message, cancel_asked,
                                    started_at, heard_at)
            VALUES (%s, %s, %s, %s, 'RUNNING', %s, '{}', 0, %s, '', false, %s, %s)
            RETURNING id
            """,
            [kind, subject, programme, actor.username, json.dumps(params or {}), total, now, now],
        )
        row = cursor.fetchone()
    assert row is not None
    return Run.objects.get(pk=row[0])


def progress(run_id: int, *, done: int, total: int | None = None, message: str = "") -> None:
    """Tell how far a run is. Call it a few times a second at most, never after `finish`.

    Raises:
        RunCancelled: somebody asked for the run to stop.
    """
    with _side_connection().cursor() as cursor:
        cursor.execute(
            """
            UPDATE access_run SET done_count = %s, total_count = COALESCE(%s, total_count),
                   message = %s, heard_at = %s
            WHERE id = %s RETURNING cancel_asked
            """,
            [done, total, message[:300], clock.now(), run_id],
        )
        row = cursor.fetchone()
    if row is not None and row[0]:
        raise RunCancelled("This run was stopped; nothing of it was written.")


def finish(run_id: int, *, result: dict[str, Any]) -> None:
    """Mark a run as done, in the transaction of its work."""
    now = clock.now()
    Run.objects.filter(pk=run_id).update(
        state=Run.State.DONE, result=result, ended_at=now, heard_at=now
    )


def fail(run_id: int, error: BaseException) -> None:
    """Mark a run as failed (or cancelled) after its work was rolled back."""
    if isinstance(error, AmanaError):
        told = error.as_dict()
    else:
        told = {"code": "UNEXPECTED", "message": type(error).__name__, "where": {}, "mend": ""}
    state = Run.State.CANCELLED if isinstance(error, RunCancelled) else Run.State.FAILED
    now = clock.now()
    with _side_connection().cursor() as cursor:
        cursor.execute(
            "UPDATE access_run SET state = %s, error = %s, ended_at = %s, heard_at = %s"
            " WHERE id = %s AND state IN ('WAITING', 'RUNNING')",
            [state, json.dumps(told, default=str), now, now, run_id],
        )


def ask_cancel(run_id: int) -> None:
    """Ask a run to stop at its next sign of progress."""
    with _side_connection().cursor() as cursor:
        cursor.execute(
            "UPDATE access_run SET cancel_asked = true WHERE id = %s AND state = 'RUNNING'",
            [run_id],
        )


def get_run(reference: str) -> Run:
    """Get a run by its public reference.

    Raises:
        NotFound: there is none.
    """
    run = Run.objects.filter(reference=reference.strip().upper()).first()
    if run is None:
        raise NotFound(f"There is no run {reference}.", mend="Copy the reference from its page.")
    return run
