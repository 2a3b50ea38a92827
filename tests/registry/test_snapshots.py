"""Snapshots: who is in them and how often, the types of their columns, and live rows that agree."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amana.access.models import AuditEvent, Run
from amana.engine import open_snapshot
from amana.kernel.errors import AmanaError, Problems
from amana.kernel.yaml_source import parse_yaml
from amana.places.models import Area
from amana.registry import commands as registry
from amana.registry.contributions import Contribution, contribute
from amana.registry.dictionary import read_dictionary
from amana.registry.models import Group, Membership, Person, Receipt, Snapshot
from amana.registry.snapshots import get_snapshot, live_tables
from tests.making import make_actor, make_area

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DICTIONARY = """\
variables:
  - {code: rooms, of: household, type: integer, title: Rooms, purpose: [scoring]}
  - {code: land, of: household, type: decimal, title: Land, purpose: [scoring]}
  - {code: income, of: person, type: money, title: Income, purpose: [scoring]}
  - {code: enrolled_on, of: person, type: date, title: Enrolled on, purpose: [conditions]}
  - {code: note_of, of: person, type: text, title: Note, purpose: [statistics]}
  - {code: hours, of: person, type: decimal, per: month, title: Hours, purpose: [conditions]}
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, settings: Any) -> None:
    settings.AMANA_HOME = tmp_path


@pytest.fixture(autouse=True)
def _dictionary(_home: None) -> None:
    problems = Problems("dictionary")
    dictionary = read_dictionary(parse_yaml(DICTIONARY, file="d.yaml", problems=problems))
    problems.raise_if_any()
    registry.apply_dictionary(actor=make_actor("steward"), dictionary=dictionary)


def make_group(area: Area | None = None, **facts: object) -> Group:
    return Group.objects.create(area=area, facts=facts, registered_at=AT)


def make_person(area: Area | None = None, **values: Any) -> Person:
    facts = values.pop("facts", {})
    return Person.objects.create(area=area, facts=facts, registered_at=AT, **values)


def join(person: Person, group: Group, presence: str = "USUAL", **values: Any) -> Membership:
    given = {"role": "CHILD", "valid_from": date(2026, 1, 1), "recorded_at": AT, **values}
    return Membership.objects.create(person=person, group=group, presence=presence, **given)


def take() -> tuple[Snapshot, dict[str, list[dict[str, Any]]]]:
    snapshot = registry.take_snapshot(actor=make_actor("analyst"), at=AT, on=TODAY)
    folder = registry.snapshot_folder(snapshot)
    tables = {
        name: pq.read_table(folder / f"{name}.parquet").to_pylist()
        for name in ("people", "groups", "areas")
    }
    return snapshot, tables


def rows_of(tables: dict[str, list[dict[str, Any]]], person: Person) -> list[dict[str, Any]]:
    return [row for row in tables["people"] if row["person_id"] == person.pk]


def test_facts_become_typed_columns() -> None:
    province = make_area("P")
    district = make_area("D", parent=province)
    group = make_group(district, rooms=3, land="0.333333", electricity=True)
    facts = {"income": 123450, "enrolled_on": "2026-02-01", "note_of": 'a, "b"\nc', "hours": 1}
    person = make_person(district, sex="FEMALE", facts=facts)
    join(person, group, role="HEAD")
    _, tables = take()
    (row,) = tables["groups"]
    assert (row["rooms"], row["land"], row["electricity"]) == (3, Decimal("0.333333"), True)
    assert (row["kind"], row["receives"], row["oldest_application"]) == ("HOUSEHOLD", [], None)
    (row,) = tables["people"]
    assert row["income"] == 123450
    assert row["enrolled_on"] == date(2026, 2, 1)
    assert row["note_of"] == 'a, "b"\nc'
    assert "hours" not in row  # a value per month is not one value
    assert (row["role"], row["sex"], row["presence"], row["home"]) == (
        "HEAD",
        "FEMALE",
        "USUAL",
        True,
    )
    assert (row["area_id"], row["area_province"], row["area_district"]) == (
        district.pk,
        province.pk,
        district.pk,
    )
    assert [area["code"] for area in tables["areas"]] == ["P", "D"]


def test_unknown_facts_are_null_and_empty_texts_are_not() -> None:
    person = make_person(facts={"note_of": "", "income": None})
    _, tables = take()
    (row,) = rows_of(tables, person)
    assert (row["note_of"], row["income"], row["group_id"], row["home"]) == ("", None, None, True)
    assert (row["sex"], row["birth_earliest"], row["area_id"]) == (None, None, None)


