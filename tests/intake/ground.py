"""The ground an import stands on: a country, areas, the dictionary and a form, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from amana.intake import commands as intake
from amana.intake.commands import ImportResult
from amana.intake.models import Form
from amana.kernel.command import Actor
from amana.kernel.errors import Problems
from amana.kernel.yaml_source import read_yaml
from amana.places.models import Country
from amana.registry import commands as registry
from amana.registry.dictionary import core_dictionary, read_dictionary
from tests.intake.making import TODAY, flat_mapping
from tests.making import make_actor, make_area

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"


def make_country() -> None:
    """Give a country with a currency of two digits."""
    Country.objects.create(
        id=1,
        blueprint="test",
        version="1",
        country="XX",
        currency="XTS",
        minor_digits=2,
        languages=["en"],
        sha256="",
        applied_at=AT,
        applied_by="test",
    )


def make_ground(mapping: Mapping[str, Any] | None = None, form: str = "census") -> Actor:
    """Give an actor who may do everything, wards W1 and W2, and a form of the source `census`."""
    actor = make_actor("operator")
    make_country()
    for code in ("W1", "W2"):
        make_area(code)
    registry.apply_dictionary(actor=actor, dictionary=core_dictionary())
    publish(actor, mapping or flat_mapping(), form=form)
    return actor


def publish(actor: Actor, mapping: Mapping[str, Any], form: str = "census") -> str:
    """Publish a form with a mapping; each call gives the next version."""
    return intake.publish_form(
        actor=actor,
        definition={
            "form": form,
            "version": str(Form.objects.filter(code=form).count() + 1),
            "title": "A census",
            "source": "census",
            "legal_basis": {"kind": "PUBLIC_TASK", "text": "Invented"},
            "mapping": mapping,
        },
        at=AT,
    )


def bring(actor: Actor, path: Path, **options: Any) -> ImportResult:
    """Import a file through the form `census`."""
    values: dict[str, Any] = {"form": "census", "on": TODAY, "at": AT}
    return intake.import_file(actor=actor, path=path, **values | options)


def make_survey_ground() -> Actor:
    """Give what the survey's blueprint says that an import needs."""
    actor = make_actor("operator")
    make_country()
    for code in ("1", "2"):
        make_area(code, level="stratum")
    folder = BLUEPRINTS / "survey-example"
    problems = Problems("mistakes")
    dictionary = read_dictionary(read_yaml(folder / "dictionary.yaml", problems=problems))
    problems.raise_if_any()
    registry.apply_dictionary(actor=actor, dictionary=dictionary)
    form = YAML(typ="safe").load(folder / "forms" / "survey.yaml")
    intake.publish_form(actor=actor, definition=form, at=AT)
    return actor


def on_day(text: str) -> date:
    """Give a date."""
    return date.fromisoformat(text)
