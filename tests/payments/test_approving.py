"""Two people, one signature, and a payroll that never changes afterwards."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from amana.access.separation import SamePerson
from amana.kernel.errors import NotPermitted
from amana.payments import commands as payments
from amana.payments import queries
from amana.payments.errors import (
    NothingToApprove,
    PaymentNotHeld,
    PayrollApprovedByOther,
    PayrollChanged,
    PayrollNotApproved,
    PayrollNotPrepared,
    PayrollTampered,
    ReasonMissing,
    StillHeld,
)
from amana.payments.models import Payment, PaymentEvent, Payroll
from amana.registry.models import Account
from tests.making import make_actor
from tests.payments.making import AT, House


def refused() -> object:
    return pytest.raises(IntegrityError)


def test_the_preparer_cannot_approve(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    with pytest.raises(SamePerson, match="You prepared this payroll"):
        payments.approve_payroll(actor=house.maker, payroll=str(payroll.reference), at=AT)
    with refused(), transaction.atomic():
        Payroll.objects.update(approved_by="maker", sha256="0" * 64, approved_at=AT)


def test_one_without_the_permission_cannot_approve(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    clerk = make_actor("clerk", ["payments.view"])
    with pytest.raises(NotPermitted):
        payments.approve_payroll(actor=clerk, payroll=str(payroll.reference), at=AT)


def test_a_double_click_is_harmless_and_a_second_approver_is_told(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    first = house.approve(payroll)
    second = house.approve(payroll)
    assert first.sha256 == second.sha256
    assert PaymentEvent.objects.filter(kind="APPROVED").count() == 1
    with pytest.raises(PayrollApprovedByOther, match="approved by checker"):
        payments.approve_payroll(actor=make_actor("second"), payroll=str(payroll.reference), at=AT)


def test_what_the_approver_was_shown_must_still_be_so(house: House) -> None:
    house.enrol(2000)
    house.enrol(3000)
    payroll = house.prepare().payroll
    payment = Payment.objects.order_by("id")[0]
    payments.hold_payment(
        actor=house.maker, payment=str(payment.reference), reason="Is it she?", at=AT
    )
    with pytest.raises(PayrollChanged, match="1 payments of 3000"):
        payments.approve_payroll(
            actor=house.checker,
            payroll=str(payroll.reference),
            at=AT,
            expected_count=2,
            expected_minor=5000,
        )


def test_a_death_reported_since_stops_the_approval_until_it_is_held(house: House) -> None:
    house.enrol()
    house.enrol()
    payroll = house.prepare().payroll
    payee = Payment.objects.order_by("id")[0].payee_person
    assert payee is not None
    payee.death_status = "REPORTED"
    payee.save()
    with pytest.raises(PayrollChanged, match="came up for 1"):
        house.approve(payroll)
    assert payments.recheck_payroll(actor=house.maker, payroll=str(payroll.reference), at=AT) == 1
    assert house.approve(payroll).approved_count == 1


def test_a_recipient_merged_since_is_held_and_goes_to_the_survivor(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    payee = Payment.objects.get().payee_person
    assert payee is not None
    survivor = house.person("Amina A. Odhi")
    payee.survivor = survivor
    payee.save()
    house.account(survivor)
    assert payments.recheck_payroll(actor=house.maker, payroll=str(payroll.reference), at=AT) == 1
    payment = Payment.objects.get()
    assert payment.held_reason == "PAYEE_MERGED"
    payments.release_held(actor=house.maker, payment=str(payment.reference), reason="Merged", at=AT)
    payment.refresh_from_db()
    assert (payment.payee_person, payment.payee_name) == (survivor, "Amina A. Odhi")
    assert house.approve(payroll).approved_count == 1


def test_a_payroll_with_nothing_but_held_payments_is_not_approved(house: House) -> None:
    house.enrol(account=False)
    payroll = house.prepare().payroll
    with pytest.raises(NothingToApprove):
        house.approve(payroll)


def test_a_payment_is_released_when_its_account_is_known(house: House) -> None:
    payee = house.person()
    house.enrol(recipient=payee)
    payroll = house.prepare().payroll
    reference = str(Payment.objects.get().reference)
    with pytest.raises(StillHeld, match="no account"):
        payments.release_held(actor=house.maker, payment=reference, reason="try", at=AT)
    account = house.account(payee)
    with pytest.raises(ReasonMissing):
        payments.release_held(actor=house.maker, payment=reference, reason=" ", at=AT)
    released = payments.release_held(
        actor=house.maker, payment=reference, reason="She opened one", at=AT
    )
    assert (released.state, released.account, released.held_reason) == ("PREPARED", account, "")
    with pytest.raises(PaymentNotHeld):
        payments.release_held(actor=house.maker, payment=reference, reason="again", at=AT)
    house.approve(payroll)
    with pytest.raises(PayrollNotPrepared, match="frozen"):
        payments.hold_payment(actor=house.maker, payment=reference, reason="wait", at=AT)


def test_a_payment_held_by_hand_is_left_out_and_told(house: House) -> None:
    house.enrol(2000)
    house.enrol(3000)
    payroll = house.prepare().payroll
    payment = Payment.objects.get(amount_minor=3000)
    payments.hold_payment(
        actor=house.maker, payment=str(payment.reference), reason="Is it she?", at=AT
    )
    assert house.approve(payroll).approved_minor == 2000
    event = PaymentEvent.objects.get(payment=payment)
    assert (event.before, event.after, event.reason) == ("PREPARED", "HELD", "Is it she?")


def test_a_frozen_payroll_never_changes(house: House) -> None:
    house.enrol(2000)
    house.enrol(account=False)
    payroll = house.approve(house.prepare().payroll)
    payment = Payment.objects.get(state="APPROVED")
    attempts = [
        lambda: Payment.objects.filter(pk=payment.pk).update(amount_minor=9000),
        lambda: Payment.objects.filter(pk=payment.pk).update(payee_person=house.person()),
        lambda: Payment.objects.filter(pk=payment.pk).update(state="PAID"),
        lambda: Payment.objects.filter(pk=payment.pk).update(state="PREPARED"),
        lambda: Payment.objects.filter(state="HELD").update(
            state="PREPARED",
            held_reason="",
            account_id=payment.account_id,
            channel_version_id=payment.channel_version_id,
        ),
        lambda: Payment.objects.filter(pk=payment.pk).delete(),
        lambda: payment.lines.update(amount_minor=9000),
        lambda: payment.lines.update(live=False),
        lambda: Payment.objects.create(
            payroll=payroll,
            payee_person=payment.payee_person,
            amount_minor=1,
            currency="XTS",
            channel_version_id=payment.channel_version_id,
            state="PREPARED",
        ),
        lambda: Payroll.objects.update(sha256="0" * 64),
        lambda: Payroll.objects.update(approved_by="somebody"),
        lambda: Payroll.objects.update(state="PREPARED"),
        lambda: Payroll.objects.update(period="2026-12"),
        lambda: PaymentEvent.objects.update(reason="nothing happened"),
        lambda: PaymentEvent.objects.all().delete(),
    ]
    for attempt in attempts:
        with refused(), transaction.atomic():
            attempt()


def test_an_entitlement_has_one_live_line(house: House) -> None:
    house.enrol(2000)
    payroll = house.prepare().payroll
    payment = Payment.objects.get()
    line = payment.lines.get()
    with refused(), transaction.atomic():
        other = Payment.objects.create(
            payroll=payroll,
            payee_person=payment.payee_person,
            channel_version_id=payment.channel_version_id,
            amount_minor=2000,
            currency="XTS",
            state="PREPARED",
        )
        other.lines.create(entitlement=line.entitlement, amount_minor=2000)


def test_lines_must_add_up_to_their_payment(house: House) -> None:
    house.enrol(2000)
    payroll = house.prepare().payroll
    payment = Payment.objects.get()
    with pytest.raises(IntegrityError, match="add up"), transaction.atomic():
        other = Payment.objects.create(
            payroll=payroll,
            payee_person=payment.payee_person,
            channel_version_id=payment.channel_version_id,
            amount_minor=1999,
            currency="XTS",
            state="PREPARED",
        )
        entitlement = payment.lines.get().entitlement
        entitlement.pk, entitlement.component = None, "other"
        entitlement.save(force_insert=True)
        other.lines.create(entitlement=entitlement, amount_minor=2000)


def test_nothing_leaves_the_house_unapproved(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    with pytest.raises(PayrollNotApproved):
        house.export(payroll)
    assert not (house.folder / "out").exists()


def test_an_account_changed_after_approval_stops_the_export(house: House) -> None:
    house.enrol()
    payroll = house.approve(house.prepare().payroll)
    Account.objects.update(number_hash=b"x" * 32)
    with pytest.raises(PayrollTampered):
        house.export(payroll)
    assert not list((house.folder / "out").iterdir())
    assert queries.payroll_figures(payroll).by_state.keys() == {"APPROVED"}


def test_a_payroll_approved_late_is_paid_on_the_day_it_was_approved(house: House) -> None:
    # Due on 5 November, approved on the 20th: banks refuse days that are over.
    house.enrol()
    payroll = house.approve(house.prepare().payroll)
    assert payroll.pay_on == date(2026, 11, 20)
    [file] = house.export(payroll)
    assert "<Dt>2026-11-20</Dt>" in file.path.read_text()