def test_person_in_two_households_has_two_rows_and_one_home() -> None:
    first, second = make_group(), make_group()
    husband = make_person()
    join(husband, first, "PART", role="SPOUSE")
    join(husband, second, "USUAL", role="HEAD")
    migrant = make_person()
    join(migrant, first, "ABSENT")
    part_only = make_person()
    join(part_only, second, "PART")
    join(part_only, first, "PART")
    _, tables = take()
    assert [(r["group_id"], r["home"]) for r in rows_of(tables, husband)] == [
        (first.pk, False),
        (second.pk, True),
    ]
    assert [(r["group_id"], r["home"]) for r in rows_of(tables, migrant)] == [(None, True)]
    assert [(r["group_id"], r["home"]) for r in rows_of(tables, part_only)] == [
        (first.pk, True),
        (second.pk, False),
    ]


def test_the_dead_and_the_merged_are_left_out_and_a_reported_death_is_told() -> None:
    group = make_group()
    dead, reported = make_person(death_status="VERIFIED"), make_person(death_status="REPORTED")
    survivor = make_person()
    merged = make_person(survivor=survivor)
    for person in (dead, reported, survivor):
        join(person, group)
    snapshot, tables = take()
    assert rows_of(tables, dead) == rows_of(tables, merged) == []
    assert rows_of(tables, reported)[0]["death_reported"] is True
    assert rows_of(tables, survivor)[0]["death_reported"] is False
    assert (snapshot.household_count, snapshot.person_count) == (1, 2)


def test_memberships_and_groups_count_on_the_day_asked_about() -> None:
    before, after, gone = make_group(), make_group(), make_group()
    person, left = make_person(), make_person()
    join(person, before, valid_to=date(2026, 11, 20))
    join(person, after, valid_from=date(2026, 11, 20))
    join(left, gone)
    Group.objects.filter(pk=gone.pk).update(dissolved_on=date(2026, 11, 1))
    _, tables = take()
    assert [row["group_id"] for row in rows_of(tables, person)] == [after.pk]
    assert [row["group_id"] for row in rows_of(tables, left)] == [None]
    assert gone.pk not in {row["group_id"] for row in tables["groups"]}


def test_receipts_are_listed_once_each() -> None:
    group, person = make_group(), make_person()
    join(person, group)
    given = {"recorded_at": AT, "status": "ACTIVE", "valid_from": date(2026, 1, 1)}
    Receipt.objects.create(person=person, programme="pension", source="ssn", **given)
    Receipt.objects.create(person=person, programme="pension", source="mis", **given)
    Receipt.objects.create(person=person, programme="grant", source="mis", **given)
    Receipt.objects.create(person=person, programme="old", source="mis", **{
        **given, "valid_to": date(2026, 11, 20)})  # fmt: skip
    Receipt.objects.create(group=group, programme="school-meals", source="mis", **given)
    _, tables = take()
    assert rows_of(tables, person)[0]["receives"] == ["grant", "pension"]
    assert tables["groups"][0]["receives"] == ["school-meals"]


def test_no_name_or_number_is_in_a_snapshot() -> None:
    person = make_person(display_name="Zawadi Mrefu", search_tokens=["zawadi"], birth_stated="1950")
    join(person, make_group())
    snapshot, tables = take()
    folder = registry.snapshot_folder(snapshot)
    names = set(tables["people"][0]) | set(tables["groups"][0])
    assert not names & {"name", "display_name", "search_tokens", "identifiers", "birth_stated"}
    for path in folder.iterdir():
        assert b"Zawadi" not in path.read_bytes()


def test_manifest_row_run_and_audit_agree() -> None:
    join(make_person(), make_group(rooms=2))
    snapshot, _ = take()
    opened = open_snapshot(registry.snapshot_folder(snapshot))
    opened.verify()
    assert opened.reference == str(snapshot.reference)
    assert opened.sha256 == snapshot.sha256
    assert opened.as_of == TODAY
    manifest = json.loads((registry.snapshot_folder(snapshot) / "manifest.json").read_text())
    assert manifest["schema"]["groups"]["rooms"] == "integer"
    assert manifest["dictionary_version"] == snapshot.dictionary_sha256
    run = Run.objects.get(pk=snapshot.run.pk)
    assert (run.state, run.result["people"]) == ("DONE", 1)
    event = AuditEvent.objects.order_by("id").last()
    assert event is not None
    assert (event.subject, event.digest) == (str(snapshot.reference), snapshot.sha256)
    assert get_snapshot(str(snapshot.reference)) == get_snapshot() == snapshot


def test_same_registry_gives_the_same_hash() -> None:
    join(make_person(sex="MALE"), make_group(rooms=2))
    first, _ = take()
    second, _ = take()
    assert first.reference != second.reference
    assert first.sha256 == second.sha256


def test_fact_of_a_wrong_type_refuses_the_snapshot_and_leaves_nothing(tmp_path: Path) -> None:
    make_group(rooms="three")
    with pytest.raises(AmanaError, match="does not fit the type of its variable"):
        take()
    assert not Snapshot.objects.exists()
    assert list((tmp_path / "snapshots").iterdir()) == []
    assert Run.objects.order_by("-id").values_list("state", flat=True)[0] == "FAILED"


