"""Runs around the long commands of payments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amana.access import runs
from amana.access.models import Run
from amana.kernel.command import Actor


@contextmanager
def running(*, kind: str, actor: Actor, programme: str = "", subject: str = "") -> Iterator[Run]:
    """Open a run for the body; it fails with the body's error. The body calls `runs.finish`."""
    run = runs.start_run(kind=kind, actor=actor, programme=programme, subject=subject)
    try:
        yield run
    except BaseException as error:
        runs.fail(run.pk, error)
        raise
