"""Take the pictures of the documentation from a running demonstration.

`python -m amana.demonstration.pictures http://127.0.0.1:8000 docs/images`, with the AMANA_HOME of
that demonstration. Needs the development packages and Chromium. Pictures are taken again when the
pages change, and looked at before they are kept.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page to take: its file's name, who looks at it, and its address."""

    name: str
    user: str
    address: str
    width: int = 1280
    language: str = ""


def list_pictures() -> list[Picture]:
    """Name the pictures, with the addresses they have in this demonstration."""
    from amana.payments.models import Payroll
    from amana.programmes.models import TargetingRun
    from amana.registry.models import SourceKey

    grandmother = (
        SourceKey.objects.filter(source="census", external_id="grandmother-home")
        .exclude(group=None)
        .select_related("group")
        .first()
    )
    home = grandmother or SourceKey.objects.exclude(group=None).select_related("group").first()
    assert home is not None
    assert home.group is not None
    household = f"/registry/households/{home.group.reference}"
    run = TargetingRun.objects.filter(programme__code="child-grant").order_by("-id")[0]
    paid = Payroll.objects.filter(programme__code="old-age-pension").order_by("id")[0]
    waiting = Payroll.objects.filter(programme__code="child-grant").order_by("-id")[0]
    return [
        Picture("home-board", "board", "/"),
        Picture("home-approver", "payments-approver", "/"),
        Picture("households", "caseworker", "/registry/households/"),
        Picture("household", "operator", household),
        Picture("household-facts", "operator", f"{household}/facts"),
        Picture("household-decisions", "operator", f"{household}/decisions"),
        Picture("household-phone", "operator", household, width=390),
        Picture("household-arabic", "operator", household, language="ar"),
        Picture("programme", "manager", "/programmes/child-grant"),
        Picture("list", "manager", f"/programmes/runs/{run.reference}"),
        Picture("decision", "operator", f"/programmes/child-grant/units/{home.group.reference}"),
        Picture("model", "analyst", "/scoring/pmt"),
        Picture("payroll-waiting", "payments-approver", f"/payments/{waiting.reference}"),
        Picture("payroll-reconciled", "payments", f"/payments/{paid.reference}"),
        Picture("import", "registrar", "/intake/imports/"),
        Picture("audit", "auditor", "/audit/"),
    ]


def take(base: str, folder: Path) -> None:
    """Sign in as each person and take their pictures, the first screen of each page, as PNG."""
    from django.conf import settings
    from playwright.sync_api import sync_playwright

    from amana.demonstration.passwords import password_for

    pictures = list_pictures()
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        for picture in pictures:
            context = browser.new_context(
                base_url=base,
                viewport={"width": picture.width, "height": 1000},
                locale="en-GB",
            )
            page = context.new_page()
            page.goto("/accounts/login/")
            page.get_by_label("Username").fill(picture.user)
            page.get_by_label("Password").fill(
                password_for(picture.user, secret=settings.SECRET_KEY)
            )
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.get_by_role("heading", level=1).wait_for()
            if picture.language == "ar":
                page.get_by_role("button", name="العربية").click()
            page.goto(picture.address)
            page.screenshot(path=folder / f"{picture.name}.png")
            print(picture.name)
            context.close()
        browser.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amana.config.settings")
    import django

    django.setup()
    take(sys.argv[1], Path(sys.argv[2]))
