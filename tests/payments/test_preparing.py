"""Who is due what, through whom, and what is held: with the arithmetic."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from amana.kernel.period import PeriodMistyped
from amana.payments import commands as payments
from amana.payments import queries
from amana.payments.errors import (
    ChannelMissing,
    NobodyEntitled,
    PayrollNotFound,
    PayrollNotPrepared,
    StillHeld,
)
from amana.payments.models import (
    Entitlement,
    Payment,
    PaymentLine,
    Payroll,
    Shortfall,
)
from amana.payments.periods import PeriodNotMonth
from amana.programmes.definition import Benefit, Text
from amana.programmes.models import Enrolment, Recipient
from tests.making import make_actor
from tests.payments.making import AT, House, definition, make_house


def held(payroll: Payroll) -> dict[str, int]:
    return {group.reason: group.tally.count for group in queries.held_groups(payroll)}


def test_a_grandmother_with_three_grants_gets_one_payment_of_three_lines(house: House) -> None:
    # 20.00 + 27.50 + 35.00 = 82.50
    grandmother = house.person("Nyasha Bibi")
    house.account(grandmother)
    for amount in (2000, 2750, 3500):
        house.enrol(amount, recipient=grandmother)
    payroll = house.prepare().payroll
    payment = Payment.objects.get(payroll=payroll)
    assert payment.amount_minor == 8250
    assert payment.payee_person == grandmother
    amounts = payment.lines.order_by("amount_minor").values_list("amount_minor", flat=True)
    assert list(amounts) == [2000, 2750, 3500]


def test_components_of_one_household_are_lines_of_one_payment(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benefits = [
        Benefit("base", Text({}), "cash", "month", "20"),
        Benefit("child", Text({}), "cash", "month", "7.50"),
        Benefit("seed", Text({}), "in-kind", "year", "1"),
    ]
    house = make_house(tmp_path, monkeypatch, definition(benefits=benefits))
    # 20.00 + 2 x 7.50 = 35.00; nothing for a component of 0; seed is not money
    house.enrol({"base": 2000, "child": 1500, "seed": 1})
    house.enrol({"base": 2000, "child": 0})
    payroll = house.prepare().payroll
    assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [2000, 3500]
    assert payroll.counts["total_minor"] == 5500
    assert Entitlement.objects.count() == 3


def test_a_quarterly_benefit_is_due_once_in_its_quarter(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benefits = [
        Benefit("base", Text({}), "cash", "month", "20"),
        Benefit("school", Text({}), "cash", "quarter", "50"),
        Benefit("start", Text({}), "cash", "once", "100"),
    ]
    house = make_house(tmp_path, monkeypatch, definition(benefits=benefits))
    house.enrol({"base": 2000, "school": 5000, "start": 10000})
    # November: 20 + 50 + 100; December: 20; January, a new quarter: 20 + 50
    totals = [
        house.prepare(period).payroll.counts["total_minor"]
        for period in ("2026-11", "2026-12", "2027-01")
    ]
    assert totals == [17000, 2000, 7000]
    assert set(Entitlement.objects.values_list("coverage", flat=True)) == {
        "2026-11",
        "2026-12",
        "2027-01",
        "2026-Q4",
        "2027-Q1",
        "ONCE",
    }


def test_each_obstacle_holds_its_payment_with_its_reason(house: House) -> None:
    house.enrol()
    house.enrol(account=False)
    house.enrol(nobody=True)
    house.enrol(nobody=True)
    house.enrol(state="SUSPENDED")
    dead = house.person("Late Payee", death_status="REPORTED")
    house.account(dead)
    house.enrol(recipient=dead)
    payroll = house.prepare().payroll
    assert held(payroll) == {
        "NO_ACCOUNT": 1,
        "NO_RECIPIENT": 2,
        "SUSPENDED": 1,
        "DEATH_REPORTED": 1,
    }
    assert payroll.counts["payments"] == 6
    assert queries.payroll_figures(payroll).payable.count == 1


def test_a_hold_on_one_grant_does_not_keep_back_the_other(house: House) -> None:
    payee = house.person()
    house.account(payee)
    house.enrol(2000, recipient=payee)
    house.enrol(3000, recipient=payee, state="SUSPENDED")
    payroll = house.prepare().payroll
    figures = queries.payroll_figures(payroll)
    assert (figures.payable.minor, figures.held.minor) == (2000, 3000)


def test_unknown_amounts_and_units_not_assessed_are_told_and_not_lost(house: House) -> None:
    house.enrol(2000)
    unknown = house.enrol(None)
    absent = house.enrol(2000)
    del house.amounts[absent.group_id or 0]
    payroll = house.prepare().payroll
    assert payroll.counts["shortfalls"] == 2
    told = dict(Shortfall.objects.values_list("enrolment_id", "reason"))
    assert told == {unknown.pk: "AMOUNT_UNKNOWN", absent.pk: "NOT_ASSESSED"}


def test_only_those_enrolled_before_the_month_ends_are_due(house: House) -> None:
    house.enrol(active_from=date(2026, 11, 30))
    house.enrol(active_from=date(2026, 12, 1))
    house.enrol(state="WAITLISTED")
    assert house.prepare("2026-11").payroll.counts["payments"] == 1
    assert house.prepare("2026-12").payroll.counts["payments"] == 2
    with pytest.raises(NobodyEntitled, match="2026-10"):
        house.prepare("2026-10")


def test_a_merged_recipient_is_paid_as_the_one_who_stands_for_them(house: House) -> None:
    survivor = house.person("Amina A. Odhi")
    merged = house.person("Amina Odhi", survivor=survivor)
    account = house.account(merged)
    house.enrol(2000, recipient=merged)
    house.enrol(1000, recipient=survivor)
    payroll = house.prepare().payroll
    payment = Payment.objects.get(payroll=payroll)
    assert (payment.payee_person, payment.amount_minor) == (survivor, 3000)
    assert payment.account == account


def test_one_human_enrolled_twice_is_paid_once(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_house(tmp_path, monkeypatch, definition(code="pension", unit="person"))
    survivor = house.person("Odhi")
    house.account(survivor)
    house.enrol(person=survivor, recipient=survivor)
    other = house.person("Odhi again", survivor=survivor)
    twice = house.enrol(person=other, recipient=survivor)
    house.amounts = {survivor.pk: {"base": 2000}}
    payroll = house.prepare().payroll
    assert held(payroll) == {"SAME_PERSON_TWICE": 1}
    payment = Payment.objects.get(state="HELD")
    assert payment.lines.get().entitlement.enrolment == twice
    with pytest.raises(StillHeld):
        payments.release_held(
            actor=house.maker, payment=str(payment.reference), reason="They insist", at=AT
        )
    # Nor in a supplementary payroll, when the first enrolment has been paid and closed meanwhile.
    house.export(house.approve(payroll))
    Enrolment.objects.exclude(pk=twice.pk).update(state="EXITED", exited_on=date(2026, 11, 30))
    again = payments.retry_rejected(
        actor=house.maker, payroll=str(payroll.reference), at=AT
    ).payroll
    assert held(again) == {"SAME_PERSON_TWICE": 1}


def test_a_household_that_left_and_came_back_is_paid_once_for_a_month(house: House) -> None:
    first = house.enrol(2000)
    payroll = house.prepare().payroll
    house.export(house.approve(payroll))
    first.state, first.exited_on = "EXITED", date(2026, 11, 15)
    first.save()
    again = Enrolment.objects.create(
        programme=house.programme,
        group=first.group,
        area=house.area,
        state="ACTIVE",
        since=date(2026, 11, 20),
        active_from=date(2026, 11, 20),
    )
    payee = Payment.objects.get().payee_person
    Recipient.objects.create(
        enrolment=again,
        person=payee,
        relation="HEAD",
        valid_from=date(2026, 11, 20),
        recorded_at=AT,
        recorded_by="operator",
    )
    assert house.prepare().existing
    # December is theirs under the new enrolment alone.
    december = house.prepare("2026-12").payroll
    assert Payment.objects.get(payroll=december).lines.get().entitlement.enrolment == again


def test_preparing_again_answers_the_same_payroll(house: House) -> None:
    house.enrol()
    first = house.prepare()
    house.enrol()
    second = house.prepare()
    assert (first.existing, second.existing) == (False, True)
    assert first.payroll == second.payroll
    assert Payment.objects.count() == PaymentLine.objects.count() == 1


def test_a_discarded_payroll_leaves_its_month_free(house: House) -> None:
    house.enrol(2000)
    payroll = house.prepare().payroll
    payments.discard_payroll(
        actor=house.maker, payroll=str(payroll.reference), reason="wrong amount", at=AT
    )
    house.amounts = {unit: {"base": 2500} for unit in house.amounts}
    again = house.prepare().payroll
    assert again != payroll
    assert again.counts["total_minor"] == 2500
    assert PaymentLine.objects.filter(live=True).count() == 1
    assert Entitlement.objects.filter(voided_at__isnull=True).count() == 1
    house.approve(again)
    with pytest.raises(PayrollNotPrepared):
        payments.discard_payroll(
            actor=house.maker, payroll=str(again.reference), reason="late", at=AT
        )


@pytest.mark.parametrize(
    ("period", "refusal"), [("2026-13", PeriodMistyped), ("2026-Q4", PeriodNotMonth)]
)
def test_a_period_that_is_no_month_is_refused(
    house: House, period: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        house.prepare(period)


def test_a_programme_without_a_published_channel_is_refused(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_house(tmp_path, monkeypatch, definition(channels=["pigeon"]))
    house.enrol()
    with pytest.raises(ChannelMissing, match="pigeon"):
        house.prepare()


def test_a_counter_pays_those_without_an_account(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_house(tmp_path, monkeypatch, definition(channels=["counter"]))
    payee = house.person("")
    house.enrol(5000, recipient=payee)
    payroll = house.prepare().payroll
    assert payroll.counts["held"] == 0
    [file] = house.export(house.approve(payroll))
    text = file.path.read_text()
    assert f"<PrvtId><Othr><Id>{payee.reference}</Id></Othr></PrvtId>" in text
    assert "<CdtrAcct>" not in text


def test_people_of_another_programme_do_not_see_the_payroll(house: House) -> None:
    house.enrol()
    payroll = house.prepare().payroll
    other = make_actor("other", ["payments.view"], programme="pension")
    with pytest.raises(PayrollNotFound):
        queries.get_payroll(actor=other, reference=str(payroll.reference))
    assert not queries.list_payrolls(actor=other).exists()
    assert queries.list_payrolls(actor=house.checker).count() == 1


def test_a_preferred_account_is_taken_and_a_closed_one_never(house: House) -> None:
    payee = house.person()
    second = house.account(payee, "11111111111111")
    first = house.account(payee, "+99960000001", channel="mobile")
    closed = house.account(payee, "22222222222222")
    second.preference, first.preference, closed.preference = 2, 1, 0
    closed.valid_to = date(2026, 11, 2)
    for account in (first, second, closed):
        account.save()
    house.enrol(recipient=payee)
    house.prepare()
    payment = Payment.objects.get()
    assert payment.account == first
    assert payment.channel_version is not None
    assert payment.channel_version.channel.code == "mobile"
