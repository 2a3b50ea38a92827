"""Each hard case goes through the whole chain: import, snapshot, targeting, enrolment, paid file.

A small invented country is played twice, in November and in December 2026, so that two months are
paid. The child grant is 20.00 and 7.50 for each child under 6, of at most three; the pension is
38.00, and 8.50 more from 80 on; the disability allowance is 42.00.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import connections
from django.test import override_settings

from amana.access.bootstrap import get_actor
from amana.demonstration import chain
from amana.demonstration.chain import NEW_WARD
from amana.identity.models import Identifier, NoIdentifier
from amana.payments.models import Payment, PaymentLine
from amana.programmes import queries
from amana.programmes.models import Enrolment, Recipient
from amana.registry.commands.snapshots import snapshot_folder
from amana.registry.models import Group, Membership, Person, Residence, Snapshot, SourceKey
from tests.conftest import ADMIN, Ground, _use_database, drop_database

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER = "2026-10", "2026-11"
PENSION, CHILD_GRANT, ALLOWANCE = "old-age-pension", "child-grant", "disability-allowance"


@dataclass(frozen=True)
class Country:
    """What the tests look up in it; keys are those of the census."""

    home: Path

    def person(self, key: str) -> Person:
        return SourceKey.objects.get(source="census", external_id=key, person__isnull=False).person

    def group(self, key: str) -> Group:
        return SourceKey.objects.get(source="census", external_id=key, group__isnull=False).group

    def explain(self, programme: str, key: str) -> Any:
        return queries.explain(
            actor=get_actor("manager", channel="cli"),
            programme=programme,
            reference=f"census:{key}",
            on=date(2026, 12, 20),
        )

    def enrolment(self, programme: str, unit: Person | Group) -> Enrolment:
        who = {"person": unit} if isinstance(unit, Person) else {"group": unit}
        return Enrolment.objects.get(programme__code=programme, **who)

    def payment(self, programme: str, unit: Person | Group, period: str) -> Payment:
        """The one payment that carries everything an enrolment is due for a month."""
        lines = PaymentLine.objects.filter(
            entitlement__enrolment=self.enrolment(programme, unit),
            entitlement__coverage=period,
            live=True,
        )
        payments = {line.payment for line in lines.select_related("payment")}
        assert len(payments) == 1, f"{programme} of {period}: {payments or 'no payment'}"
        return payments.pop()

    def file_of(self, payment: Payment) -> str:
        """The provider's file that holds the payment, as text."""
        assert payment.file is not None
        folder = self.home / "demonstration" / str(payment.payroll.reference)
        return (folder / payment.file.name).read_text(encoding="utf-8")

    def assert_paid(self, payment: Payment, *, to: Person, minor: int) -> None:
        """It went to this person, for this amount, in the provider's file, and was paid."""
        assert payment.payee_person == to
        assert payment.amount_minor == minor
        assert payment.state == Payment.State.PAID
        assert self.file_of(payment).count(f"{payment.end_to_end_id}<") + self.file_of(
            payment
        ).count(f",{payment.end_to_end_id},") in (1, 2)  # pain.001 says it twice: InstrId too


@pytest.fixture(scope="module")
def country(
    ground: Ground,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Country]:
    """Play the chain by its commands in November, then again in December, in a database apart."""
    home = tmp_path_factory.mktemp("country")
    usual = connections["default"].settings_dict["NAME"]
    with (
        ADMIN.connect(autocommit=True) as link,
        django_db_blocker.unblock(),
        override_settings(AMANA_HOME=home),
    ):
        name = ground.make_database(link)
        _use_database(name)
        try:
            for today in (date(2026, 11, 20), date(2026, 12, 20)):
                chain.play(
                    households=400,
                    today=today,
                    home=home,
                    secret="known to everybody",
                    say=lambda words: None,
                )
            with django_db_blocker.block():
                yield Country(home)
        finally:
            _use_database(usual)
            drop_database(link, name)


def outcomes(explanation) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in explanation.criteria}


def recipient_of(enrolment) -> Recipient:
    return Recipient.objects.get(enrolment=enrolment, valid_to=None)


def test_homeless_man(country: Country):
    man = country.person("homeless-man")
    assert man.group is None
    assert Residence.objects.get(person=man, valid_to=None).kind == Residence.Kind.NONE
    assert outcomes(country.explain(PENSION, "homeless-man")) == {"age": "met"}
    country.assert_paid(country.payment(PENSION, man, NOVEMBER), to=man, minor=38_00)


def test_care_home_with_12_children(country: Country):
    home, warden = country.group("care-home"), country.person("care-home-warden")
    assert home.kind == home.Kind.INSTITUTION
    assert Membership.objects.filter(group=home, role="RESIDENT", presence="USUAL").count() == 12
    child = country.person("care-home-child-07")
    recipient = recipient_of(country.enrolment(ALLOWANCE, child))
    assert (recipient.person, recipient.relation) == (warden, "CAREGIVER")
    country.assert_paid(country.payment(ALLOWANCE, child, NOVEMBER), to=warden, minor=42_00)


def test_household_headed_by_a_girl_of_15(country: Country):
    girl, home = country.person("girl-head"), country.group("girl-head-home")
    assert Membership.objects.get(person=girl, group=home).role == "HEAD"
    assert girl.birth_latest > date(2010, 11, 20)  # under 16 to the end
    assert country.explain(CHILD_GRANT, "girl-head-home").outcome == "eligible"
    payment = country.payment(CHILD_GRANT, home, NOVEMBER)
    country.assert_paid(payment, to=girl, minor=20_00 + 7_50)


