"""A payroll over the API: prepared, approved by another, exported, answered, reconciled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from amana.access.models import User
from tests.api.test_house import bearer

if TYPE_CHECKING:
    from tests.payments.making import House


@pytest.fixture
def house(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> House:
    from tests.payments.making import make_house

    settings.AMANA_HOME = tmp_path / "home"
    return make_house(tmp_path, monkeypatch)


def post(client: Client, who: str, path: str, **given: object) -> Any:
    header = bearer(User.objects.get(username=who))
    return client.post(path, given, content_type="application/json", headers=header)


def test_a_payroll_goes_through_the_api(client: Client, house: House) -> None:
    from amana.payments.models import Payment
    from tests.payments.answers import transfer, write_answer

    house.enrol(2000)
    house.enrol(2500, account=False)
    given = {"programme": "child-grant", "period": "2026-11"}
    body = post(client, "maker", "/api/payrolls", **given).json()
    assert (body["payments"], body["total_minor"], body["held"]) == (2, 4500, 1)
    assert post(client, "maker", "/api/payrolls", **given).json()["existing"] is True
    path = f"/api/payrolls/{body['payroll']}"
    refused = post(client, "maker", f"{path}/approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "SAME_PERSON")
    refused = post(client, "checker", f"{path}/approve", expected_count=2, expected_minor=4500)
    assert refused.json()["code"] == "PAYROLL_CHANGED"
    assert post(client, "checker", f"{path}/approve").json()["state"] == "APPROVED"
    [file] = post(client, "maker", f"{path}/export").json()["files"]
    header = bearer(User.objects.get(username="maker"))
    content = client.get(f"{path}/files/{file['name']}", headers=header)
    assert b"<CtrlSum>20.00</CtrlSum>" in b"".join(content.streaming_content)  # type: ignore[attr-defined]
    paid = Payment.objects.get(state="INSTRUCTED")
    answer = write_answer(house.folder, file["message_id"], [transfer(str(paid.reference), "ACSC")])
    upload = SimpleUploadedFile("answer.xml", answer.read_bytes())
    told = client.post("/api/payment-statuses", {"file": upload}, headers=header).json()
    assert (told["paid"], told["unmatched"]) == (1, 0)
    result = client.get(f"{path}/reconciliation", headers=header).json()
    assert result["paid"] == {"count": 1, "minor": 2000}
    assert result["difference_minor"] == 0
    shown = client.get(f"/api/payments/{paid.reference}", headers=header).json()
    assert [event["after"] for event in shown["events"]] == ["APPROVED", "INSTRUCTED", "PAID"]
    assert "payee_name" not in shown
    again = post(client, "maker", f"{path}/retry").json()
    assert (again["sequence"], again["held"]) == (2, 1)


def test_a_bad_status_file_is_a_problem_document(client: Client, house: House) -> None:
    header = bearer(User.objects.get(username="maker"))
    upload = SimpleUploadedFile("answer.xml", b"<Document/>")
    refused = client.post("/api/payment-statuses", {"file": upload}, headers=header)
    assert refused.status_code == 422
    assert refused.json()["code"] == "STATUS_FILE_REFUSED"
    assert refused.json()["where"]["field"] == "Document"
