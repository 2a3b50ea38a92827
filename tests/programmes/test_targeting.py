"""Targeting over a snapshot: every outcome, ranks, places, the list, and what is kept."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from amana.access.models import AuditEvent
from amana.kernel.errors import BadInput, NotFound
from amana.programmes import commands, queries
from amana.programmes.errors import (
    ProgrammeIsExternal,
    RunSuperseded,
    SnapshotMissing,
    VersionAltered,
    VersionNotFound,
)
from amana.programmes.models import Decision, Programme, ProgrammeVersion, TargetingRun
from tests.making import make_actor, make_area
from tests.programmes.making import (
    AT,
    CHILD_GRANT,
    TODAY,
    apply_levels,
    enrol,
    make_group,
    make_person,
    publish,
    publish_model,
    rows_of,
    target,
)

pytestmark = pytest.mark.django_db

POOREST = """
programme: poorest
title: Support to the poorest
assists: household
from: 2026-01-01
model: poverty
eligibility:
  - {id: scored, says: The score of the household is known, when: score.poverty.value >= 0.0}
rank: {by: score.poverty.value}
places: {by: all, places: 3}
recipient: {default: head}
benefits:
  - {id: base, every: month, amount: money(50)}
"""


def test_each_unit_is_eligible_not_eligible_or_not_known_yet() -> None:
    actor = make_actor("operator")
    publish(actor)
    young, old, unknown = make_group(), make_group(), make_group()
    make_person(young, age=2)
    make_person(old, age=40)
    make_person(unknown, age=40)
    make_person(unknown)  # of unknown birth: may be under 5
    run = target(actor)
    rows = rows_of(run)
    assert rows[young.pk]["outcome"] == "eligible"
    assert rows[old.pk]["outcome"] == "ineligible"
    assert rows[unknown.pk]["outcome"] == "undetermined"
    assert rows[unknown.pk]["missing"] == ["members.age"]
    assert (run.assessed_count, run.eligible_count) == (3, 1)
    assert (run.ineligible_count, run.undetermined_count, run.selected_count) == (1, 1, 1)


def test_the_run_keeps_its_sql_seed_hash_and_an_audit_event() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    run = target(actor)
    assert "SELECT" in run.sql
    assert run.seed.startswith("child-grant/1/")
    assert len(run.results_sha256) == 64
    event = AuditEvent.objects.get(command="programmes.target_programme")
    assert event.subject == run.reference
    assert event.details["undetermined"] == 0


def test_the_same_snapshot_gives_the_same_list_again() -> None:
    actor = make_actor("operator")
    publish(actor)
    for _ in range(6):
        make_person(make_group(), age=2)
    first = target(actor)
    again = commands.target_programme(actor=actor, programme="child-grant", on=TODAY, at=AT)
    assert again.results_sha256 == first.results_sha256
    first.refresh_from_db()
    assert first.state == TargetingRun.State.SUPERSEDED
    with pytest.raises(RunSuperseded):
        commands.approve_list(actor=actor, run=first.reference, at=AT)


def test_the_poorest_come_first_and_a_lottery_decides_between_equals() -> None:
    actor = make_actor("operator")
    publish_model(actor)
    publish(actor, POOREST)
    rooms = [5, 3, 2, 1, 3, 2, 4]  # points 30 10 10 0 10 10 30: one poorest, then four equals
    groups = [make_group(facts={"room_count": count}) for count in rooms]
    nothing_known = make_group()
    for group in (*groups, nothing_known):
        make_person(group, age=30, role="HEAD")
    run = target(actor, "poorest")
    rows = rows_of(run)
    ranked = sorted(groups, key=lambda group: rows[group.pk]["rank"])
    assert ranked[0] == groups[3]
    assert {group.pk for group in ranked[1:5]} == {groups[n].pk for n in (1, 2, 4, 5)}
    assert [rows[group.pk]["selected"] for group in ranked] == [True] * 3 + [False] * 4
    assert rows[ranked[0].pk]["rank_of"] == 7
    drawn = [hashlib.sha256(f"{run.seed}:{group.pk}".encode()).hexdigest() for group in ranked]
    assert drawn[1:5] == sorted(drawn[1:5])
    assert rows[nothing_known.pk]["outcome"] == "undetermined"
    assert rows[nothing_known.pk]["rank"] is None


def test_places_are_filled_in_each_area_alone(tmp_path: Path) -> None:
    actor = make_actor("operator")
    north, south = make_area("N"), make_area("S")
    ward = make_area("N1", parent=north)
    (tmp_path / "places.csv").write_text("area_code,year,places\nN,2026,1\nS,2026,2\nS,2027,0\n")
    text = CHILD_GRANT.replace("{by: all, places: 2}", "{by: province, file: places.csv}")

    apply_levels("province", "district")
    publish(actor, text, tmp_path)
    for area, count in ((north, 1), (ward, 2), (south, 1), (None, 1)):
        for _ in range(count):
            make_person(make_group(area), age=2)
    run = target(actor)
    rows = rows_of(run)
    selected = [row["area_id"] for row in rows.values() if row["selected"]]
    assert sorted(area for area in selected if area in (north.pk, ward.pk)) in (
        [north.pk],
        [ward.pk],
    )
    assert selected.count(south.pk) == 1
    assert None not in selected
    assert run.eligible_count == 5
    assert run.selected_count == 2


def test_a_decision_is_kept_for_the_selected_and_for_those_who_applied() -> None:
    actor = make_actor("operator")
    publish(actor)
    young, old, other = make_group(), make_group(), make_group()
    make_person(young, age=2)
    make_person(old, age=40)
    make_person(other, age=40)
    commands.record_application(
        actor=actor, reference=old.reference, programmes=["child-grant"], received_on=TODAY, at=AT
    )
    run = target(actor)
    kept = {decision.group_id: decision for decision in Decision.objects.filter(targeting_run=run)}
    assert set(kept) == {young.pk, old.pk}
    assert kept[young.pk].selected
    assert kept[old.pk].outcome == "INELIGIBLE"
    assert kept[old.pk].criteria == [{"id": "children", "outcome": "failed"}]
    assert kept[old.pk].application is not None


def test_a_published_version_is_never_altered_only_superseded() -> None:
    actor = make_actor("operator")
    assert publish(actor) == "created"
    assert publish(actor) == "unchanged"
    with pytest.raises(VersionAltered, match="says something else"):
        publish(actor, CHILD_GRANT.replace("value: 5,", "value: 6,"))
    second = CHILD_GRANT.replace("value: 5,", "value: 6,").replace("version: 1", "version: 2")
    assert publish(actor, second) == "changed"
    programme = Programme.objects.get(code="child-grant")
    assert queries.get_version(programme, TODAY).version == "2"
    assert ProgrammeVersion.objects.filter(programme=programme).count() == 2


def test_a_version_is_in_force_from_its_first_day_until_it_ends() -> None:
    actor = make_actor("operator")
    publish(actor, CHILD_GRANT.replace("parameters:", "until: 2026-12-01\nparameters:", 1))
    programme = Programme.objects.get(code="child-grant")
    assert queries.find_version(programme, date(2025, 12, 31)) is None
    assert queries.find_version(programme, date(2026, 1, 1)) is not None
    assert queries.find_version(programme, date(2026, 11, 30)) is not None
    with pytest.raises(VersionNotFound, match="2026-12-01"):
        queries.get_version(programme, date(2026, 12, 1))


def test_an_external_programme_is_known_and_never_targeted() -> None:
    actor = make_actor("operator")
    text = "programme: pension\ntitle: Pension\nassists: person\nfrom: 2026-01-01\nexternal: true\n"
    publish(actor, text)
    with pytest.raises(ProgrammeIsExternal, match="another system"):
        target(actor, "pension")


def test_the_database_refuses_to_alter_a_published_version() -> None:
    from django.db import IntegrityError, transaction

    publish(make_actor("operator"))
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        ProgrammeVersion.objects.update(version="9")


@pytest.mark.parametrize(
    ("before", "after", "words", "row"),
    [
        ("m.age < param", "m.aje < param", "aje", 16),
        ("param.age_limit)", "param.age_limits)", "age_limits", 16),
        ("amount: param.base", "amount: param.age_limit", "must give an amount", 20),
        ("amount: param.base", "amount: score.pmt.value", "no scoring model “pmt”", 20),
    ],
)
def test_a_mistake_in_a_rule_is_told_with_line_and_column(
    before: str, after: str, words: str, row: int
) -> None:
    with pytest.raises(BadInput) as caught:
        publish(make_actor("operator"), CHILD_GRANT.replace(before, after))
    assert words in str(caught.value)
    assert caught.value.where.row == row
    assert caught.value.where.column


def test_without_a_snapshot_targeting_says_what_to_do() -> None:
    actor = make_actor("operator")
    publish(actor)
    with pytest.raises(SnapshotMissing, match="amana snapshot"):
        commands.target_programme(actor=actor, programme="child-grant", on=TODAY, at=AT)
    with pytest.raises(NotFound, match="There is no programme “child-grunt”"):
        commands.target_programme(actor=actor, programme="child-grunt", on=TODAY, at=AT)


def test_results_are_exported_with_references_and_a_column_for_each_criterion(
    tmp_path: Path,
) -> None:
    import pandas as pd

    actor = make_actor("operator")
    publish(actor)
    young = make_group(external="A-1")
    make_person(young, age=2)
    unknown = make_group(external="A-2")
    make_person(unknown)
    run = target(actor)
    answer = queries.export_results(actor=actor, run=run.reference, out=tmp_path / "r.csv")
    assert answer["rows"] == 2
    frame = pd.read_csv(tmp_path / "r.csv", dtype=str)
    assert list(frame.columns[:6]) == [
        "reference", "external_id", "outcome", "children", "score", "rank",
    ]  # fmt: skip
    assert list(frame["external_id"]) == ["A-1", "A-2"]
    assert list(frame["children"]) == ["met", "unknown"]
    assert list(frame["outcome"]) == ["eligible", "undetermined"]
    queries.export_results(actor=actor, run=run.reference, out=tmp_path / "r.parquet")
    assert len(pd.read_parquet(tmp_path / "r.parquet")) == 2
    with pytest.raises(BadInput, match="neither"):
        queries.export_results(actor=actor, run=run.reference, out=tmp_path / "r.xlsx")


def test_people_who_died_or_were_merged_are_not_assessed_and_the_enrolled_are_known() -> None:
    actor = make_actor("operator")
    text = CHILD_GRANT.replace("assists: household", "assists: person").replace(
        "members.exists(m, m.age < param.age_limit)",
        "person.age < param.age_limit && !person.receives('child-grant')",
    )
    publish(actor, text.replace('recipient: {default: "female caregiver, else head"}\n', ""))
    child = make_person(make_group(), age=2)
    make_person(make_group(), age=2, survivor=child)
    make_person(make_group(), age=3, death_status="VERIFIED")
    run = target(actor)
    assert list(rows_of(run)) == [child.pk]
    assert enrol(actor, run)["enrolled"] == 1
    assert rows_of(target(actor))[child.pk]["outcome"] == "ineligible"
