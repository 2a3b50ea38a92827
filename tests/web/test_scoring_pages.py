"""Snapshots and scores from the browser: taken, made, and shown with what they were made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from amana.access.models import AuditEvent
from amana.kernel import clock
from amana.kernel.errors import Problems
from amana.kernel.yaml_source import parse_yaml
from amana.registry.models import Snapshot
from amana.scoring import commands as scoring
from amana.scoring.definition import read_model
from amana.scoring.models import ScoringRun
from tests.making import make_actor
from tests.web.people import Registry

pytestmark = pytest.mark.django_db

MODEL = """
model: roof_card
version: 1
title: Roof card
kind: points
of: household
direction: lower_is_poorer
missing: unknown
source: Made for a test.
items:
  - id: roof
    says: What the roof is made of
    points:
      - {when: "household.roof == 'metal'", points: 7}
      - {when: "household.roof == 'thatch'", points: 0}
"""


@pytest.fixture
def model(registry: Registry) -> None:
    """Publish a scorecard over the small registry."""
    problems = Problems("The model has mistakes.")
    file = read_model(parse_yaml(MODEL, file="models/roof_card.yaml", problems=problems))
    problems.raise_if_any()
    scoring.publish_model(actor=make_actor("author"), file=file, source=MODEL, at=clock.now())


def test_a_snapshot_is_taken_from_the_browser_and_shown(
    registry: Registry, client_of: Callable[..., Client]
) -> None:
    client = client_of("registry.view_snapshots", "registry.take_snapshot")
    assert "No snapshots yet" in client.get("/registry/snapshots/").content.decode()
    answer = client.post("/registry/snapshots/take", follow=True)
    taken = Snapshot.objects.get()
    page = answer.content.decode()
    assert taken.reference in page
    assert taken.sha256 in page
    assert "roof" in page
    assert AuditEvent.objects.filter(command="registry.take_snapshot").count() == 1


def test_the_button_to_take_one_is_shown_only_to_those_who_may(
    registry: Registry, client_of: Callable[..., Client]
) -> None:
    page = client_of("registry.view_snapshots").get("/registry/snapshots/").content.decode()
    assert "Take a snapshot" not in page


def test_a_model_says_what_it_asks_and_what_each_answer_weighs(
    model: None, client_of: Callable[..., Client]
) -> None:
    page = client_of("scoring.view").get("/scoring/roof_card").content.decode()
    assert "What the roof is made of" in page
    assert "household.roof == &#x27;metal&#x27;" in page
    assert "Nobody is scored with this model yet" in page
    assert "Score everybody" not in page


def test_everybody_is_scored_from_the_browser_over_the_latest_snapshot(
    model: None, client_of: Callable[..., Client]
) -> None:
    client = client_of("scoring.view", "scoring.score_snapshot", "registry.take_snapshot")
    client.post("/registry/snapshots/take")
    answer = client.post("/scoring/roof_card/score", follow=True)
    run = ScoringRun.objects.get()
    assert answer.redirect_chain[-1][0] == f"/scoring/runs/{run.run.reference}"
    assert run.results_sha256 in answer.content.decode()
    assert run.unit_count == Snapshot.objects.get().household_count


def test_a_model_that_is_not_there_is_a_page_that_says_so(
    registry: Registry, client_of: Callable[..., Client]
) -> None:
    assert client_of("scoring.view").get("/scoring/none").status_code == 404
