"""What is translated reads in the reader's language; the rest reads English, never a blank."""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests.web.people import Registry

CODES = [code for code, _name in settings.LANGUAGES if code != "en"]


def _folder(code: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES"


@pytest.mark.parametrize("code", CODES)
def test_the_compiled_catalogue_says_what_its_source_says(code: str) -> None:
    compiled = io.BytesIO()
    with (_folder(code) / "django.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    with (_folder(code) / "django.mo").open("rb") as shipped:
        expected = gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
        found = gettext.GNUTranslations(shipped)._catalog  # type: ignore[attr-defined]
    head = ""
    assert {k: v for k, v in found.items() if k != head} == {
        k: v for k, v in expected.items() if k != head
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("fr", "2 ménages"),
        ("pt", "2 agregados"),
        ("es", "2 hogares"),
        ("sw", "kaya 2"),
        ("ar", "2 أسرتان"),
    ],
)
def test_a_list_counts_in_the_readers_language(
    client_of: Callable[..., Client], registry: Registry, code: str, words: str
) -> None:
    client = client_of("registry.view_people")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = code
    page = client.get("/registry/households/").content.decode()
    assert words in page


def test_dates_and_numbers_follow_the_reader() -> None:
    from datetime import date

    from amana.web.words import say_amount, say_date, say_number

    day = date(2026, 9, 5)
    written = {}
    for code in ("en", "fr", "pt"):
        with translation.override(code):
            written[code] = (say_date(day), say_number(1204), say_amount(421400050))
    assert written["en"] == ("5 Sep 2026", "1,204", "4,214,000.50")
    assert written["fr"] == ("5 sept. 2026", "1\u202f204", "4\u202f214\u202f000,50")
    assert written["pt"][1:] == ("1.204", "4.214.000,50")
