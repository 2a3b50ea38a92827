"""Makers of a small invented registry for pages to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from amana.places.models import Area
from amana.registry.models import (
    CodeList,
    Group,
    Membership,
    Person,
    SourceKey,
    Submission,
    SubmissionSubject,
    Variable,
)
from amana.registry.names import tokens_of
from tests.making import make_area

RECORDED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COLLECTED = date(2026, 3, 1)


def make_dictionary() -> None:
    """Give three variables: one with a code list, one that grows stale, one of people."""
    roof = CodeList.objects.create(
        code="roof_kind",
        title={"en": "Roof"},
        codes=[
            {"code": "metal", "title": {"en": "Iron sheets"}, "means": ""},
            {"code": "thatch", "title": {"en": "Thatch"}, "means": ""},
        ],
    )
    Variable.objects.create(
        code="roof", grain="household", type="code", code_list=roof, title={"en": "Roof"}
    )
    Variable.objects.create(
        code="hh_income",
        grain="household",
        type="integer",
        title={"en": "Income a month"},
        unit="XTS",
        validity_months=6,
    )
    Variable.objects.create(
        code="in_school", grain="person", type="boolean", title={"en": "Goes to school"}
    )
    CodeList.objects.create(
        code="role",
        title={"en": "Relation to the head"},
        codes=[
            {"code": "HEAD", "title": {"en": "Head"}, "means": ""},
            {"code": "CHILD", "title": {"en": "Child"}, "means": ""},
        ],
        core=True,
    )


def make_submission(key: str, **more: Any) -> Submission:
    """Give a sealed submission of the invented census."""
    return Submission.objects.create(
        form="census",
        form_version="1",
        source="census",
        external_id=key,
        channel="file",
        collected_on=COLLECTED,
        received_at=RECORDED,
        legal_basis="Act 1, section 2",
        answers={},
        sha256=bytes(32),
        **more,
    )


def make_person(
    name: str = "",
    *,
    born: date | tuple[date, date] | None = None,
    sex: str = "FEMALE",
    area: Area | None = None,
    group: Group | None = None,
    role: str = "HEAD",
    presence: str = "USUAL",
    facts: dict[str, Any] | None = None,
) -> Person:
    """Give a person, in a household when one is named."""
    first, last = born if isinstance(born, tuple) else (born, born)
    person = Person.objects.create(
        display_name=name,
        search_tokens=tokens_of(name) if name else [],
        sex=sex,
        birth_earliest=first,
        birth_latest=last,
        birth_known="STATED_DATE" if first and first == last else "AGE" if first else "UNKNOWN",
        area=area,
        group=group if presence == "USUAL" else None,
        facts=facts or {},
        facts_on=COLLECTED,
        registered_at=RECORDED,
    )
    if group is not None:
        Membership.objects.create(
            person=person,
            group=group,
            role=role,
            presence=presence,
            valid_from=COLLECTED,
            recorded_at=RECORDED,
        )
        if presence == "USUAL":
            group.usual_count += 1
            group.save(update_fields=["usual_count"])
    return person


def make_household(
    key: str, *, area: Area | None = None, name: str = "", facts: dict[str, Any] | None = None
) -> Group:
    """Give a household that came with the invented census under `census:<key>`."""
    submission = make_submission(key)
    group = Group.objects.create(
        display_name=name,
        search_tokens=tokens_of(name) if name else [],
        area=area,
        facts={"roof": "metal", "hh_income": 4000} if facts is None else facts,
        facts_on=COLLECTED,
        submission=submission,
        registered_at=RECORDED,
    )
    SubmissionSubject.objects.create(submission=submission, group=group)
    SourceKey.objects.create(source="census", external_id=key, group=group)
    group.refresh_from_db()
    return group


@dataclass
class Registry:
    """One province with two districts; a household in each; one person without any."""

    province: Area
    north: Area
    south: Area
    household: Group
    other: Group
    head: Person
    child: Person
    homeless: Person


def make_registry() -> Registry:
    """Give the small registry that pages are tried on."""
    make_dictionary()
    province = make_area("P1")
    north, south = make_area("P1-N", parent=province), make_area("P1-S", parent=province)
    household = make_household("1001", area=north, name="Wanjiku")
    other = make_household("1002", area=south, name="Otieno", facts={"roof": "thatch"})
    head = make_person("Grace Wanjiku", born=date(1980, 5, 17), area=north, group=household)
    child = make_person(
        born=(date(2020, 1, 1), date(2020, 12, 31)),
        area=north,
        group=household,
        role="CHILD",
        facts={"in_school": False},
    )
    homeless = make_person("Juma", sex="MALE", area=south)
    for row in (household, other, head, child, homeless):
        row.refresh_from_db()
    return Registry(province, north, south, household, other, head, child, homeless)
