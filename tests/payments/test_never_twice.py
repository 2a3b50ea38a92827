"""Officers, providers, chance in any order: nothing paid twice, nothing lost, all balances."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from amana.kernel.errors import Conflict
from amana.payments import commands as payments
from amana.payments import queries
from amana.payments.models import Payment, Payroll, StatusMessage
from tests.payments.answers import SAID, transfer, write_answer
from tests.payments.making import AT, House, make_house

CODES = ("ACSC", "ACCC", "RJCT", "ACSP", "PDNG", "ACTC", "CANC")
REASONS = ("AC04", "MS03", "DU01")
PERIODS = ("2026-11", "2026-12")

TWICE = """
SELECT count(*) FROM (
    SELECT l.entitlement_id FROM payments_paymentline l
    JOIN payments_payment p ON p.id = l.payment_id AND p.state = 'PAID'
    GROUP BY 1 HAVING count(*) > 1) twice
"""
LOST = """
SELECT count(*) FROM payments_entitlement t
WHERE t.voided_at IS NULL AND (
    SELECT count(*) FROM payments_paymentline l WHERE l.entitlement_id = t.id AND l.live) <> 1
"""
UNBALANCED = """
SELECT count(*) FROM payments_payment p
WHERE amount_minor <> (SELECT sum(amount_minor) FROM payments_paymentline l
                       WHERE l.payment_id = p.id)
"""


class Payday(RuleBasedStateMachine):
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.folder = tempfile.TemporaryDirectory()
        self.house: House = make_house(Path(self.folder.name), self.patch)
        self.answers: list[Path] = []
        self.clock = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.folder.cleanup()

    def attempt(self, act: Any, *args: Any, **more: Any) -> Any:
        """Do something an officer may try at a wrong moment: refused in words, or done."""
        try:
            with transaction.atomic():
                return act(*args, **more)
        except Conflict:
            return None

    def pick(self, data: st.DataObject, rows: Any) -> Any:
        found = list(rows)
        return data.draw(st.sampled_from(found)) if found else None

    @initialize(
        amounts=st.lists(st.integers(1, 5000), min_size=2, max_size=4), steps=st.integers(0, 2)
    )
    def begin(self, amounts: list[int], steps: int) -> None:
        """Begin with a payroll that is prepared, approved or with the bank."""
        for amount in amounts:
            self.house.enrol(amount)
        payroll = self.house.prepare("2026-11").payroll
        if steps > 0:
            self.house.approve(payroll)
        if steps > 1:
            self.house.export(payroll)

    @rule(amount=st.integers(1, 5000), account=st.booleans())
    def enrol(self, amount: int, account: bool) -> None:
        self.house.enrol(amount, account=account)

    @rule(period=st.sampled_from(PERIODS))
    def prepare(self, period: str) -> None:
        self.attempt(self.house.prepare, period)

    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        payroll = self.pick(data, Payroll.objects.filter(state="PREPARED").order_by("id"))
        if payroll:
            self.attempt(self.house.approve, payroll)

    @rule(data=st.data())
    def export(self, data: st.DataObject) -> None:
        payroll = self.pick(data, Payroll.objects.exclude(state="DISCARDED").order_by("id"))
        if payroll:
            before = {f.message_id: f.sha256 for f in payroll.files.all()}
            files = self.attempt(self.house.export, payroll)
            assert {**before, **{f.message_id: f.sha256 for f in files or []}} == {
                f.message_id: f.sha256 for f in payroll.files.all()
            }

    @rule(data=st.data(), early=st.integers(0, 5))
    def answer(self, data: st.DataObject, early: int) -> None:
        payroll = self.pick(data, Payroll.objects.filter(state="INSTRUCTED").order_by("id"))
        file = self.pick(data, payroll.files.order_by("id")) if payroll else None
        if not file:
            return
        self.clock += 1
        named = data.draw(st.sets(st.sampled_from(list(file.payments.order_by("id")))))
        transfers = [
            transfer(
                str(payment.reference),
                data.draw(st.sampled_from(CODES)),
                data.draw(st.sampled_from(REASONS)),
            )
            for payment in sorted(named, key=lambda payment: payment.pk)
        ]
        batch = data.draw(st.sampled_from(("", *CODES)))
        path = write_answer(
            Path(self.folder.name),
            file.message_id,
            transfers,
            name=f"A-{self.clock}",
            batch=batch,
            said_at=SAID + timedelta(hours=self.clock - 2 * early),
        )
        if data.draw(st.booleans()):
            self.ingest(path)
        self.answers.append(path)

    @rule(data=st.data())
    def hear_again(self, data: st.DataObject) -> None:
        path = self.pick(data, self.answers)
        if path:
            self.ingest(path)

    def ingest(self, path: Path) -> None:
        count = StatusMessage.objects.count()
        told = payments.ingest_status(actor=self.house.maker, path=path, at=AT)
        assert StatusMessage.objects.count() == count + (not told.existing)

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        payroll = self.pick(data, Payroll.objects.order_by("id"))
        if payroll:
            self.attempt(
                payments.retry_rejected,
                actor=self.house.maker,
                payroll=str(payroll.reference),
                at=AT,
            )

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        payroll = self.pick(data, Payroll.objects.order_by("id"))
        if payroll and data.draw(st.integers(0, 3)) == 3:
            self.attempt(
                payments.discard_payroll,
                actor=self.house.maker,
                payroll=str(payroll.reference),
                reason="again",
                at=AT,
            )

    @rule(data=st.data(), act=st.sampled_from(("hold_payment", "release_held")))
    def hold_or_release(self, data: st.DataObject, act: str) -> None:
        payment = self.pick(data, Payment.objects.filter(state__in=["PREPARED", "HELD"]))
        if payment:
            self.attempt(
                getattr(payments, act),
                actor=self.house.maker,
                payment=str(payment.reference),
                reason="because",
                at=AT,
            )

    @rule(data=st.data())
    def open_account(self, data: st.DataObject) -> None:
        payment = self.pick(data, Payment.objects.filter(state__in=["HELD", "REJECTED"]))
        if payment and payment.payee_person:
            self.clock += 1
            self.house.account(payment.payee_person, f"{self.clock:014d}")

    @rule(data=st.data(), status=st.sampled_from(("", "REPORTED")))
    def die_or_not(self, data: st.DataObject, status: str) -> None:
        payment = self.pick(data, Payment.objects.order_by("id"))
        if payment and payment.payee_person:
            payment.payee_person.death_status = status
            payment.payee_person.save()
            for payroll in Payroll.objects.filter(state="PREPARED"):
                payments.recheck_payroll(
                    actor=self.house.maker, payroll=str(payroll.reference), at=AT
                )

    @invariant()
    def nothing_twice_nothing_lost_all_balances(self) -> None:
        with connection.cursor() as cursor:
            for statement in (TWICE, LOST, UNBALANCED):
                cursor.execute(statement)
                assert cursor.fetchone() == (0,), statement
        for payroll in Payroll.objects.all():
            result = queries.reconcile_payroll(
                actor=self.house.checker, reference=str(payroll.reference)
            )
            assert result.difference_minor == 0, result


@pytest.mark.timeout(600)
def test_nothing_is_paid_twice_or_lost_whatever_happens(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Payday.patch = monkeypatch
    run_state_machine_as_test(
        Payday,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
