"""Models are published once and score a snapshot; what is not known is never 0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from amana.kernel.errors import NotPermitted, Problems
from amana.kernel.yaml_source import parse_yaml
from amana.registry import commands as registry
from amana.registry.models import Group, Membership, Person
from amana.scoring import commands as scoring
from amana.scoring import queries
from amana.scoring.definition import ModelFile, read_model
from amana.scoring.errors import ModelNotFound, ModelVersionAltered
from amana.scoring.models import ScoringModel, ScoringRun
from tests.making import make_actor, make_area

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
TODAY = date(2026, 3, 1)
MODEL = """
model: size
version: {version}
kind: points
of: household
items:
  - id: people
    points:
      - {{when: "members.count() >= 2", points: {points}}}
      - {{when: "true", points: 1}}
  - id: women
    points:
      - {{when: "members.exists(m, m.sex == 'FEMALE')", points: 2}}
      - {{when: "true", points: 0}}
"""


def file(version: str = "1", points: int = 5) -> ModelFile:
    problems = Problems("The model has mistakes.")
    text = MODEL.format(version=version, points=points)
    found = read_model(parse_yaml(text, file="models/size.yaml", problems=problems))
    problems.raise_if_any()
    return found


def publish(actor: Any, version: str = "1", points: int = 5) -> str:
    return scoring.publish_model(actor=actor, file=file(version, points), source="text", at=AT)


def make_household(*sexes: str) -> Group:
    area = make_area("P1", level="province") if not Group.objects.exists() else None
    first = Group.objects.first()
    group = Group.objects.create(
        area=area or (first.area if first else None), registered_at=AT, facts={}
    )
    for sex in sexes:
        person = Person.objects.create(sex=sex, registered_at=AT, facts={}, group=group)
        Membership.objects.create(
            person=person,
            group=group,
            presence="USUAL",
            valid_from=date(2020, 1, 1),
            recorded_at=AT,
        )
    return group


@pytest.mark.usefixtures("db")
def test_version_is_published_once_and_then_superseded() -> None:
    actor = make_actor("publisher")
    assert publish(actor) == "created"
    assert publish(actor) == "unchanged"
    with pytest.raises(ModelVersionAltered) as refused:
        publish(actor, points=6)
    assert (refused.value.where.file, refused.value.where.field) == ("models/size.yaml", "version")
    assert publish(actor, version="2", points=6) == "changed"
    assert queries.get_model("size").version == "2"
    assert queries.get_model("size", "1").version == "1"
    assert queries.models_in_force()["size"].items[0].points[0] == ("members.count() >= 2", 6)


@pytest.mark.usefixtures("db")
def test_published_model_cannot_be_changed_in_the_database() -> None:
    publish(make_actor("publisher"))
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        ScoringModel.objects.update(version="9")
    with pytest.raises(DatabaseError), transaction.atomic():
        ScoringModel.objects.all().delete()


@pytest.mark.usefixtures("db")
def test_publishing_needs_its_permission() -> None:
    with pytest.raises(NotPermitted):
        publish(make_actor("visitor", ["scoring.view"]))
    assert not ScoringModel.objects.exists()


@pytest.mark.usefixtures("db")
def test_unknown_model_is_refused() -> None:
    with pytest.raises(ModelNotFound):
        scoring.score_snapshot(actor=make_actor("analyst"), model="sise", at=AT)


@pytest.fixture
def own_home(settings: Any, tmp_path: Path) -> None:
    """Give a test that takes snapshots a home of its own: a fresh database counts from one."""
    settings.AMANA_HOME = tmp_path / "home"


@pytest.mark.usefixtures("transactional_db", "own_home")
def test_snapshot_is_scored(amana_cli: Callable[..., Any]) -> None:
    actor = make_actor("analyst")
    two, unknown, alone = (
        make_household("FEMALE", "MALE"),
        make_household("MALE", ""),
        make_household("MALE"),
    )
    publish(actor)
    taken = registry.take_snapshot(actor=actor, at=AT, on=TODAY)
    run = scoring.score_snapshot(actor=actor, model="size", at=AT)
    assert (run.unit_count, run.scored_count, run.unknown_count) == (3, 2, 1)
    assert (run.snapshot_id, run.model.version) == (taken.pk, "1")
    assert run.run.state == "DONE" or ScoringRun.objects.get(pk=run.pk).run.state == "DONE"
    scores = {group: queries.find_score(run, unit_id=group.pk) for group in (two, unknown, alone)}
    assert scores == {
        two: (Decimal(7), ()),
        unknown: (None, ("members.sex",)),  # he may be a woman
        alone: (Decimal(1), ()),
    }
    again = scoring.score_snapshot(actor=actor, model="size", snapshot=taken.reference, at=AT)
    assert again.results_sha256 == run.results_sha256
    answer = amana_cli("score", "size", user="analyst").data
    assert {key: answer[key] for key in ("households", "scored", "unknown")} == {
        "households": 3,
        "scored": 2,
        "unknown": 1,
    }
    assert set(answer) == {"run", "households", "scored", "unknown", "seconds"}
    refused = amana_cli("score", "sise", user="analyst", expect=4).data
    assert refused["error"]["code"] == "SCORING_MODEL_NOT_FOUND"
    listed = queries.list_runs(actor=make_actor("visitor", ["programmes.view"]))
    assert not listed.exists()
