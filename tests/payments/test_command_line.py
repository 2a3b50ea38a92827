"""The command line of payments keeps the names and keys that others script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.payments.answers import transfer, write_answer

if TYPE_CHECKING:
    from tests.payments.making import House


def test_the_commands_answer_with_their_keys(house: House, amana_cli: Callable[..., Any]) -> None:
    from amana.payments.models import Payment

    house.enrol(2000)
    house.enrol(2500)
    house.enrol(3000, account=False)
    prepare = ("payroll", "prepare", "child-grant", "--period", "2026-11")
    prepared = amana_cli(*prepare, user="maker").data
    assert prepared.keys() >= {
        "payroll",
        "payments",
        "total_minor",
        "currency",
        "held",
        "existing",
    }
    assert (prepared["payments"], prepared["total_minor"], prepared["held"]) == (3, 7500, 1)
    assert amana_cli(*prepare, user="maker").data == {**prepared, "existing": True}
    payroll = prepared["payroll"]
    refused = amana_cli("payroll", "approve", payroll, user="maker", expect=5).data["error"]
    assert refused["code"] == "SAME_PERSON"
    assert amana_cli("payroll", "approve", payroll, user="checker").data["payments"] == 2
    out = house.folder / "out"
    files = amana_cli("payments", "export", payroll, "--out", out, user="maker").data["files"]
    assert files[0].keys() >= {"path", "channel", "count", "total_minor", "sha256"}
    one, two = Payment.objects.filter(state="INSTRUCTED").order_by("id")
    answer = write_answer(
        house.folder,
        files[0]["message_id"],
        [transfer(str(one.reference), "ACSC"), transfer(str(two.reference), "RJCT", "AC04")],
    )
    told = amana_cli("payments", "ingest", answer, user="maker").data
    assert told.keys() >= {"run", "statuses", "paid", "rejected", "pending", "unmatched"}
    assert (told["statuses"], told["paid"], told["rejected"]) == (2, 1, 1)
    result = amana_cli("payments", "reconcile", payroll, user="checker").data
    expected = {"instructed": 2, "paid": 1, "rejected": 1, "pending": 0, "returned": 0}
    assert {key: result[key] for key in expected} == expected
    assert result["difference_minor"] == 0
    again = amana_cli("payroll", "retry", payroll.lower(), user="maker").data
    assert (again["payments"], again["held"], again["existing"]) == (2, 2, False)


def test_refusals_are_told_with_their_code(house: House, amana_cli: Callable[..., Any]) -> None:
    missing = amana_cli("payroll", "approve", "PR-9H3H-2QP", user="checker", expect=4)
    assert missing.data["error"]["code"] == "PAYROLL_NOT_FOUND"
    absent = amana_cli("payments", "ingest", house.folder / "no.xml", user="maker", expect=3)
    assert absent.data["error"]["where"]["file"] == "no.xml"
    period = amana_cli(
        "payroll", "prepare", "child-grant", "--period", "2026-13", user="maker", expect=3
    )
    assert period.data["error"]["code"] == "PERIOD_MISTYPED"
    nobody = amana_cli(
        "payroll", "prepare", "child-grant", "--period", "2026-11", user="maker", expect=1
    )
    assert nobody.data["error"]["code"] == "NOBODY_ENTITLED"
