"""Makers of enrolled households and payees for the tests of payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amana.access.sealing import encrypt_text, keyed_hash
from amana.kernel.command import Actor
from amana.payments import amounts as amounts_room
from amana.payments import commands as payments
from amana.payments.channel_file import ChannelDefinition
from amana.places.models import Area
from amana.programmes.definition import Benefit, Definition, Text
from amana.programmes.models import Enrolment, Programme, ProgrammeVersion, Recipient
from amana.registry.models import Account, Group, Person
from tests.making import make_actor, make_area

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STARTED = date(2026, 11, 1)

BANK = ChannelDefinition(
    code="bank",
    title={"en": "Bank"},
    kind="ISO20022",
    currency="XTS",
    account_scheme="other",
    debtor_name="Treasury of Kelindra",
    debtor_scheme="other",
    debtor_account="10000000000115",
    debtor_bic="KELNXXK1",
    file_limit=50_000,
)
MOBILE = ChannelDefinition(
    code="mobile",
    title={"en": "Mobile money"},
    kind="MOBILE_MONEY_CSV",
    currency="XTS",
    account_scheme="mobile",
    debtor_name="Treasury of Kelindra",
    debtor_scheme="mobile",
    debtor_account="+99960000000",
    debtor_bic="",
    file_limit=50_000,
)
COUNTER = ChannelDefinition(
    code="counter",
    title={"en": "Counter"},
    kind="ISO20022",
    currency="XTS",
    account_scheme="none",
    debtor_name="Office of the Example",
    debtor_scheme="other",
    debtor_account="0000000001",
    debtor_bic="EXMPXXX1",
    file_limit=50_000,
)


def definition(
    *,
    code: str = "child-grant",
    benefits: Sequence[Benefit] | None = None,
    channels: Sequence[str] = ("bank", "mobile"),
    unit: str = "household",
) -> Definition:
    return Definition(
        code=code,
        version="1",
        title=Text({"en": "Child grant"}),
        agency="Department of Children",
        legal_basis="",
        note="",
        unit=unit,
        external=False,
        valid_from=date(2026, 1, 1),
        valid_to=None,
        birth="strict",
        currency="XTS",
        parameters=(),
        eligibility=(),
        model="",
        priority=(),
        places=None,
        list_days=30,
        validated_by="community",
        recipient="head",
        recipient_proof=(),
        benefits=tuple(benefits or (Benefit("base", Text({}), "cash", "month", "20"),)),
        conditions=(),
        evidence=(),
        recertify_months=None,
        exits=(),
        separations=(),
        channels=tuple(channels),
        payment_day=5,
    )


@dataclass
class House:
    """A small programme with enrolled units and the amounts the engine would give them."""

    programme: Programme
    version: ProgrammeVersion
    area: Area
    maker: Actor
    checker: Actor
    folder: Path
    amounts: dict[int, dict[str, int | None]] = field(default_factory=dict)

    def person(self, name: str = "Amina Odhi", **more: Any) -> Person:
        return Person.objects.create(display_name=name, area=self.area, registered_at=AT, **more)

    def account(
        self, person: Person, number: str = "", *, channel: str = "bank", holder: str = ""
    ) -> Account:
        number = number or f"{person.pk:014d}"
        return Account.objects.create(
            person=person,
            channel=channel,
            number=encrypt_text(number),
            number_hash=keyed_hash(number, f"account:{channel}"),
            number_end=number[-4:],
            holder=encrypt_text(holder) if holder else None,
            valid_from=STARTED,
            recorded_at=AT,
        )

    def enrol(
        self,
        amount: int | Mapping[str, int | None] | None = 2000,
        *,
        recipient: Person | None = None,
        nobody: bool = False,
        account: bool = True,
        state: str = "ACTIVE",
        person: Person | None = None,
        active_from: date = STARTED,
    ) -> Enrolment:
        """Enrol a household (or `person`) with the amounts per component that it is due."""
        group = None
        if person is None:
            group = Group.objects.create(area=self.area, registered_at=AT)
        enrolment = Enrolment.objects.create(
            programme=self.programme,
            group=group,
            person=person,
            area=self.area,
            state=state,
            since=active_from,
            active_from=active_from,
        )
        if not nobody:
            if recipient is None:
                recipient = person or self.person()
                if account:
                    self.account(recipient)
            Recipient.objects.create(
                enrolment=enrolment,
                person=recipient,
                relation="HEAD",
                valid_from=active_from,
                recorded_at=AT,
                recorded_by="operator",
            )
        unit = group.pk if group is not None else person.pk  # type: ignore[union-attr]
        given = amount if isinstance(amount, Mapping) else {"base": amount}
        self.amounts[unit] = dict(given)
        return enrolment

    def write_amounts(self) -> Path:
        names = sorted({name for given in self.amounts.values() for name in given} | {"base"})
        table = {"unit_id": pa.array(list(self.amounts), pa.int64())}
        for name in names:
            table[f"b_{name}"] = pa.array(
                [given.get(name, 0) for given in self.amounts.values()], pa.int64()
            )
        path = self.folder / "amounts.parquet"
        pq.write_table(pa.table(table), path)
        return path

    def prepare(self, period: str = "2026-11", *, at: datetime = AT) -> payments.Prepared:
        return payments.prepare_payroll(
            actor=self.maker, programme=self.programme.code, period=period, at=at
        )

    def approve(self, payroll: Any, *, at: datetime = AT) -> Any:
        return payments.approve_payroll(actor=self.checker, payroll=str(payroll.reference), at=at)

    def export(self, payroll: Any, folder: str = "out", *, at: datetime = AT) -> Any:
        return payments.export_payroll(
            actor=self.maker, payroll=str(payroll.reference), folder=self.folder / folder, at=at
        )


def make_house(folder: Path, patch: pytest.MonkeyPatch, given: Definition | None = None) -> House:
    given = given or definition()
    maker, checker = make_actor("maker"), make_actor("checker")
    for channel in (BANK, MOBILE, COUNTER):
        payments.apply_channel(actor=maker, definition=channel, at=AT)
    programme = Programme.objects.create(
        code=given.code, title={"en": "Child grant"}, unit_kind=given.unit.upper()
    )
    version = ProgrammeVersion.objects.create(
        programme=programme,
        version="1",
        definition=given.to_json(),
        sha256=given.sha256,
        valid_from=given.valid_from,
        published_at=AT,
        published_by="maker",
    )
    area = make_area("A1")
    house = House(programme, version, area, maker, checker, folder)
    patch.setattr(
        amounts_room,
        "find_amounts",
        lambda **_: amounts_room.Amounts(house.write_amounts(), {"snapshot": "a test's"}),
    )
    return house