def test_man_with_wives_in_two_households(country: Country):
    man = country.person("two-wives-man")
    first, second = country.group("two-wives-first"), country.group("two-wives-second")
    presence = dict(Membership.objects.filter(person=man).values_list("group_id", "presence"))
    assert presence == {first.pk: "USUAL", second.pk: "PART"}
    # He is one human: his own allowance comes once, however many households count him.
    country.assert_paid(country.payment(ALLOWANCE, man, NOVEMBER), to=man, minor=42_00)
    for home, wife in ((first, "two-wives-wife-1"), (second, "two-wives-wife-2")):
        payment = country.payment(CHILD_GRANT, home, NOVEMBER)
        country.assert_paid(payment, to=country.person(wife), minor=20_00 + 7_50)
    rows = people_in_snapshot()
    assert sorted(row["home"] for row in rows if row["person_id"] == man.pk) == [False, True]


def test_unnamed_newborn(country: Country):
    baby, home = country.person("unnamed-newborn"), country.group("unnamed-newborn-home")
    assert baby.display_name == ""
    assert baby.birth_earliest == baby.birth_latest
    # A sibling of 2 and the newborn count; a sibling of 7 does not.
    payment = country.payment(CHILD_GRANT, home, NOVEMBER)
    mother = country.person("unnamed-newborn-mother")
    country.assert_paid(payment, to=mother, minor=20_00 + 2 * 7_50)


def test_woman_about_70(country: Country):
    woman = country.person("woman-about-70")
    assert (woman.birth_latest - woman.birth_earliest).days > 15 * 365
    assert outcomes(country.explain(PENSION, "woman-about-70")) == {"age": "met"}
    # She is between 62 and 78: old enough in her favour, and not even then 80 for the supplement.
    country.assert_paid(country.payment(PENSION, woman, NOVEMBER), to=woman, minor=38_00)


def test_refugee_without_a_national_number(country: Country):
    man = country.person("refugee")
    assert list(Identifier.objects.filter(person=man).values_list("scheme__code", flat=True)) == [
        "refugee-card"
    ]
    reason = NoIdentifier.objects.get(person=man, scheme__code="national-id").reason
    assert reason == NoIdentifier.Reason.NEVER_ISSUED
    country.assert_paid(country.payment(PENSION, man, NOVEMBER), to=man, minor=38_00)


def test_nomadic_family_without_address(country: Country):
    home = country.group("nomads-home")
    assert home.area is not None
    assert home.area.level.code == "district"
    assert Residence.objects.get(group=home, valid_to=None).kind == Residence.Kind.MOVING
    assert country.explain(CHILD_GRANT, "nomads-home").outcome == "eligible"
    payment = country.payment(CHILD_GRANT, home, NOVEMBER)
    country.assert_paid(payment, to=country.person("nomads-mother"), minor=20_00 + 2 * 7_50)


def test_absent_migrant(country: Country):
    man, home = country.person("absent-migrant"), country.group("absent-migrant-home")
    assert Membership.objects.get(person=man, group=home).presence == "ABSENT"
    rows = people_in_snapshot()
    living_there = {row["person_id"] for row in rows if row["group_id"] == home.pk}
    assert man.pk not in living_there
    assert len(living_there) == 2
    payment = country.payment(CHILD_GRANT, home, NOVEMBER)
    wife = country.person("absent-migrant-wife")
    country.assert_paid(payment, to=wife, minor=20_00 + 7_50)


def test_family_that_moves_district_mid_month(country: Country):
    home, mother = country.group("movers-home"), country.person("movers-mother")
    assert home.area.code == NEW_WARD
    assert {m.area.code for m in Person.objects.filter(group=home)} == {NEW_WARD}
    enrolment = country.enrolment(CHILD_GRANT, home)
    for month in (OCTOBER, NOVEMBER):
        country.assert_paid(
            country.payment(CHILD_GRANT, home, month), to=mother, minor=20_00 + 7_50
        )
    lines = PaymentLine.objects.filter(
        entitlement__enrolment=enrolment, entitlement__coverage__in=(OCTOBER, NOVEMBER)
    )
    assert lines.count() == 4  # two components, two months, and none twice


def test_death_reported_and_not_verified(country: Country):
    man = country.person("reported-death")
    assert man.death_status == Person.DeathStatus.REPORTED
    enrolment = country.enrolment(PENSION, man)
    assert enrolment.state == enrolment.State.ACTIVE
    october = country.payment(PENSION, man, OCTOBER)
    country.assert_paid(october, to=man, minor=38_00 + 8_50)
    november = country.payment(PENSION, man, NOVEMBER)
    assert (november.state, november.held_reason) == (Payment.State.HELD, "DEATH_REPORTED")
    assert november.file is None


def test_grandmother_collecting_three_grants(country: Country):
    woman, home = country.person("grandmother"), country.group("grandmother-home")
    grandson = country.person("grandmother-grandchild-1")
    for programme, unit, minor in (
        (PENSION, woman, 38_00),
        (CHILD_GRANT, home, 20_00 + 2 * 7_50),
        (ALLOWANCE, grandson, 42_00),
    ):
        payment = country.payment(programme, unit, NOVEMBER)
        country.assert_paid(payment, to=woman, minor=minor)
    to_her = Payment.objects.filter(payee_person=woman, payroll__period=NOVEMBER)
    assert to_her.count() == 3
    assert to_her.values("account").distinct().count() == 1


def people_in_snapshot() -> list[dict]:
    file = snapshot_folder(Snapshot.objects.latest("id")) / "people.parquet"
    return pq.read_table(file, columns=["person_id", "group_id", "home"]).to_pylist()
