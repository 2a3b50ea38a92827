"""An import whose process is killed has done nothing, and can be run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from amana.access.models import Run
from amana.registry.models import Group, Person, SourceKey, Submission
from tests.intake.ground import bring, make_ground
from tests.intake.making import HEAD, changed, write_rows

pytestmark = pytest.mark.django_db(transaction=True)

HOUSEHOLDS = 8_000
PROGRAM = """
import django
django.setup()
from datetime import UTC, date, datetime
from pathlib import Path
import sys
from amana.access.bootstrap import get_actor
from amana.intake import commands as intake
intake.import_file(
    actor=get_actor("operator", channel="cli"), form="census", path=Path(sys.argv[1]),
    on=date(2026, 11, 20), at=datetime(2026, 11, 20, 9, tzinfo=UTC))
"""


def wait_for_writing(process: subprocess.Popen[bytes]) -> str:
    """Wait until the import writes; give what it is writing."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        message = Run.objects.filter(kind="import").values_list("message", flat=True).first() or ""
        if message in ("Writing people", "Writing keys", "Writing members"):
            return message
        assert process.poll() is None, "the import ended before it could be killed"
        time.sleep(0.005)
    raise AssertionError("the import never began to write")


def test_a_killed_import_has_written_nothing_and_runs_again(tmp_path: Path) -> None:
    actor = make_ground()
    rows = [changed(HEAD, hh=f"h{n}") for n in range(HOUSEHOLDS)]
    path = write_rows(tmp_path / "f.csv", rows)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], env=os.environ)
    try:
        wait_for_writing(process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    until = time.monotonic() + 60
    with connection.cursor() as cursor:
        # The server notices the end of its client when it next reads or writes.
        while time.monotonic() < until:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            if cursor.fetchone() == (0,):
                break
            time.sleep(0.05)
    tables = (Submission, Group, Person, SourceKey)
    assert [model.objects.count() for model in tables] == [0, 0, 0, 0]

    again = bring(actor, path)
    assert (again.accepted, again.counts.people_new) == (HOUSEHOLDS, HOUSEHOLDS)
    assert Person.objects.count() == HOUSEHOLDS
    assert bring(actor, path).counts.submissions == 0
