"""Intake, registry and identity over the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from amana.access.models import User
from tests.api.test_house import bearer
from tests.intake.ground import make_ground
from tests.intake.making import CHILD, HEAD, HEADINGS, changed
from tests.making import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def header() -> dict[str, str]:
    make_ground()
    return bearer(User.objects.get(username="operator"))


def send(client: Client, header: dict[str, str], *rows: str) -> Any:
    content = "\n".join([",".join(HEADINGS), *rows]).encode()
    return client.post(
        "/api/imports",
        {"form": "census", "file": SimpleUploadedFile("mine.csv", content)},
        headers=header,
    )


def post(client: Client, header: dict[str, str], path: str, **given: object) -> Any:
    return client.post(path, given, content_type="application/json", headers=header)


def test_a_file_comes_in_and_its_errors_go_out(client: Client, header: dict[str, str]) -> None:
    answer = send(client, header, HEAD, changed(CHILD, sex="9"))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["rows"], body["accepted"], body["rejected"]) == (2, 1, 1)
    errors = client.get(body["errors_file"], headers=header)
    assert b"mine.csv,3,sex,9,CODE_UNKNOWN" in b"".join(errors.streaming_content)
    listed = client.get("/api/imports", headers=header).json()["items"]
    assert [(item["file"], item["rejected"]) for item in listed] == [("mine.csv", 1)]
    assert client.get("/api/forms", headers=header).json()[0]["form"] == "census"


def test_a_refused_file_answers_with_every_mistake(client: Client, header: dict[str, str]) -> None:
    answer = client.post(
        "/api/imports",
        {"form": "census", "file": SimpleUploadedFile("x.csv", b"hh,line\n1,2\n")},
        headers=header,
    )
    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} == {"COLUMN_MISSING"}


def test_households_and_people_are_found_and_shown(client: Client, header: dict[str, str]) -> None:
    send(client, header, HEAD, CHILD)
    house = client.get("/api/households/census:h1", headers=header).json()
    assert [m["role"] for m in house["members"]] == ["HEAD", "CHILD"]
    assert {f["variable"]: f["value"] for f in house["facts"]} == {
        "roof_material": "metal",
        "room_count": 3,
    }
    assert (house["area"], house["source_keys"]) == ("W1", ["census:h1"])
    found = client.get("/api/people?q=tolla", headers=header).json()["items"]
    assert [person["name"] for person in found] == ["Tola Beru"]
    person = client.get(f"/api/people/{found[0]['reference']}", headers=header).json()
    assert person["groups"][0]["group"] == house["reference"]
    assert len(client.get("/api/households?area=W1", headers=header).json()["items"]) == 1
    assert client.get("/api/households?area=W2", headers=header).json()["items"] == []


def test_facts_members_moves_and_deaths_are_changed(client: Client, header: dict[str, str]) -> None:
    send(client, header, HEAD, CHILD)
    base = "/api/households/census:h1"
    corrected = post(
        client, header, f"{base}/corrections", values={"room_count": "5"}, reason="Seen.",
        on="2026-05-01",
    )  # fmt: skip
    assert corrected.status_code == 200, corrected.content
    assert post(client, header, f"{base}/move", area="W2", on="2026-05-01").json()["area"] == "W2"
    leaving = {"person": "census:h1:2", "on": "2026-05-01"}
    assert post(client, header, f"{base}/members/leave", **leaving).status_code == 200
    joining = {**leaving, "role": "CHILD", "presence": "PART"}
    assert post(client, header, f"{base}/members", **joining).status_code == 200
    told = post(client, header, "/api/people/census:h1:1/death", status="REPORTED", on="2026-05-01")
    assert told.json()["status"] == "REPORTED"
    house = client.get(base, headers=header).json()
    assert house["usual_members"] == 1
    assert {f["variable"]: f["source"] for f in house["facts"]}["room_count"] == "amana"
    reference = house["evidence"][0]["submission"]
    gone = post(client, header, f"/api/submissions/{reference}/redact", reason="Asked.")
    assert len(gone.json()["sha256"]) == 64


def test_numbers_are_claimed_verified_and_two_records_made_one(
    client: Client, header: dict[str, str]
) -> None:
    from amana.identity.models import IdentifierScheme

    IdentifierScheme.objects.create(code="national-id")
    send(client, header, HEAD, CHILD)
    base = "/api/people/census:h1:1/identifiers"
    claimed = post(client, header, base, scheme="national-id", number="12-3", on="2026-05-01")
    number = claimed.json()["id"]
    verified = post(client, header, f"/api/identifiers/{number}/verify", words="register")
    assert verified.json()["status"] == "VERIFIED"
    shown = client.get(base, headers=header).json()
    assert (shown[0]["number"], shown[0]["verified_by"]) == ("12-3", "register")
    two = {"loser": "census:h1:2", "survivor": "census:h1:1", "on": "2026-05-01"}
    merged = post(client, header, "/api/people/merge", reason="One", **two)
    assert merged.status_code == 200, merged.content
    back = post(client, header, "/api/people/unmerge", loser="census:h1:2", on="2026-06-01")
    assert back.json()["person"] == merged.json()["loser"]


def test_a_caller_without_the_permission_changes_nothing(
    client: Client, header: dict[str, str], tmp_path: Path
) -> None:
    send(client, header, HEAD)
    reader = bearer(make_user("reader", ["registry.view_people"]))
    answer = post(client, reader, "/api/households/census:h1/move", area="W2", on="2026-05-01")
    assert answer.status_code == 403
    assert send(client, reader, HEAD).status_code == 403
