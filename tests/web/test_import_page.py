"""Importing through the page: a file goes in, what is refused is told, the upload is removed."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from amana.access.models import Run
from amana.intake.commands import publish_form
from amana.registry.models import Group
from amana.web import background
from tests.intake.ground import make_country
from tests.making import make_actor, make_area

FORM = {
    "form": "visit",
    "version": "1",
    "title": {"en": "Household visit"},
    "source": "visits",
    "legal_basis": {"kind": "law", "text": "Act 1, section 2"},
    "channel": "file",
    "mapping": {
        "layout": "flat",
        "collected_on": "2026-03-01",
        "household": {"key": ["hh"], "area": {"column": "ward"}},
        "person": {"key": ["hh", "line"], "name": {"full": "name"}},
    },
}
FILE = "hh,line,ward,name\n1,1,W1,Grace Akinyi\n1,2,W1,\n2,1,NOWHERE,Juma\n"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the end of an import also on a busy machine."""
    monkeypatch.setattr(background, "WAIT_S", 120)


@pytest.fixture
def client(transactional_db: None, client_in: Callable[[], Client]) -> Client:
    make_country()
    make_area("W1")
    actor = make_actor("publisher")
    publish_form(actor=actor, definition=FORM, at=datetime(2026, 3, 1, tzinfo=UTC))
    return client_in()


@pytest.fixture
def client_in() -> Callable[[], Client]:
    def make() -> Client:
        from tests.making import make_user

        client = Client()
        client.force_login(
            make_user("grace", ["*"]),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        return client

    return make


def upload(text: str, name: str = "visits.csv") -> io.BytesIO:
    file = io.BytesIO(text.encode())
    file.name = name
    return file


def test_a_file_comes_in_and_what_was_refused_is_shown(client: Client) -> None:
    answer = client.post("/intake/imports/new", {"form": "visit", "file": upload(FILE)})
    run = Run.objects.get(kind="import")
    assert (answer.status_code, answer["Location"]) == (302, f"/intake/imports/{run.reference}")
    page = client.get(answer["Location"]).content.decode()
    assert "visits.csv" in page
    assert "NOWHERE" in page
    assert Group.objects.count() == 1
    errors = client.get(f"/intake/imports/{run.reference}/errors")
    text = b"".join(errors.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.splitlines()[0] == "file,row,column,value,code,reason,mend"
    assert "NOWHERE" in text
    work = Path(settings.AMANA_HOME) / "work"
    assert [entry.name for entry in work.iterdir() if entry.name.startswith("upload-")] == []
    waits = client.get("/").content.decode()
    assert "file of the last 30 days has refused rows to mend" in waits


def test_a_file_refused_as_a_whole_leaves_the_page_as_it_was(client: Client) -> None:
    answer = client.post(
        "/intake/imports/new", {"form": "visit", "file": upload("hh,line\n"), "collected_on": ""}
    )
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "There is a problem" in page
    assert Group.objects.count() == 0
    assert Run.objects.get(kind="import").state == "FAILED"


def test_the_same_file_twice_changes_nothing(client: Client) -> None:
    for _time in range(2):
        client.post("/intake/imports/new", {"form": "visit", "file": upload(FILE)})
    assert Run.objects.filter(kind="import", state="DONE").count() == 2
    assert Group.objects.count() == 1


def test_a_form_without_a_file_says_so_on_the_field(client: Client) -> None:
    page = client.post("/intake/imports/new", {"form": "visit"}).content.decode()
    assert 'href="#id_file"' in page
