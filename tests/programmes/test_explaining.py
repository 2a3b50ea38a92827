"""The same reasons in the same words: from a run, live, for every face."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amana.kernel.errors import NotFound
from amana.programmes import commands, queries
from amana.programmes.errors import UnitOfOtherKind
from amana.programmes.models import Programme
from tests.making import make_actor, make_area
from tests.programmes.making import (
    AT,
    CHILD_GRANT,
    POVERTY,
    TODAY,
    apply_levels,
    make_group,
    make_person,
    publish,
    publish_model,
    target,
)

pytestmark = pytest.mark.django_db

POOR = """
programme: poor
title: Support to the poor
assists: household
from: 2026-01-01
parameters:
  share: [{from: 2026-01-01, value: 0.50, unit: share}]
eligibility:
  - id: poor
    says: The household is among the poorest half of its province
    when: score.poverty.rank_share("province") <= param.share
benefits:
  - {id: base, every: month, amount: money(50)}
"""


def explain(actor: Any, programme: str, unit: Any) -> queries.Explained:
    return queries.explain(
        actor=actor, programme=programme, reference=str(unit.reference), on=TODAY
    )


def test_an_unknown_birth_reads_as_not_known_and_never_as_no() -> None:
    actor = make_actor("operator")
    publish(actor)
    group = make_group()
    make_person(group, age=40)
    make_person(group)
    target(actor)
    found = explain(actor, "child-grant", group)
    assert found.outcome == "undetermined"
    assert found.sentence == (
        "We do not know yet: whether the household has a child under 5; "
        "what would settle it: date of birth or age of a member."
    )
    told = found.as_dict()
    assert told["criteria"] == [
        {
            "id": "children",
            "says": "The household has a child under 5",
            "outcome": "unknown",
            "missing": ["members.age"],
            "values": {"members.age": [40, None]},
            "sentence": "We do not know yet whether the household has a child under 5; "
            "what would settle it: date of birth or age of a member.",
        }
    ]
    assert (told["score"], told["rank"], told["run"]) == (None, None, found.run.reference)


def test_a_birth_year_that_straddles_the_limit_is_unknown_and_in_favour_when_declared() -> None:
    actor = make_actor("operator")
    strict = CHILD_GRANT
    publish(actor, strict)
    publish(actor, strict.replace("child-grant", "kind-grant") + "birth: in_favour\n")
    group = make_group()
    # born between mid-2021 and mid-2022: 4 or 5 years old
    make_person(
        group,
        birth_earliest=TODAY.replace(year=2021, month=6),
        birth_latest=TODAY.replace(year=2022, month=6),
    )
    target(actor)
    target(actor, "kind-grant")
    assert explain(actor, "child-grant", group).outcome == "undetermined"
    assert explain(actor, "kind-grant", group).outcome == "eligible"


def test_a_rank_is_told_with_the_number_and_the_limit_of_the_area() -> None:
    actor = make_actor("operator")
    publish_model(actor, POVERTY)
    area = make_area("Kisumu East")
    apply_levels("province")
    publish(actor, POOR)
    groups = [
        make_group(area, facts={"room_count": count}) for count in (1, 1, 2, 4, 5)
    ]  # points 0 0 10 30 30
    unscored = make_group(area)
    for group in (*groups, unscored):
        make_person(group, age=40)
    target(actor, "poor")
    found = explain(actor, "poor", groups[2])
    assert found.sentence == (
        "Not eligible: the household is not among the poorest half of its province; "
        "in Area Kisumu East it ranks 3 of 5, the limit is 2."
    )
    assert explain(actor, "poor", groups[0]).outcome == "eligible"
    lost = explain(actor, "poor", unscored)
    assert lost.outcome == "undetermined"
    assert "rooms in the dwelling" in lost.sentence


def test_a_decision_is_explained_by_the_versions_that_made_it() -> None:
    actor = make_actor("operator")
    publish_model(actor)
    area = make_area("N")
    apply_levels("province")
    publish(actor, POOR)
    groups = [make_group(area, facts={"room_count": n}) for n in (1, 2, 4)]
    for group in groups:
        make_person(group, age=40)
    target(actor, "poor")
    before = [explain(actor, "poor", group).as_dict() for group in groups]
    publish_model(
        actor, POVERTY.replace("version: 1", "version: 2").replace("points: 30", "points: -30")
    )
    publish(actor, POOR.replace("from: 2026-01-01\n", "version: 2\nfrom: 2026-01-01\n", 1))
    assert [explain(actor, "poor", group).as_dict() for group in groups] == before
    assert [told["score"] for told in before] == [0, 10, 30]


def test_live_over_new_facts_differs_from_the_run_and_says_so() -> None:
    actor = make_actor("operator")
    publish(actor)
    group = make_group()
    make_person(group, age=40)
    target(actor)
    programme = Programme.objects.get(code="child-grant")
    assert explain(actor, "child-grant", group).outcome == "ineligible"
    make_person(group, birth_earliest=TODAY - timedelta(9), birth_latest=TODAY - timedelta(9))
    assert explain(actor, "child-grant", group).outcome == "ineligible"
    live = queries.evaluate_live(programme, group, on=TODAY)
    assert (live.outcome, live.run) == ("eligible", None)
    assert live.benefits == {"base": 2250}


def test_a_household_the_run_did_not_know_is_judged_live() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    target(actor)
    group = make_group()
    make_person(group, age=2)
    found = explain(actor, "child-grant", group)
    assert (found.outcome, found.run, found.selected) == ("eligible", None, None)


def test_live_and_mass_decisions_agree_for_every_household() -> None:
    actor = make_actor("operator")
    publish(actor)
    groups = []
    for ages in ([2, 30], [30], [None, 30], [None], [], [4, None], [5], [80, 5]):
        group = make_group()
        for age in ages:
            make_person(group, age=age)
        groups.append(group)
    target(actor)
    programme = Programme.objects.get(code="child-grant")
    for group in groups:
        mass = explain(actor, "child-grant", group)
        live = queries.evaluate_live(programme, group, on=TODAY)
        assert mass.outcome == live.outcome
        assert mass.criteria == live.criteria


def test_the_sentences_of_a_list_are_those_of_the_decision_page() -> None:
    actor = make_actor("operator")
    publish_model(actor, POVERTY)
    area = make_area("N")
    apply_levels("province")
    publish(actor, POOR)
    groups = [make_group(area, facts={"room_count": n}) for n in (1, 2, 3, 4)]
    groups.append(make_group(area))
    for group in groups:
        make_person(group, age=40)
    target(actor, "poor")
    programme = Programme.objects.get(code="poor")
    listed = queries.explain_units(programme, groups, on=TODAY)
    assert len(listed) == 5
    for group in groups:
        alone = queries.explain_unit(programme, group, on=TODAY)
        assert listed[group.pk].sentence == alone.sentence
        assert listed[group.pk].outcome == alone.outcome


def test_a_homeless_man_is_explained_as_a_person_and_has_no_household_to_explain() -> None:
    actor = make_actor("operator")
    publish(actor)
    pension = CHILD_GRANT.replace("child-grant", "pension").replace("household\n", "person\n")
    pension = pension.replace(
        "members.exists(m, m.age < param.age_limit)", "person.age >= 65"
    ).replace("The household has a child under 5", "The person is 65 or older")
    publish(actor, pension.replace("female caregiver, else head", "self"))
    man = make_person(age=70, sex="MALE")
    target(actor, "pension")
    assert explain(actor, "pension", man).outcome == "eligible"
    with pytest.raises(UnitOfOtherKind, match="belongs to none"):
        explain(actor, "child-grant", man)


def test_a_person_is_answered_for_their_household_and_by_their_source_key() -> None:
    actor = make_actor("operator")
    publish(actor)
    group = make_group(external="A-1")
    child = make_person(group, age=2, external="A-1-1")
    target(actor)
    for reference in (child.reference, "test:A-1", "test:A-1-1", str(group.reference).lower()):
        found = queries.explain(actor=actor, programme="child-grant", reference=reference, on=TODAY)
        assert found.unit == group
    with pytest.raises(NotFound):
        queries.explain(actor=actor, programme="child-grant", reference="test:A-9", on=TODAY)


def test_who_may_not_see_the_area_is_told_as_if_there_were_nobody() -> None:
    actor = make_actor("operator")
    publish(actor)
    group = make_group(make_area("N"))
    make_person(group, age=2)
    stranger = make_actor("stranger", ["programmes.view_decisions"], area=make_area("S"))
    with pytest.raises(NotFound, match="nobody"):
        explain(stranger, "child-grant", group)


def test_an_application_moves_nobody_but_is_kept_with_its_day() -> None:
    actor = make_actor("operator")
    publish(actor)
    group = make_group()
    make_person(group, age=2)
    row = commands.record_application(
        actor=actor,
        reference=str(group.reference),
        programmes=[],
        received_on=TODAY - timedelta(40),
        at=AT,
    )
    assert (row.group, row.programmes, row.state) == (group, [], "RECEIVED")
    with pytest.raises(NotFound):
        commands.record_application(
            actor=actor,
            reference=str(group.reference),
            programmes=["nothing"],
            received_on=TODAY,
            at=AT,
        )
