"""Scoring over the API: models are listed with their definition, and score a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from amana.registry import commands as registry
from tests.api.test_house import bearer
from tests.making import make_actor, make_user
from tests.scoring.test_commands import AT, TODAY, make_household, publish


@pytest.mark.usefixtures("db")
def test_models_are_listed_for_those_who_may_see_them(client: Client) -> None:
    publish(make_actor("publisher"))
    header = bearer(make_user("analyst", ["scoring.view"]))
    answer: dict[str, Any] = client.get("/api/scoring/models", headers=header).json()
    (model,) = answer["items"]
    assert (model["model"], model["version"], model["kind"]) == ("size", "1", "points")
    assert model["definition"]["items"][0]["id"] == "people"
    other = bearer(make_user("stranger", ["places.view_areas"]))
    assert client.get("/api/scoring/models", headers=other).status_code == 403


@pytest.mark.usefixtures("transactional_db")
def test_snapshot_is_scored_and_the_run_found_again(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.AMANA_HOME = tmp_path / "home"
    actor = make_actor("publisher")
    make_household("FEMALE")
    publish(actor)
    registry.take_snapshot(actor=actor, at=AT, on=TODAY)
    header = bearer(make_user("analyst", ["scoring.view", "scoring.score_snapshot"]))
    made = client.post(
        "/api/scoring/runs", {"model": "size"}, content_type="application/json", headers=header
    )
    assert made.status_code == 200, made.content
    run = made.json()
    assert (run["households"], run["scored"], run["unknown"]) == (1, 1, 0)
    assert client.get(f"/api/scoring/runs/{run['run']}", headers=header).json() == run
    listed = client.get("/api/scoring/runs?model=size", headers=header).json()
    assert listed["items"] == [run]
    absent = client.get("/api/scoring/runs/RUN-0000-000", headers=header)
    assert (absent.status_code, absent.json()["code"]) == (404, "SCORING_RUN_NOT_FOUND")
    mistyped = client.post(
        "/api/scoring/runs", {"model": "sise"}, content_type="application/json", headers=header
    )
    assert mistyped.json()["code"] == "SCORING_MODEL_NOT_FOUND"
