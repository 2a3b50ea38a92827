"""The whole delivery chain in a browser, by the people who take part, scripts on and off.

A registrar brings in a census and takes a snapshot, an analyst scores it, a manager judges a
programme, the district board approves the list, the manager enrols, a payment officer prepares, a
payment approver approves, the officer sends the bank's file and reads its answer, and an auditor
reads what everybody did. Each does their part on pages alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "kept by the person alone 7"
PEOPLE = ("registrar", "analyst", "manager", "board", "payments", "payments-approver", "auditor")
HOUSEHOLDS = 60


@pytest.fixture
def census(site: str, tmp_path: Path, settings: Any) -> tuple[Path, Path]:
    """Apply the demonstration blueprint, give its people passwords, and invent a small census."""
    settings.AMANA_HOME = tmp_path / "home"
    from amana.access import commands as access
    from amana.access.bootstrap import get_actor
    from amana.demonstration import generator
    from amana.demonstration.blueprints import find_blueprint
    from amana.demonstration.population import Country
    from amana.exchange import commands as exchange
    from amana.kernel import clock

    operator = get_actor("operator", channel="cli")
    folder = find_blueprint("demo")
    exchange.apply_blueprint(
        actor=operator,
        folder=folder,
        on=clock.today() - timedelta(days=200),
        at=clock.now() - timedelta(days=200),
    )
    for username in PEOPLE:
        access.set_password(actor=operator, username=username, password=PASSWORD)
    country = Country.read(folder / "areas.csv")
    taken = clock.today() - timedelta(days=30)
    drawn = generator.generate(households=HOUSEHOLDS, on=taken, country=country, seed=5)
    files = drawn.write(tmp_path / "census")
    return files[0], files[1]


class Journey:
    """One browser in which one person after another works; looks at each page on the way."""

    def __init__(
        self, page: Page, sign_in: Callable[..., None], axe: Callable[..., list[str]] | None
    ) -> None:
        self.page = page
        self._sign_in = sign_in
        self._axe = axe

    def work_as(self, username: str) -> None:
        """Leave, and come back as somebody else."""
        self.page.context.clear_cookies()
        self._sign_in(self.page, username, PASSWORD)
        self.look()

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def follow(self, name: str) -> None:
        """Follow the link or press the button of this name, or one that begins so."""
        target = (
            self.page.locator("main")
            .get_by_role("link", name=name)
            .or_(self.page.locator("main").get_by_role("button", name=name))
        )
        target.first.click()
        self.page.wait_for_load_state()
        self.look()

    def wait_until(self, says: str) -> None:
        """Wait for a page of progress to end by itself, or by looking again with scripts off."""
        for _ in range(40):
            if says in self.words():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()
        raise AssertionError(f"“{says}” never came: {self.words()[:2000]}")

    def words(self) -> str:
        return " ".join(self.page.locator("main").inner_text().split())

    def look(self) -> None:
        """Have axe look at the page, when scripts are on."""
        if self._axe is not None:
            assert self._axe(self.page) == [], self.page.url


@pytest.fixture
def journey(
    scripts: str, page: Page, sign_in: Callable[..., None], axe: Callable[..., list[str]]
) -> Journey:
    return Journey(page, sign_in, axe if scripts == "on" else None)


@pytest.mark.timeout(420)
def test_everyone_does_their_part_from_the_census_to_the_reconciled_payment(
    journey: Journey, census: tuple[Path, Path], tmp_path: Path
) -> None:
    households, people = census
    page = journey.page

    journey.work_as("registrar")
    journey.go("/intake/imports/new")
    page.get_by_label("Form").select_option("census")
    page.get_by_label("File", exact=True).set_input_files(households)
    page.get_by_label("File of people").set_input_files(people)
    page.locator("main form button.govuk-button").first.click()
    page.wait_for_url("**/intake/imports/RUN-*")
    journey.wait_until("Every row was taken")
    journey.go("/registry/snapshots/")
    journey.follow("Take a snapshot")
    journey.go("/registry/snapshots/")
    journey.wait_until("1 snapshot")

    journey.work_as("analyst")
    journey.go("/scoring/pmt")
    journey.follow("Score everybody over the latest snapshot")
    journey.go("/scoring/pmt")
    journey.wait_until("1 run")

    journey.work_as("manager")
    journey.go("/programmes/child-grant")
    journey.follow("Judge everybody")
    page.wait_for_url("**/programmes/runs/RUN-*")
    assert "How each criterion came out" in journey.words()
    run = page.url.rsplit("/", 1)[1]
    assert page.get_by_role("link", name="Approve the list").count() == 0

    journey.work_as("board")
    assert "list" in journey.words()
    journey.go(f"/programmes/runs/{run}")
    journey.follow("Approve the list")
    journey.follow("Approve the list")

    journey.work_as("manager")
    journey.go(f"/programmes/runs/{run}")
    journey.follow("Enrol ")
    journey.follow("Enrol ")
    journey.go("/programmes/child-grant/enrolments")
    enrolled = page.locator("main tbody tr").count()
    assert enrolled > 0

    journey.work_as("payments")
    journey.go("/payments/prepare")
    page.get_by_label("Child grant").check()
    month = _month()
    page.get_by_label("Which month?").fill(month)
    page.get_by_role("button", name="Prepare the payroll").click()
    page.wait_for_url("**/payments/PR-*")
    journey.look()
    payroll = page.url.rsplit("/", 1)[1]
    assert "You prepared this payroll, so another person approves it." in journey.words()

    journey.work_as("payments-approver")
    journey.go(f"/payments/{payroll}")
    journey.follow("Approve ")
    button = page.get_by_role("button", name="Approve ")
    button.dblclick()
    page.wait_for_url(f"**/payments/{payroll}")
    journey.look()

    journey.work_as("payments")
    journey.go(f"/payments/{payroll}")
    journey.follow("Write the files for the providers")
    for number, name in enumerate(_files(page)):
        answer = _answer(page, payroll, name, tmp_path / str(number))
        journey.go("/payments/statuses")
        page.get_by_label("Which file did the provider send?").set_input_files(answer)
        page.get_by_role("button", name="Read the file").click()
        page.wait_for_load_state()
        journey.look()
    journey.go(f"/payments/{payroll}")
    assert "Difference 0.00 XTS: files, statuses and ledger say the same." in journey.words()

    journey.work_as("auditor")
    journey.go("/audit/?verify=1")
    assert _payments_agree(payroll)


def _month() -> str:
    from amana.kernel import clock

    return f"{clock.today():%Y-%m}"


def _files(page: Page) -> list[str]:
    links = page.locator("main th a[href*='/files/']")
    return [str(link.inner_text()) for link in links.all()]


def _answer(page: Page, payroll: str, name: str, folder: Path) -> Path:
    """Download a file as the officer would, and have the demonstration bank answer it."""
    from amana.demonstration import bank
    from amana.kernel import clock

    folder.mkdir(parents=True)
    address = page.locator("main a", has_text=name).first.get_attribute("href")
    got = page.request.get(f"{page.url.split('/payments/')[0]}{address}") if address else None
    assert got is not None
    assert got.ok
    order = folder / name
    order.write_bytes(got.body())
    if name.endswith(".xml"):
        etree.parse(io.BytesIO(got.body()))
    answer: Any = bank.answer(order, out=folder / "answer", at=clock.now())
    page.goto(f"/payments/{payroll}")
    return Path(answer.path)


def _payments_agree(payroll: str) -> bool:
    """Every live line is the only one of its entitlement, and the trail is whole."""
    from django.db.models import Count

    from amana.access.queries import verify_audit_chain
    from amana.payments.models import PaymentLine

    twice = (
        PaymentLine.objects.filter(live=True)
        .values("entitlement")
        .annotate(lines=Count("id"))
        .filter(lines__gt=1)
    )
    lines = PaymentLine.objects.filter(payment__payroll__reference=payroll)
    return lines.exists() and not twice.exists() and verify_audit_chain().broken_at is None
