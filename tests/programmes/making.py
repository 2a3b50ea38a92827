"""Invented households, people and programmes for the tests of this room."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from amana.kernel.command import Actor
from amana.kernel.errors import Problems
from amana.kernel.yaml_source import parse_yaml
from amana.places.models import Area, Country, Level
from amana.programmes import commands as programmes
from amana.programmes.checking import check_programme
from amana.programmes.definition_file import ProgrammeFile, read_programme
from amana.programmes.models import TargetingRun
from amana.programmes.queries import results
from amana.registry import commands as registry
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Membership, Person, Relationship, SourceKey
from amana.registry.snapshots import assemble
from amana.scoring import commands as scoring
from amana.scoring.definition import read_model
from amana.scoring.queries import models_in_force

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
LONG_AGO = date(2020, 1, 1)

CHILD_GRANT = """
programme: child-grant
version: 1
title: {en: Child grant, sw: Ruzuku ya watoto}
agency: Department of Children Services
assists: household
from: 2026-01-01
parameters:
  age_limit: [{from: 2026-01-01, value: 5, unit: years, ref: "Regulation 12(1)"}]
  base:
    - {from: 2026-07-01, value: 22.50, unit: XTS/month, ref: Notice 41}
    - {from: 2026-01-01, value: 20, unit: XTS/month, ref: Schedule 2}
eligibility:
  - id: children
    says: The household has a child under 5
    when: members.exists(m, m.age < param.age_limit)
places: {by: all, places: 2}
recipient: {default: "female caregiver, else head"}
benefits:
  - {id: base, kind: cash, every: month, amount: param.base}
"""


def read(text: str, folder: Path | None = None) -> ProgrammeFile:
    """Read a programme from its text; raises when it has mistakes."""
    problems = Problems("The programme has mistakes.")
    source = parse_yaml(text, file="programmes/test.yaml", problems=problems)
    file = read_programme(source, folder=folder, currency="XTS", minor_digits=2)
    problems.raise_if_any()
    return file


def born(years: int, *, today: date = TODAY) -> date:
    """Give the birth date of somebody who turned `years` a hundred days ago."""
    return today.replace(year=today.year - years) - timedelta(days=100)


def make_group(area: Area | None = None, *, external: str = "", **fields: Any) -> Group:
    """Give a household without members."""
    group = Group.objects.create(area=area, registered_at=AT, **fields)
    if external:
        SourceKey.objects.create(source="test", external_id=external, group=group)
    return group


def make_person(
    group: Group | None = None,
    *,
    age: int | None = None,
    role: str = "",
    sex: str = "",
    presence: str = "USUAL",
    name: str = "",
    external: str = "",
    **fields: Any,
) -> Person:
    """Give a person, and their membership when a group is given."""
    day = born(age) if age is not None else None
    usual = group if presence == "USUAL" else None
    person = Person.objects.create(
        display_name=name,
        sex=sex,
        birth_earliest=fields.pop("birth_earliest", day),
        birth_latest=fields.pop("birth_latest", day),
        group=usual,
        area=fields.pop("area", usual.area if usual else None),
        registered_at=AT,
        **fields,
    )
    if group is not None:
        join(person, group, role=role, presence=presence)
    if external:
        SourceKey.objects.create(source="test", external_id=external, person=person)
    return person


def join(person: Person, group: Group, *, role: str = "", presence: str = "USUAL") -> None:
    """Make a person a member of a group."""
    Membership.objects.create(
        person=person,
        group=group,
        role=role,
        presence=presence,
        valid_from=LONG_AGO,
        recorded_at=AT,
    )


def relate(person: Person, type_: str, other: Person) -> None:
    """Say that a person is the parent, guardian, … of another."""
    Relationship.objects.create(person=person, other=other, type=type_, recorded_at=AT)


POVERTY = """
model: poverty
version: 1
title: Poverty
kind: points
of: household
direction: lower_is_poorer
items:
  - id: rooms
    says: Rooms
    points:
      - {when: "household.room_count >= 4", points: 30}
      - {when: "household.room_count >= 2", points: 10}
"""


def publish_model(actor: Actor, text: str = POVERTY) -> None:
    """Publish a scoring model."""
    problems = Problems("The model has mistakes.")
    file = read_model(parse_yaml(text, file="models/test.yaml", problems=problems))
    problems.raise_if_any()
    scoring.publish_model(actor=actor, file=file, source=text, at=AT)


def publish(actor: Actor, text: str = CHILD_GRANT, folder: Path | None = None) -> str:
    """Check a programme against the dictionary in force and publish it."""
    problems = Problems("The programme has mistakes.")
    source = parse_yaml(text, file="programmes/test.yaml", problems=problems)
    file = read_programme(source, folder=folder, currency="XTS", minor_digits=2)
    check_programme(
        file,
        schema=assemble(get_dictionary(), as_of=TODAY).schema,
        models=models_in_force(),
    )
    problems.raise_if_any()
    return programmes.publish_programme(actor=actor, file=file, source=text, at=AT)


def target(actor: Actor, programme: str = "child-grant") -> TargetingRun:
    """Take a snapshot and target a programme over it."""
    registry.take_snapshot(actor=actor, at=AT, on=TODAY)
    return programmes.target_programme(actor=actor, programme=programme, on=TODAY, at=AT)


def enrol(actor: Actor, run: TargetingRun) -> dict[str, Any]:
    """Approve the list of a run and enrol it."""
    programmes.approve_list(actor=actor, run=run.reference, at=AT)
    return programmes.enrol_run(actor=actor, run=run.reference, on=TODAY, at=AT)


def rows_of(run: TargetingRun) -> dict[int, dict[str, Any]]:
    """Give the results of a run by unit."""
    with results.opened(run) as duck:
        rows = duck.sql("SELECT * FROM results").to_arrow_table().to_pylist()
    return {row["unit_id"]: row for row in rows}


def apply_levels(*codes: str) -> None:
    """Stand in for an applied blueprint: its levels exist already, its country is made here."""
    Country.objects.create(
        id=1,
        blueprint="test",
        version="1",
        country="XX",
        currency="XTS",
        minor_digits=2,
        sha256="0" * 64,
        applied_at=AT,
        applied_by="tester",
    )
    assert set(codes) <= set(Level.objects.values_list("code", flat=True))
