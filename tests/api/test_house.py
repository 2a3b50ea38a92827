"""The API's ground: who may call, how refusals read, and pages of lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from amana.access.models import ApiToken, User
from amana.access.tokens import hash_token, new_token
from amana.kernel import clock
from tests.making import make_area, make_user

pytestmark = pytest.mark.django_db


def bearer(user: User, *, days: int = 30) -> dict[str, str]:
    """Give the header of a fresh token; a negative number of days makes an expired one."""
    token = new_token()
    ApiToken.objects.create(
        user=user,
        label="test",
        token_sha256=hash_token(token),
        created_at=clock.now(),
        expires_on=clock.today() + timedelta(days=days),
    )
    return {"Authorization": f"Bearer {token}"}


def test_a_caller_without_session_or_token_is_told_how_to_sign_in(client: Client) -> None:
    answer = client.get("/api/areas")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "NOT_SIGNED_IN"


@pytest.mark.parametrize("spoilt", ["expired", "revoked", "inactive"])
def test_a_token_that_is_no_longer_good_opens_nothing(client: Client, spoilt: str) -> None:
    user = make_user("reader", ["places.view_areas"])
    header = bearer(user, days=-1 if spoilt == "expired" else 30)
    if spoilt == "revoked":
        ApiToken.objects.update(revoked_at=clock.now())
    if spoilt == "inactive":
        User.objects.update(is_active=False)
    assert client.get("/api/areas", headers=header).status_code == 401


def test_a_role_without_the_permission_is_refused_in_words(client: Client) -> None:
    answer = client.get("/api/audit", headers=bearer(make_user("reader", ["places.view_areas"])))
    assert answer.status_code == 403
    body = answer.json()
    assert body["code"] == "NOT_PERMITTED"
    assert body["detail"] == "Your roles do not let you do this: read the audit trail."
    assert body["mend"]


def test_a_list_is_walked_page_by_page_without_losing_or_repeating_a_row(client: Client) -> None:
    codes = [make_area(f"A{number}").code for number in range(7)]
    header = bearer(make_user("reader", ["places.view_areas"]))
    found: list[str] = []
    cursor = ""
    for _ in range(4):
        page = client.get(f"/api/areas?limit=3&cursor={cursor}", headers=header).json()
        found += [item["code"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert found == codes


def test_a_run_that_is_not_there_answers_with_the_mend(client: Client) -> None:
    header = bearer(make_user("reader", ["access.view_runs"]))
    answer = client.get("/api/runs/RUN-2222-222", headers=header)
    assert answer.status_code == 404
    assert answer.json()["mend"] == "Copy the reference from its page."


def test_the_documentation_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "https://" not in page
    assert client.get("/api/openapi.json").json()["openapi"].startswith("3.1")


def test_a_write_sent_twice_with_one_key_is_done_once(client: Client) -> None:
    admin = make_user("admin", ["access.manage_users"])
    make_user("other")
    header = {**bearer(admin), "Idempotency-Key": "k-1"}
    asked = {"username": "other", "label": "mis", "days": 30}
    answers = [
        client.post("/api/tokens", asked, content_type="application/json", headers=header)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert ApiToken.objects.filter(user__username="other").count() == 1


def test_one_key_for_two_requests_is_refused(client: Client) -> None:
    header = {**bearer(make_user("admin", ["access.manage_users"])), "Idempotency-Key": "k-1"}
    for label, status in (("a", 200), ("b", 409)):
        answer = client.post(
            "/api/tokens",
            {"username": "admin", "label": label, "days": 30},
            content_type="application/json",
            headers=header,
        )
        assert answer.status_code == status
    assert answer.json()["code"] == "IDEMPOTENCY_KEY_USED_OTHERWISE"


def test_a_token_taken_back_opens_nothing(client: Client) -> None:
    admin = make_user("admin", ["access.manage_users", "places.view_areas"])
    header = bearer(admin)
    asked = {"username": "admin", "label": "mis"}
    issued = client.post("/api/tokens", asked, content_type="application/json", headers=header)
    fresh = {"Authorization": f"Bearer {issued.json()['token']}"}
    assert client.get("/api/areas", headers=fresh).status_code == 200
    client.post("/api/tokens/revoke", asked, content_type="application/json", headers=header)
    assert client.get("/api/areas", headers=fresh).status_code == 401
