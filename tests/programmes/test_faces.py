"""The same list and the same reasons on the command line, over the API and on pages."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from amana.access.bootstrap import get_actor
from amana.programmes import queries
from amana.programmes.models import Application, Enrolment, TargetingRun
from amana.registry import commands as registry
from amana.registry.models import Group
from tests.api.test_house import bearer
from tests.making import make_actor, make_area, make_user
from tests.programmes.making import (
    AT,
    CHILD_GRANT,
    TODAY,
    enrol,
    make_group,
    make_person,
    publish,
    target,
)

pytestmark = pytest.mark.django_db

TWO_PEOPLE = """
separations:
  - {act: programmes.approve_list, not_with: programmes.target_programme}
"""


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the faces' clock stand on the day of these tests."""
    monkeypatch.setenv("AMANA_TODAY", TODAY.isoformat())


def signed_in(username: str, *permissions: str, **scope: Any) -> Client:
    client = Client()
    client.force_login(make_user(username, permissions or ["*"], **scope))
    return client


def words_of(response: Any) -> str:
    """Give the words of a page, without its tags."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(text).split())


def three_households() -> tuple[Group, Group, Group]:
    """Give a household that is eligible, one that is not, and one we do not know about."""
    area = make_area("N")
    young, old, unknown = (make_group(area, external=f"A-{n}") for n in (1, 2, 3))
    make_person(young, age=30, role="HEAD", sex="FEMALE")
    make_person(young, age=2, role="CHILD")
    make_person(old, age=40, role="HEAD")
    make_person(unknown, role="HEAD")
    return young, old, unknown


@pytest.mark.usefixtures("day")
def test_the_command_line_walks_from_target_to_enrolment(
    amana_cli: Callable[..., Any], tmp_path: Path
) -> None:
    actor = get_actor("operator", channel="cli")
    publish(actor)
    three_households()
    registry.take_snapshot(actor=actor, at=AT, on=TODAY)
    run = amana_cli("target", "child-grant").data
    assert {key: run[key] for key in ("assessed", "eligible", "ineligible", "undetermined")} == {
        "assessed": 3,
        "eligible": 1,
        "ineligible": 1,
        "undetermined": 1,
    }
    assert run["selected"] == 1
    assert run["seconds"] >= 0
    told = amana_cli("explain", "child-grant", "test:A-3").data
    assert told["outcome"] == "undetermined"
    assert told["criteria"][0]["outcome"] == "unknown"
    assert set(told["criteria"][0]) >= {"id", "says", "outcome", "missing", "values"}
    refused = amana_cli("enrol", run["run"], expect=1).data
    assert refused["error"]["code"] == "RUN_NOT_APPROVED"
    amana_cli("list", "approve", run["run"])
    assert amana_cli("enrol", run["run"]).data["enrolled"] == 1
    assert amana_cli("enrol", run["run"]).data["enrolled"] == 0
    out = tmp_path / "new" / "results.csv"
    assert amana_cli("results", run["run"], "--out", out).data["rows"] == 3
    with out.open() as file:
        assert [row["children"] for row in csv.DictReader(file)] == ["met", "failed", "unknown"]
    missing = amana_cli("explain", "child-grunt", "test:A-3", expect=4).data
    assert missing["error"]["code"] == "PROGRAMME_NOT_FOUND"


@pytest.mark.usefixtures("day")
def test_command_line_api_and_pages_give_the_same_reasons(
    amana_cli: Callable[..., Any], client: Client
) -> None:
    actor = get_actor("operator", channel="cli")
    publish(actor)
    groups = three_households()
    target(actor)
    site = signed_in("reader")
    header = bearer(make_user("caller", ["*"]))
    for group in groups:
        told = amana_cli("explain", "child-grant", group.reference).data
        over_api = client.get(
            f"/api/programmes/child-grant/decisions/{group.reference}", headers=header
        ).json()
        assert over_api == told
        page = words_of(site.get(f"/programmes/child-grant/units/{group.reference}"))
        assert told["sentence"] in page
        household = words_of(site.get(f"/registry/households/{group.reference}"))
        assert told["sentence"] in household
        tab = words_of(site.get(f"/registry/households/{group.reference}/decisions"))
        assert told["sentence"] in tab
    assert "We do not know yet" in household
    assert "eligible" not in told["sentence"]


@pytest.mark.usefixtures("day")
def test_a_list_is_reviewed_approved_by_another_and_enrolled_on_pages() -> None:
    publish(make_actor("publisher"), CHILD_GRANT + TWO_PEOPLE)
    three_households()
    maker, checker = signed_in("maker"), signed_in("checker")
    registry.take_snapshot(actor=make_actor("publisher", []), at=AT, on=TODAY)
    made = maker.post("/programmes/child-grant/target")
    run = TargetingRun.objects.get()
    assert made.headers["Location"] == f"/programmes/runs/{run.reference}"
    page = words_of(maker.get(f"/programmes/runs/{run.reference}"))
    assert "3 households" in page
    assert "date of birth or age of a member" in page
    refused = maker.post(f"/programmes/runs/{run.reference}/approve")
    assert refused.status_code == 409
    assert "You made this list, so you cannot approve it." in words_of(refused)
    home = words_of(checker.get("/"))
    assert "1 list waits for your approval" in home
    assert "Approve the list of 1 household" in words_of(
        checker.get(f"/programmes/runs/{run.reference}/approve")
    )
    assert checker.post(f"/programmes/runs/{run.reference}/approve").status_code == 302
    assert checker.post(f"/programmes/runs/{run.reference}/enrol").status_code == 302
    assert checker.post(f"/programmes/runs/{run.reference}/enrol").status_code == 302
    enrolment = Enrolment.objects.get()
    listed = words_of(checker.get("/programmes/child-grant/enrolments"))
    assert "1 enrolment" in listed
    shown = words_of(checker.get(f"/programmes/enrolments/{enrolment.reference}"))
    assert "Enrolled since 20 Nov 2026." in shown
    assert "head of the household" in shown


@pytest.mark.usefixtures("day")
def test_the_list_is_filtered_by_what_is_unknown_failed_or_selected() -> None:
    actor = make_actor("publisher")
    publish(actor)
    young, old, unknown = three_households()
    run = target(actor)
    site = signed_in("reader")
    for query, there in (
        ("selected=yes", young),
        ("failed=children", old),
        ("missing=members.age", unknown),
        ("outcome=undetermined", unknown),
    ):
        page = words_of(site.get(f"/programmes/runs/{run.reference}?{query}"))
        assert "1 household" in page
        for group in (young, old, unknown):
            assert (str(group.reference) in page) is (group == there)
    assert "Nobody passes these filters" in words_of(
        site.get(f"/programmes/runs/{run.reference}?unknown=children&outcome=eligible")
    )


@pytest.mark.usefixtures("day")
def test_a_reader_of_one_area_sees_only_its_households_on_the_list() -> None:
    actor = make_actor("publisher")
    publish(actor)
    young, _old, _unknown = three_households()
    other = make_group(make_area("S"))
    make_person(other, age=2)
    run = target(actor)
    site = signed_in("south", "programmes.view", "programmes.view_decisions", area=other.area)
    page = words_of(site.get(f"/programmes/runs/{run.reference}"))
    assert str(other.reference) in page
    assert str(young.reference) not in page
    assert site.get(f"/programmes/child-grant/units/{young.reference}").status_code == 404


@pytest.mark.usefixtures("day")
def test_an_enrolment_is_suspended_only_with_a_reason_and_a_notice() -> None:
    actor = make_actor("publisher")
    publish(actor)
    three_households()
    enrol(actor, target(actor))
    enrolment = Enrolment.objects.get()
    site = signed_in("manager")
    address = f"/programmes/enrolments/{enrolment.reference}"
    empty = site.post(f"{address}/suspend", {"reason": "UNDER_REVIEW", "notice": ""})
    assert empty.status_code == 200
    assert Enrolment.objects.get().state == "ACTIVE"
    done = site.post(f"{address}/suspend", {"reason": "UNDER_REVIEW", "notice": "Letter of today"})
    assert done.status_code == 302
    assert "Something is under review" in words_of(site.get(address))
    assert site.post(f"{address}/reinstate", {"reason": "REVIEW_CLOSED"}).status_code == 302
    person = make_person(enrolment.group, age=60, sex="FEMALE")
    wrong = site.post(
        f"{address}/recipient", {"person": person.reference, "relation": "GUARDIAN", "proof": ""}
    )
    assert "no proof" in words_of(wrong)
    right = {"person": person.reference, "relation": "GUARDIAN", "proof": "A letter"}
    assert site.post(f"{address}/recipient", right).status_code == 302
    assert "guardian" in words_of(site.get(address))
    closed = site.post(f"{address}/exit", {"reason": "LEFT", "notice": "They told us"})
    assert closed.status_code == 302
    assert Enrolment.objects.get().state == "EXITED"


@pytest.mark.usefixtures("day")
def test_the_api_lists_runs_results_and_enrolments(client: Client) -> None:
    actor = make_actor("publisher")
    publish(actor)
    three_households()
    run = target(actor)
    header = bearer(make_user("caller", ["*"]))
    listed = client.get("/api/programmes", headers=header).json()["items"]
    assert [row["programme"] for row in listed] == ["child-grant"]
    told = client.get(f"/api/targeting-runs/{run.reference}", headers=header).json()
    assert told["criteria"] == [
        {
            "id": "children",
            "says": "The household has a child under 5",
            "met": 1,
            "failed": 1,
            "unknown": 1,
        }
    ]
    assert told["missing"] == [{"name": "members.age", "units": 1}]
    page = client.get(f"/api/targeting-runs/{run.reference}/results?limit=2", headers=header).json()
    rest = client.get(
        f"/api/targeting-runs/{run.reference}/results?limit=2&cursor={page['next_cursor']}",
        headers=header,
    ).json()
    assert len(page["items"]) + len(rest["items"]) == 3
    assert rest["next_cursor"] is None
    assert page["items"][0]["criteria"] == {"children": "met"}
    client.post(f"/api/targeting-runs/{run.reference}/approve", headers=header)
    done = client.post(f"/api/targeting-runs/{run.reference}/enrol", headers=header).json()
    assert done["enrolled"] == 1
    (row,) = client.get("/api/enrolments", headers=header).json()["items"]
    assert row["state"] == "ACTIVE"
    told = client.get(f"/api/enrolments/{row['enrolment']}", headers=header).json()
    assert told["moves"][0]["reason"] == "SELECTED"


@pytest.mark.usefixtures("day")
def test_an_application_is_recorded_at_the_counter_and_on_the_command_line(
    amana_cli: Callable[..., Any],
) -> None:
    publish(get_actor("operator", channel="cli"))
    young, old, _unknown = three_households()
    site = signed_in("caseworker")
    page = f"/programmes/child-grant/units/{young.reference}"
    assert "Record an application of today" in words_of(site.get(page))
    assert site.post(f"{page}/apply").status_code == 302
    told = words_of(site.get(page))
    assert "Applied on 20 Nov 2026" in told
    assert "Record an application" not in told
    given = ("--programme", "child-grant", "--received", "2026-11-01")
    amana_cli("application", "record", "test:A-2", *given)
    assert Application.objects.get(group=old).received_on.isoformat() == "2026-11-01"
    bad = amana_cli("application", "record", "test:A-2", "--received", "yesterday", expect=3)
    assert bad.data["error"]["where"] == {"field": "--received"}


@pytest.mark.usefixtures("day")
def test_the_programme_page_says_who_can_get_it_in_words() -> None:
    publish(make_actor("publisher"))
    page = words_of(signed_in("reader", "programmes.view").get("/programmes/child-grant"))
    assert "The household has a child under 5" in page
    assert "Regulation 12(1)" in page
    assert "22.50" in page
    assert "Judge everybody over" not in page
    assert queries.get_programme("child-grant").unit_kind == "HOUSEHOLD"
