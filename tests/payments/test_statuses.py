"""Answers of providers: late, twice, out of order, partial, and paying again what was rejected."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from amana.payments import commands as payments
from amana.payments import queries
from amana.payments.errors import (
    NothingToRetry,
    PayrollNotApproved,
    StatusForUnknownMessage,
    StatusMessageAltered,
)
from amana.payments.models import (
    LedgerMovement,
    Payment,
    PaymentEvent,
    PaymentLine,
    Payroll,
    StatusLine,
    StatusMessage,
)
from amana.payments.pain002 import StatusFileRefused
from amana.payments.reconciliation import Reconciliation
from tests.payments.answers import SAID, transfer, write_answer
from tests.payments.making import AT, House


@dataclass
class Sent:
    """A payroll of payments of 20.00 each that is with the bank."""

    house: House
    payroll: Payroll
    message_id: str

    @property
    def references(self) -> list[str]:
        rows = Payment.objects.filter(payroll=self.payroll, file__isnull=False).order_by("id")
        return [str(reference) for reference in rows.values_list("reference", flat=True)]

    def answer(self, *transfers: str, name: str = "A-1", **more: object) -> payments.Ingested:
        path = write_answer(self.house.folder, self.message_id, transfers, name=name, **more)  # type: ignore[arg-type]
        return self.ingest(path)

    def ingest(self, path: Path) -> payments.Ingested:
        return payments.ingest_status(actor=self.house.maker, path=path, at=AT)

    def states(self) -> list[str]:
        rows = Payment.objects.filter(payroll=self.payroll, file__isnull=False).order_by("id")
        return list(rows.values_list("state", flat=True))

    def reconcile(self) -> Reconciliation:
        return queries.reconcile_payroll(
            actor=self.house.checker, reference=str(self.payroll.reference)
        )


def send(house: House, count: int = 3) -> Sent:
    for _ in range(count):
        house.enrol(2000)
    payroll = house.approve(house.prepare().payroll)
    [file] = house.export(payroll)
    return Sent(house, payroll, file.message_id)


@pytest.fixture
def sent(house: House) -> Sent:
    return send(house)


def test_paid_rejected_and_pending_balance_to_the_cent(sent: Sent) -> None:
    one, two, three = sent.references
    told = sent.answer(
        transfer(one, "ACSC", amount="20.00"),
        transfer(two, "RJCT", "AC04"),
        transfer(three, "ACSP"),
    )
    assert (told.statuses, told.paid, told.rejected, told.pending, told.unmatched) == (
        3,
        1,
        1,
        1,
        0,
    )
    assert sent.states() == ["PAID", "REJECTED", "ACCEPTED"]
    result = sent.reconcile()
    # 3 x 20.00 = 60.00 ordered = 20.00 paid + 20.00 rejected + 20.00 pending
    assert [t.minor for t in (result.instructed, result.paid, result.rejected, result.pending)] == [
        6000,
        2000,
        2000,
        2000,
    ]
    assert (result.difference_minor, result.differences) == (0, {})


def test_the_same_file_again_changes_nothing(sent: Sent) -> None:
    one, *_ = sent.references
    path = write_answer(sent.house.folder, sent.message_id, [transfer(one, "ACSC")])
    first, second = sent.ingest(path), sent.ingest(path)
    assert (first.existing, second.existing) == (False, True)
    assert second.paid == first.paid == 1
    assert StatusMessage.objects.count() == StatusLine.objects.count() == 1
    assert LedgerMovement.objects.filter(kind="PAID").count() == 1


def test_a_message_id_with_other_content_is_refused(sent: Sent) -> None:
    one, two, _ = sent.references
    sent.answer(transfer(one, "ACSC"))
    with pytest.raises(StatusMessageAltered, match="A-1"):
        sent.answer(transfer(two, "ACSC"))
    assert sent.states() == ["PAID", "INSTRUCTED", "INSTRUCTED"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_in_which_answers_arrive_does_not_matter(
    house: House, order: tuple[int, ...]
) -> None:
    sent = send(house, 4)
    one, two, three, four = sent.references
    # By the bank's clock: accepted all; then paid 1, 2, rejected 3; then 2 came back, 3 was paid
    # after all; a last word that 1 is in process says nothing new.
    said = [
        [transfer(reference, "ACTC") for reference in (one, two, three, four)],
        [transfer(one, "ACSC"), transfer(two, "ACSC"), transfer(three, "RJCT", "MS03")],
        [transfer(two, "RJCT", "AC04"), transfer(three, "ACSC")],
        [transfer(one, "ACSP")],
    ]
    paths = [
        write_answer(
            house.folder,
            sent.message_id,
            transfers,
            name=f"A-{number}",
            said_at=SAID + timedelta(hours=number),
        )
        for number, transfers in enumerate(said)
    ]
    for number in order:
        sent.ingest(paths[number])
        assert sent.reconcile().difference_minor == 0
    assert sent.states() == ["PAID", "RETURNED", "PAID", "ACCEPTED"]


def test_a_word_about_the_batch_covers_those_not_named(sent: Sent) -> None:
    one, two, _three = sent.references
    sent.answer(transfer(two, "RJCT", "AC01"), group="PART", batch="ACSC")
    assert sent.states() == ["PAID", "REJECTED", "PAID"]
    assert one


def test_a_word_about_the_message_covers_all(sent: Sent) -> None:
    told = sent.answer(group="RJCT", reason="MS03", count=3)
    assert told.rejected == 3
    assert sent.states() == ["REJECTED"] * 3


def test_a_refused_copy_of_the_file_rejects_nobody(sent: Sent) -> None:
    sent.answer(group="RJCT", reason="DU01")
    assert sent.states() == ["ACCEPTED"] * 3
    with pytest.raises(NothingToRetry):
        payments.retry_rejected(actor=sent.house.maker, payroll=str(sent.payroll.reference), at=AT)


def test_a_status_for_an_unknown_payment_is_kept_apart(sent: Sent) -> None:
    told = sent.answer(transfer("PM-ZZZZ-ZZZ", "ACSC"), transfer(sent.references[0], "ACSC"))
    assert (told.unmatched, told.paid) == (1, 1)
    assert StatusLine.objects.get(payment__isnull=True).conflict == "UNKNOWN"


def test_another_amount_is_not_believed(sent: Sent) -> None:
    told = sent.answer(transfer(sent.references[0], "ACSC", amount="19.00"))
    assert (told.paid, told.conflicts) == (0, 1)
    assert sent.states() == ["INSTRUCTED"] * 3
    assert queries.list_conflicts(sent.payroll).get().conflict == "AMOUNT_DIFFERS"


def test_another_number_of_transfers_is_told(sent: Sent) -> None:
    told = sent.answer(transfer(sent.references[0], "ACSC"), count=7)
    assert told.warnings == ["The provider speaks of 7 transfers; the file had 3."]


def test_an_answer_to_an_unknown_message_is_refused(sent: Sent) -> None:
    path = write_answer(sent.house.folder, "SOMEBODY-ELSES-1", [transfer("X", "ACSC")])
    with pytest.raises(StatusForUnknownMessage, match="which Amana did not send") as refused:
        sent.ingest(path)
    assert refused.value.where.field == "OrgnlMsgId"


def test_a_file_that_breaks_off_books_nothing(sent: Sent) -> None:
    path = write_answer(
        sent.house.folder, sent.message_id, [transfer(r, "ACSC") for r in sent.references]
    )
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(StatusFileRefused):
        sent.ingest(path)
    assert sent.states() == ["INSTRUCTED"] * 3
    assert not StatusMessage.objects.exists()


def test_rejected_and_returned_payments_are_paid_again_once(sent: Sent) -> None:
    one, two, three = sent.references
    sent.answer(transfer(one, "ACSC"), transfer(two, "RJCT", "AC04"), transfer(three, "ACSC"))
    sent.answer(transfer(three, "RJCT", "MS03"), name="A-2", said_at=SAID + timedelta(hours=1))
    assert sent.states() == ["PAID", "REJECTED", "RETURNED"]
    refused = Payment.objects.get(reference=two)
    assert refused.payee_person is not None
    reference = str(sent.payroll.reference)
    again = payments.retry_rejected(actor=sent.house.maker, payroll=reference, at=AT)
    assert payments.retry_rejected(actor=sent.house.maker, payroll=reference, at=AT).existing
    supplement = again.payroll
    assert (supplement.sequence, supplement.period) == (2, "2026-11")
    # The closed account is not tried again; the transfer that came back for another reason is.
    assert supplement.counts["payments"] == 2
    held = Payment.objects.get(payroll=supplement, state="HELD")
    assert (held.payee_person, held.held_reason) == (refused.payee_person, "ACCOUNT_REFUSED")
    sent.house.account(refused.payee_person, "99999999999999")
    payments.release_held(
        actor=sent.house.maker, payment=str(held.reference), reason="A new account", at=AT
    )
    assert PaymentLine.objects.filter(live=True).count() == 3
    [file] = sent.house.export(sent.house.approve(supplement), "again")
    assert (file.count, file.total_minor) == (2, 4000)
    references = Payment.objects.filter(payroll=supplement).values_list("reference", flat=True)
    path = write_answer(
        sent.house.folder, file.message_id, [transfer(str(r), "ACSC") for r in references], name="B"
    )
    sent.ingest(path)
    for payroll in (sent.payroll, supplement):
        result = queries.reconcile_payroll(
            actor=sent.house.checker, reference=str(payroll.reference)
        )
        assert result.difference_minor == 0
    # 20.00 in the first payroll and 2 x 20.00 in the second: each of three families once.
    paid = Payment.objects.filter(state="PAID")
    assert sorted(p.amount_minor for p in paid) == [2000, 2000, 2000]
    assert len({p.payee_person_id for p in paid}) == 3
    with pytest.raises(NothingToRetry):
        payments.retry_rejected(actor=sent.house.maker, payroll=reference, at=AT)


def test_a_late_word_that_it_was_paid_after_all_holds_the_second_payment(sent: Sent) -> None:
    one, *_ = sent.references
    sent.answer(transfer(one, "RJCT", "MS03"))
    supplement = payments.retry_rejected(
        actor=sent.house.maker, payroll=str(sent.payroll.reference), at=AT
    ).payroll
    told = sent.answer(transfer(one, "ACSC"), name="A-2", said_at=SAID + timedelta(hours=1))
    assert (told.paid, told.conflicts) == (0, 1)
    payment = Payment.objects.get(payroll=supplement)
    assert (payment.state, payment.held_reason) == ("HELD", "PAID_LATE")
    assert queries.list_conflicts(sent.payroll).get().conflict == "PAID_AFTER_RETRY"


def test_a_payment_held_at_approval_is_carried_by_a_supplementary_payroll(house: House) -> None:
    payee = house.person()
    house.enrol(2000, recipient=payee)
    house.enrol(3000)
    first = house.approve(house.prepare().payroll)
    house.export(first)
    house.account(payee)
    supplement = payments.retry_rejected(
        actor=house.maker, payroll=str(first.reference), at=AT
    ).payroll
    assert (supplement.counts["payments"], supplement.counts["held"]) == (1, 0)
    assert house.approve(supplement).approved_minor == 2000
    assert Payment.objects.get(payroll=first, amount_minor=2000).state == "CANCELLED"
    # The frozen payroll still gives the file it gave before.
    assert house.export(first, "again")[0].count == 1


def test_who_became_due_later_is_in_the_supplementary_payroll(sent: Sent) -> None:
    late = sent.house.enrol(4000)
    supplement = payments.retry_rejected(
        actor=sent.house.maker, payroll=str(sent.payroll.reference), at=AT
    ).payroll
    payment = Payment.objects.get(payroll=supplement)
    assert payment.lines.get().entitlement.enrolment == late


def test_a_waiting_supplementary_payroll_takes_what_came_up_since(sent: Sent) -> None:
    one, two, three = sent.references
    reference = str(sent.payroll.reference)
    sent.answer(transfer(one, "RJCT", "AC04"))
    supplement = payments.retry_rejected(actor=sent.house.maker, payroll=reference, at=AT).payroll
    # Its only payment is held for its account, so it cannot be approved and must not be in the way.
    assert supplement.counts["held"] == 1
    sent.answer(transfer(two, "RJCT", "MS03"), transfer(three, "ACSC"), name="A-2")
    other = payments.retry_rejected(actor=sent.house.checker, payroll=reference, at=AT)
    assert (other.existing, other.payroll.counts["payments"]) == (True, 1)  # not theirs to add to
    again = payments.retry_rejected(actor=sent.house.maker, payroll=reference, at=AT)
    assert (again.existing, again.payroll) == (True, supplement)
    assert again.payroll.counts["payments"] == 2
    assert sent.house.approve(supplement).approved_minor == 2000


def test_nothing_is_paid_again_before_the_regular_payroll_is_approved(house: House) -> None:
    house.enrol(2000)
    payroll = house.prepare().payroll
    with pytest.raises(PayrollNotApproved):
        payments.retry_rejected(actor=house.maker, payroll=str(payroll.reference), at=AT)


def test_who_left_is_still_paid_what_did_not_arrive_before(sent: Sent) -> None:
    from datetime import date

    from amana.programmes.models import Enrolment, Recipient

    one, two, three = sent.references
    sent.answer(transfer(one, "RJCT", "MS03"), transfer(two, "ACSC"), transfer(three, "ACSC"))
    Enrolment.objects.update(state="EXITED", exited_on=date(2026, 11, 30))
    Recipient.objects.update(valid_to=date(2026, 11, 30))
    supplement = payments.retry_rejected(
        actor=sent.house.maker, payroll=str(sent.payroll.reference), at=AT
    ).payroll
    assert (supplement.counts["payments"], supplement.counts["held"]) == (1, 0)


def test_files_are_split_at_the_limit_of_the_channel(house: House) -> None:
    from dataclasses import replace

    from tests.payments.making import BANK

    payments.apply_channel(actor=house.maker, definition=replace(BANK, file_limit=2), at=AT)
    for _ in range(5):
        house.enrol(2000)
    files = house.export(house.approve(house.prepare().payroll))
    assert [(f.count, f.total_minor) for f in files] == [(2, 4000), (2, 4000), (1, 2000)]
    assert len({f.message_id for f in files}) == 3
    names = [
        element.text for file in files for element in etree.parse(file.path).iter("{*}EndToEndId")
    ]
    assert len(names) == len(set(names)) == 5


def test_a_mobile_money_channel_is_told_and_answers_in_csv(house: House) -> None:
    payee = house.person("Wanjikũ Njoroge")
    house.account(payee, "+99960000001", channel="mobile")
    house.enrol(2750, recipient=payee)
    [file] = house.export(house.approve(house.prepare().payroll))
    heading, row = file.path.read_text().splitlines()
    assert heading == "message_id,end_to_end_id,number,name,amount,currency,text"
    reference = str(Payment.objects.get().reference)
    assert row.split(",")[:6] == [
        file.message_id, reference, "+99960000001", "Wanjiku Njoroge", "27.50", "XTS",
    ]  # fmt: skip
    answer = house.folder / "answer.csv"
    answer.write_text(f"message_id,end_to_end_id,status\n{file.message_id},{reference},ACCC\n")
    told = payments.ingest_status(actor=house.maker, path=answer, at=AT)
    assert (told.paid, told.unmatched) == (1, 0)
    assert Payment.objects.get().state == "PAID"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "column message_id is missing"),
        ("message_id,end_to_end_id\nA,B\n", "column status is missing"),
        ("message_id,end_to_end_id,status\n", "no rows"),
        ("message_id,end_to_end_id,status\nM,E,DONE\n", "“DONE” is no ISO 20022"),
        ("message_id,end_to_end_id,status\nM,,ACSC\n", "end_to_end_id is empty"),
        (f"message_id,end_to_end_id,status\nM,{'E' * 36},ACSC\n", "end_to_end_id has 36"),
        ("message_id,end_to_end_id,status\nM,E,ACSC\nN,E,ACSC\n", "two messages"),
        ("message_id,end_to_end_id,status\nM,\xff,ACSC\n", "not UTF-8"),
    ],
)
def test_a_bad_csv_answer_is_refused_by_name(sent: Sent, text: str, words: str) -> None:
    path = sent.house.folder / "answer.csv"
    path.write_bytes(text.replace("M,", f"{sent.message_id},").encode("latin-1"))
    with pytest.raises(StatusFileRefused, match=words):
        sent.ingest(path)
    assert sent.states() == ["INSTRUCTED"] * 3


def test_every_move_leaves_its_event_and_its_movement(sent: Sent) -> None:
    one, two, _ = sent.references
    sent.answer(transfer(one, "ACSC"), transfer(two, "RJCT", "AC04"))
    trail = PaymentEvent.objects.filter(payment__reference=two).order_by("id")
    assert list(trail.values_list("before", "after", "kind", "reason_code")) == [
        ("PREPARED", "APPROVED", "APPROVED", ""),
        ("APPROVED", "INSTRUCTED", "INSTRUCTED", ""),
        ("INSTRUCTED", "REJECTED", "STATUS", "AC04"),
    ]
    movements = LedgerMovement.objects.filter(payment__reference=two).order_by("id")
    assert list(movements.values_list("debit__kind", "credit__kind", "kind")) == [
        ("BUDGET", "PAYABLE", "COMMITTED"),
        ("PAYABLE", "CLEARING", "INSTRUCTED"),
        ("CLEARING", "PAYABLE", "REJECTED"),
    ]
