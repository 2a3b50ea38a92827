"""Pages of payments: prepared, approved by another, exported, answered, reconciled, paid again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

if TYPE_CHECKING:
    from tests.payments.making import House

MAKER = (
    "payments.view",
    "payments.prepare_payroll",
    "payments.export_payroll",
    "payments.ingest_status",
    "payments.hold_payment",
    "payments.discard_payroll",
    "programmes.view",
    "registry.view_people",
)
CHECKER = ("payments.view", "payments.approve_payroll")


@pytest.fixture
def house(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> House:
    """Give a programme with enrolled households; files go to a folder of this test."""
    from tests.payments.making import make_house

    settings.AMANA_HOME = tmp_path / "home"
    return make_house(tmp_path, monkeypatch)


@pytest.fixture
def maker(client_of: Callable[..., Client]) -> Client:
    """Give the officer who prepares."""
    return client_of(*MAKER, username="officer")


@pytest.fixture
def checker(client_of: Callable[..., Client]) -> Client:
    """Give the one who approves."""
    return client_of(*CHECKER, username="approver")


def prepare(maker: Client) -> str:
    given = {"programme": "child-grant", "period": "2026-11"}
    answer = maker.post("/payments/prepare", given)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def test_a_payroll_walks_through_the_pages(house: House, maker: Client, checker: Client) -> None:
    from amana.payments.models import Payment
    from tests.payments.answers import transfer, write_answer

    house.enrol(2000)
    house.enrol(2200)
    house.enrol(3000, account=False)
    url = prepare(maker)
    assert prepare(maker) == url  # the same payroll, not another one
    page = text_of(maker, url)
    assert "The recipient has no account" in page
    assert "You prepared this payroll, so another person approves it." in page
    page = text_of(checker, url)
    # 20.00 + 22.00 = 42 XTS
    assert "Approve 2 payments (42 XTS)" in page
    page = text_of(checker, f"{url}/approve")
    assert "1 payment (30 XTS) stay held" in page
    shown = {"count": 2, "minor": 4200}
    assert checker.post(f"{url}/approve", shown)["Location"] == url
    assert checker.post(f"{url}/approve", shown)["Location"] == url  # a double click
    assert maker.post(f"{url}/export")["Location"] == url
    page = text_of(maker, url)
    assert "Difference 0.00 XTS" in page
    name = f"{url.split('/')[2]}-001-bank.xml"
    file = maker.get(f"{url}/files/{name}")
    content = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert b"<CtrlSum>42.00</CtrlSum>" in content
    message_id = content.split(b"<MsgId>")[1].split(b"<")[0].decode()
    one, two = Payment.objects.filter(state="INSTRUCTED").order_by("id")
    path = write_answer(
        house.folder,
        message_id,
        [transfer(str(one.reference), "ACSC"), transfer(str(two.reference), "RJCT", "AC04")],
    )
    upload = SimpleUploadedFile("answer.xml", path.read_bytes())
    assert maker.post("/payments/statuses", {"file": upload})["Location"] == url
    page = text_of(maker, url)
    assert "Pay 2 payments (52 XTS) again" in page
    page = text_of(maker, f"/payments/payment/{two.reference}")
    assert "the account is closed" in page
    assert "rejected by the provider" in page
    again = maker.post(f"{url}/retry")["Location"]
    assert again != url
    assert "supplementary 1" in text_of(maker, again)
    assert "again" not in text_of(maker, url).split("<h2")[0].replace("Write the files again", "")
    assert str(one.reference) in text_of(maker, f"{url}/payments?state=PAID")


def test_who_became_due_since_gets_a_supplementary_payroll(
    house: House, maker: Client, checker: Client
) -> None:
    house.enrol(2000)
    url = prepare(maker)
    assert checker.post(f"{url}/approve", {"count": 1, "minor": 2000})["Location"] == url
    assert "for those who became due since" in text_of(maker, url)
    refused = maker.post(f"{url}/retry")
    assert refused.status_code == 409
    assert "has arrived or is on its way" in refused.content.decode()
    house.enrol(2500)
    again = maker.post(f"{url}/retry")["Location"]
    assert "1 payment" in text_of(maker, f"{again}/payments")


def test_the_preparer_is_told_in_words_that_another_approves(
    house: House, client_of: Callable[..., Client]
) -> None:
    house.enrol(2000)
    both = client_of(*MAKER, *CHECKER, username="both")
    url = prepare(both)
    assert "You prepared this payroll, so you cannot approve it" in text_of(both, f"{url}/approve")
    answer = both.post(f"{url}/approve", {"count": 1, "minor": 2000})
    assert answer.status_code == 200
    assert "You prepared this payroll, so you cannot approve it" in answer.content.decode()


def test_a_payment_is_held_and_released_with_a_reason(house: House, maker: Client) -> None:
    from amana.payments.models import Payment

    house.enrol(2000)
    prepare(maker)
    url = f"/payments/payment/{Payment.objects.get().reference}"
    assert maker.post(f"{url}/hold", {"reason": ""}).status_code == 200
    assert maker.post(f"{url}/hold", {"reason": "Is it she?"})["Location"] == url
    assert "Held by an officer" in text_of(maker, url)
    assert maker.post(f"{url}/release", {"reason": "It is"})["Location"] == url
    assert "Is it she?" in text_of(maker, url)


def test_a_payroll_is_discarded_with_a_reason(house: House, maker: Client) -> None:
    house.enrol(2000)
    url = prepare(maker)
    assert "Discard 1 payment (20 XTS)" in text_of(maker, f"{url}/discard")
    assert maker.post(f"{url}/discard", {"reason": "wrong"})["Location"] == url
    assert prepare(maker) != url


def test_a_bad_file_or_period_is_told_on_the_form(house: House, maker: Client) -> None:
    house.enrol(2000)
    upload = SimpleUploadedFile("picture.xml", b"\x89PNG")
    answer = maker.post("/payments/statuses", {"file": upload})
    assert answer.status_code == 200
    assert "not a readable XML file" in answer.content.decode()
    answer = maker.post("/payments/prepare", {"programme": "child-grant", "period": "soon"})
    assert "“soon” is not a period" in answer.content.decode()
    assert not list((Path(house.folder) / "home" / "incoming").glob("*"))


def test_what_waits_is_on_the_home_page_and_on_the_household(
    house: House, maker: Client, checker: Client
) -> None:
    enrolment = house.enrol(2000)
    house.enrol(2000, account=False)
    prepare(maker)
    assert "payroll waits for your approval" in text_of(checker, "/")
    assert "payment is held: see why" in text_of(maker, "/")
    assert enrolment.group is not None
    page = text_of(maker, f"/registry/households/{enrolment.group.reference}/payments")
    assert "20.00 XTS" in page


def test_payments_of_other_areas_are_not_shown(
    house: House, client_of: Callable[..., Client], maker: Client
) -> None:
    from amana.payments.models import Payment
    from tests.making import make_area

    house.enrol(2000)
    url = prepare(maker)
    elsewhere = client_of("payments.view", area=make_area("B1"), username="elsewhere")
    reference = Payment.objects.get().reference
    assert elsewhere.get(f"/payments/payment/{reference}").status_code == 404
    assert str(reference) not in text_of(elsewhere, f"{url}/payments")
