"""The pretended bank answers our own files in the words that our own reader understands."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from amana.demonstration import bank
from amana.payments import mobile_csv, pain001, pain002
from amana.payments.pain001 import AccountNumber, Batch, Debtor, Message, Transfer
from amana.payments.states import Outcome

AT = datetime(2026, 11, 6, 9, tzinfo=UTC)
RIGHT, WRONG = "12345678901244", "12345678901245"


def message(*accounts: tuple[str, str]) -> Message:
    transfers = [
        Transfer(f"PM-{number:04d}-AAA", 38_00, "Asula Lekmu", AccountNumber(scheme, account))
        for number, (scheme, account) in enumerate(accounts, start=1)
    ]
    batch = Batch(
        "PR-1-001", Debtor("Treasury", AccountNumber("other", "1"), "KELNXXK1"), date(2026, 11, 5),
        len(transfers), 38_00 * len(transfers), transfers,
    )  # fmt: skip
    return Message("PR-1-001", AT, "Treasury", "XTS", 2, (batch,))


def answered(tmp_path: Path, sent: Message, *, refuse: int = 0) -> tuple[bank.Answer, list]:
    file = tmp_path / "order.xml"
    with file.open("wb") as out:
        pain001.write_message(sent, out)
    answer = bank.answer(file, out=tmp_path, at=AT, refuse=refuse)
    with answer.path.open("rb") as source:
        return answer, list(pain002.read_report(source, file=answer.path.name))


def test_wrong_check_digits_are_refused_as_an_unknown_account(tmp_path):
    answer, said = answered(tmp_path, message(("other", RIGHT), ("other", WRONG)))
    assert (answer.paid, answer.rejected) == (1, 1)
    report, *statuses = [row for row in said if not isinstance(row, str)]
    assert report.original_message_id == "PR-1-001"
    by_payment = {row.end_to_end_id: row for row in statuses if row.end_to_end_id}
    assert by_payment["PM-0001-AAA"].outcome is Outcome.PAID
    assert by_payment["PM-0002-AAA"].outcome is Outcome.REJECTED
    assert by_payment["PM-0002-AAA"].reason_code == "AC01"


def test_counter_pays_whoever_shows_the_reference_and_refuses_as_many_as_asked(tmp_path):
    sent = message(*[("reference", f"PN-{n}") for n in range(6)])
    answer, said = answered(tmp_path, sent, refuse=2)
    assert (answer.paid, answer.rejected) == (4, 2)
    again, same = answered(tmp_path, sent, refuse=2)
    assert (again, same) == (answer, said)


def test_mobile_money_is_answered_in_its_own_columns(tmp_path):
    out = io.BytesIO()
    mobile_csv.write_disbursement(message(("mobile", "+99960000001")), out)
    file = tmp_path / "order.csv"
    file.write_bytes(out.getvalue())
    answer = bank.answer(file, out=tmp_path, at=AT)
    with answer.path.open("rb") as source:
        _, status = list(
            mobile_csv.read_statuses(source, file="answer.csv", sha256="0" * 64, received_at=AT)
        )
    assert (status.end_to_end_id, status.outcome) == ("PM-0001-AAA", Outcome.PAID)


@pytest.mark.parametrize("name", ["order.xml", "order.csv"])
def test_file_that_is_no_order_is_refused_by_name(tmp_path, name):
    file = tmp_path / name
    file.write_text("nothing to pay\n", encoding="utf-8")
    with pytest.raises(bank.NotAPaymentFile) as refusal:
        bank.answer(file, out=tmp_path, at=AT)
    assert refusal.value.where.file == name
