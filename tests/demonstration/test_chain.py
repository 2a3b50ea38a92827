"""The demonstration's chain: played once it leaves a country at work, played again nothing more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.test import override_settings

from amana.access.models import AuditEvent, User
from amana.demonstration import chain
from amana.payments.models import Payment, PaymentLine, Payroll
from amana.programmes.models import Enrolment, TargetingRun
from amana.registry.models import Group, Person, Snapshot

TODAY = date(2026, 11, 20)
SECRET = "known to everybody"


def play(home: Path, today: date = TODAY) -> dict:
    with override_settings(AMANA_HOME=home):
        return chain.play(
            households=60, today=today, home=home, secret=SECRET, say=lambda words: None
        )


def counted() -> list[int]:
    models = (Person, Group, Snapshot, TargetingRun, Enrolment, Payroll, Payment, PaymentLine)
    return [model.objects.count() for model in models]


@pytest.mark.django_db(transaction=True)
def test_chain_ends_with_one_month_paid_and_the_next_waiting_and_can_be_played_again(tmp_path):
    first = play(tmp_path)
    assert {(row["period"], row["state"]) for row in first["payrolls"]} == {
        ("2026-10", "INSTRUCTED"),
        ("2026-11", "PREPARED"),
    }
    assert len(first["payrolls"]) == 2 * len(chain.PROGRAMMES)
    assert first["households"] == 60 + 11  # the hard cases have eleven; the care home is none
    paid = Payment.objects.filter(payroll__period="2026-10")
    assert paid.filter(state="PAID").count() > 0
    assert not paid.filter(state__in=["INSTRUCTED", "ACCEPTED"]).exists()  # all answered

    before = counted()
    assert play(tmp_path) == first
    assert counted() == before

    # Who did what: maker and checker are two people everywhere.
    for payroll in Payroll.objects.filter(period="2026-10"):
        assert (payroll.prepared_by, payroll.approved_by) == ("payments", "payments-approver")
    waiting = TargetingRun.objects.latest("id")
    assert (waiting.programme.code, waiting.state) == ("child-grant", "ASSESSED")
    for run in TargetingRun.objects.exclude(pk=waiting.pk):
        assert (run.assessed_by, run.approved_by) == ("manager", "board")
    imports = AuditEvent.objects.filter(command="intake.import_file")
    assert [event.username for event in imports] == ["registrar"]

    # Everybody of the blueprint can sign in with the password that is printed.
    users = {row["user"]: row["password"] for row in chain.list_users(secret=SECRET)}
    assert {"caseworker", "enumerator", "board", "manager", "payments", "auditor"} <= set(users)
    assert User.objects.get(username="board").check_password(users["board"])


@pytest.mark.django_db(transaction=True)
def test_played_a_month_later_the_story_goes_on(tmp_path):
    play(tmp_path)
    later = play(tmp_path, date(2026, 12, 3))
    states = {(row["period"], row["state"]) for row in later["payrolls"]}
    assert states == {
        ("2026-10", "INSTRUCTED"),
        ("2026-11", "INSTRUCTED"),
        ("2026-12", "PREPARED"),
    }
