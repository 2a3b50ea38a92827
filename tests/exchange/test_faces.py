"""Pages and routes of the blueprint: what is applied, in which versions, and the dictionary."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from amana.access.bootstrap import get_actor
from amana.exchange import commands as exchange
from amana.exchange import queries
from tests.making import make_actor, make_user

pytestmark = pytest.mark.django_db
BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"


@pytest.fixture
def _applied() -> None:
    exchange.apply_blueprint(
        actor=get_actor("operator", channel="cli"),
        folder=BLUEPRINTS / "survey-example",
        at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        on=date(2026, 11, 20),
    )


def signed_in(client: Client, *permissions: str) -> Client:
    client.force_login(make_user("reader", permissions))
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content[:2000]
    return answer.content.decode()


def test_page_says_so_when_nothing_is_applied(client: Client) -> None:
    text = page(signed_in(client, queries.VIEW), "/blueprint/")
    assert "No blueprint was applied yet" in text


@pytest.mark.usefixtures("_applied")
def test_page_shows_what_is_applied(client: Client) -> None:
    text = page(signed_in(client, queries.VIEW), "/blueprint/")
    for words in ("survey-example 1", "XTS Test currency", "poorest-fifth", "housing", "in force"):
        assert words in text


@pytest.mark.usefixtures("_applied")
def test_dictionary_lists_and_explains_variables(client: Client) -> None:
    reader = signed_in(client, queries.VIEW)
    assert "Material of the roof" in page(reader, "/blueprint/dictionary?origin=country")
    assert "Material of the roof" not in page(reader, "/blueprint/dictionary?origin=core")
    text = page(reader, "/blueprint/dictionary/survey_roof")
    assert "household.survey_roof" in text
    assert "Code 4 (label not published)" in text
    assert reader.get("/blueprint/dictionary/nothing").status_code == 404


@pytest.mark.usefixtures("_applied")
def test_pages_and_routes_need_the_permission(client: Client) -> None:
    stranger = signed_in(client, "places.view_areas")
    for address in ("/blueprint/", "/blueprint/dictionary", "/api/blueprint", "/api/dictionary"):
        assert stranger.get(address).status_code == 403
    actor = make_actor("other", ["places.view_areas"])
    assert queries.find_blueprint(actor=actor) is None
    assert queries.list_published(actor=actor) == []


@pytest.mark.usefixtures("_applied")
def test_api_gives_versions_and_dictionary(client: Client) -> None:
    reader = signed_in(client, queries.VIEW)
    answer: dict[str, Any] = reader.get("/api/blueprint").json()
    assert {(one["kind"], one["code"], one["in_force"]) for one in answer["published"]} == {
        ("form", "survey", True),
        ("model", "housing", True),
        ("programme", "poorest-fifth", True),
        ("channel", "counter", True),
    }
    found = reader.get("/api/dictionary?of=household").json()
    roof = next(v for v in found["variables"] if v["code"] == "survey_roof")
    assert (roof["of"], roof["type"], roof["codes"]) == ("household", "code", "survey_roof")
    assert [c["code"] for c in found["code_lists"]["survey_roof"]["codes"]][:2] == [
        "code_2",
        "code_4",
    ]


@pytest.mark.usefixtures("_applied")
def test_every_variable_of_the_example_is_read_by_a_rule() -> None:
    assert queries.list_unread_variables() == []
