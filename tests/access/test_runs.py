"""Runs are seen while they go on, and outlive the work that failed."""

from __future__ import annotations

import pytest
from django.db import transaction

from amana.access import outbox, runs
from amana.access.models import OutboxMessage, Run
from amana.kernel.errors import BadInput
from tests.making import make_actor

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_a_failed_run_remains_with_its_error_when_its_work_is_rolled_back() -> None:
    actor = make_actor("worker")
    with pytest.raises(BadInput), transaction.atomic():
        run = runs.start_run(kind="import", actor=actor, subject="file.csv", total=10)
        runs.progress(run.pk, done=4, message="row 4")
        assert Run.objects.get(pk=run.pk).done_count == 4
        raise BadInput("The file is empty.", mend="Send one with rows.")
    runs.fail(run.pk, BadInput("The file is empty.", mend="Send one with rows."))
    kept = Run.objects.get(pk=run.pk)
    assert (kept.state, kept.error["message"]) == ("FAILED", "The file is empty.")


def test_a_run_stops_at_its_next_sign_when_asked_to() -> None:
    run = runs.start_run(kind="import", actor=make_actor("worker"))
    runs.progress(run.pk, done=1)
    runs.ask_cancel(run.pk)
    with pytest.raises(runs.RunCancelled) as stopped:
        runs.progress(run.pk, done=2)
    runs.fail(run.pk, stopped.value)
    assert Run.objects.get(pk=run.pk).state == "CANCELLED"


def test_a_run_is_done_exactly_when_its_work_is_committed() -> None:
    run = runs.start_run(kind="import", actor=make_actor("worker"))
    with pytest.raises(RuntimeError), transaction.atomic():
        runs.finish(run.pk, result={"rows": 1})
        raise RuntimeError
    assert Run.objects.get(pk=run.pk).state == "RUNNING"
    runs.finish(run.pk, result={"rows": 1})
    assert runs.get_run(run.reference).result == {"rows": 1}


def test_news_is_delivered_once_to_those_who_asked_and_waits_when_one_fails() -> None:
    heard: list[int] = []
    trouble = [True]

    def listen(payload: dict[str, int]) -> None:
        if trouble:
            trouble.clear()
            raise RuntimeError("not yet")
        heard.append(payload["person"])

    outbox.subscribe("tests.PersonMerged", listen)
    outbox.announce("tests.PersonMerged", {"person": 7})
    assert outbox.deliver() == 0
    assert OutboxMessage.objects.get().last_error == "RuntimeError"
    assert outbox.deliver() == 1
    assert outbox.deliver() == 0
    assert heard == [7]