def test_what_a_killed_snapshot_left_is_swept_after_a_day(tmp_path: Path) -> None:
    fresh, old = (tmp_path / "snapshots" / f".SNP-222{n}-222.part" for n in "34")
    for folder in (fresh, old):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    make_group()
    take()
    assert fresh.exists()
    assert not old.exists()


def test_command_line_answers_counts(amana_cli: Callable[..., Any]) -> None:
    join(make_person(), make_group(rooms=1))
    answer = amana_cli("snapshot").data
    assert set(answer) == {"snapshot", "households", "people", "sha256", "seconds"}
    assert (answer["households"], answer["people"]) == (1, 1)
    assert str(get_snapshot(answer["snapshot"]).sha256) == answer["sha256"]


def test_snapshot_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(AmanaError, match="No snapshot was taken yet"):
        get_snapshot()
    with pytest.raises(AmanaError, match="There is no snapshot SNP-"):
        get_snapshot("SNP-2222-222")


# -- one unit, now --------------------------------------------------------------------------------


@pytest.fixture
def country() -> tuple[list[Group], list[Person]]:
    """Give households of several shapes and people without any."""
    province = make_area("P")
    districts = [make_area(f"D{n}", parent=province) for n in range(2)]
    groups = [make_group(districts[n % 2], rooms=n, land=str(n / 4)) for n in range(4)]
    people = []
    for n in range(9):
        person = make_person(
            districts[n % 2] if n % 3 else None,
            sex=["MALE", "FEMALE", ""][n % 3],
            facts={"income": n * 100, "note_of": f"n{n}"},
            death_status="REPORTED" if n == 5 else "",
        )
        people.append(person)
        if n < 8:
            join(person, groups[n % 4], role=["HEAD", "CHILD"][n // 4])
    join(people[0], groups[1], "PART")
    given = {"recorded_at": AT, "status": "ACTIVE", "valid_from": date(2026, 1, 1)}
    Receipt.objects.create(person=people[1], programme="pension", source="x", **given)
    Receipt.objects.create(group=groups[2], programme="grant", source="x", **given)
    return groups, people


def plain(table: pa.Table) -> list[dict[str, Any]]:
    return list(table.to_pylist())


def test_live_rows_of_a_household_equal_the_snapshot(
    country: tuple[list[Group], list[Person]],
) -> None:
    groups, _ = country
    snapshot, tables = take()
    folder = registry.snapshot_folder(snapshot)
    for group in groups:
        live = live_tables(group, on=TODAY)
        people = [row for row in tables["people"] if row["group_id"] == group.pk]
        assert plain(live["people"]) == people
        assert len(people) >= 2
        assert plain(live["groups"]) == [r for r in tables["groups"] if r["group_id"] == group.pk]
        near = {r["area_id"] for r in people} | {group.area_id}
        assert near - {None} <= {r["area_id"] for r in plain(live["areas"])}
        for row in plain(live["areas"]):
            assert row in tables["areas"]
        for name, table in live.items():
            stored = pq.read_schema(folder / f"{name}.parquet")
            assert table.schema.names == stored.names
            assert [str(f.type).replace("element", "item") for f in table.schema] == [
                str(f.type).replace("element", "item") for f in stored
            ]


def test_live_rows_of_a_person_hold_their_home_and_its_members(
    country: tuple[list[Group], list[Person]],
) -> None:
    groups, people = country
    _, tables = take()
    live = live_tables(people[0], on=TODAY)
    assert plain(live["groups"]) == [r for r in tables["groups"] if r["group_id"] == groups[0].pk]
    expected = [
        row
        for row in tables["people"]
        if row["group_id"] == groups[0].pk or row["person_id"] == people[0].pk
    ]
    assert plain(live["people"]) == expected
    alone = live_tables(people[8], on=TODAY)
    assert plain(alone["people"]) == rows_of(tables, people[8])
    assert plain(alone["groups"]) == []


def test_contribution_is_refused_when_two_rooms_give_one_column() -> None:
    given = {"table": "groups", "key": "id", "title": "T", "type": "date"}
    with pytest.raises(ValueError, match="contributed twice"):
        contribute(Contribution(column="oldest_application", sql="SELECT 1", **given))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_snapshot_is_read_at_one_moment_over_a_connection_of_its_own() -> None:
    problems = Problems("dictionary")
    registry.apply_dictionary(
        actor=make_actor("steward"),
        dictionary=read_dictionary(parse_yaml(DICTIONARY, file="d.yaml", problems=problems)),
    )
    join(make_person(facts={"income": 5}), make_group(rooms=1))
    snapshot, tables = take()
    assert (snapshot.household_count, snapshot.person_count) == (1, 1)
    assert tables["people"][0]["income"] == 5
