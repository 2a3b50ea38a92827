"""Applying a blueprint: whole or not at all, again without change, each mistake in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from amana.access.bootstrap import get_actor
from amana.access.models import AuditEvent, Role
from amana.exchange import commands as exchange
from amana.kernel.errors import AmanaError, BadInputs
from amana.places.country import find_country, get_country
from amana.places.models import Area, Country
from amana.registry.models import Variable

BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def apply(folder: Path, *, plan: bool = False) -> exchange.Applied:
    actor = get_actor("operator", channel="cli")
    return exchange.apply_blueprint(actor=actor, folder=folder, at=AT, on=TODAY, plan=plan)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the small blueprint, to be spoilt."""
    return shutil.copytree(BLUEPRINTS / "survey-example", tmp_path / "survey-example")


def change(folder: Path, name: str, was: str, now: str) -> None:
    text = (folder / name).read_text()
    assert was in text, f"{name} does not hold {was!r}"
    (folder / name).write_text(text.replace(was, now, 1))


def told(error: AmanaError) -> list[str]:
    return [str(one) for one in error.errors] if isinstance(error, BadInputs) else [str(error)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["demo", "survey-example"])
def test_second_time_changes_nothing(name: str) -> None:
    first = apply(BLUEPRINTS / name)
    second = apply(BLUEPRINTS / name)
    counts = second.changes.counts()
    assert first.changes.created > 50
    assert (counts["created"], counts["changed"]) == (0, 0)
    assert counts["unchanged"] == sum(first.changes.counts().values())
    country = get_country()
    assert (country.blueprint, country.currency, country.minor_digits) == (name, "XTS", 2)


@pytest.mark.django_db
def test_plan_tells_what_would_change_and_changes_nothing(folder: Path) -> None:
    planned = apply(folder, plan=True)
    assert planned.planned
    assert find_country() is None
    assert not Area.objects.exists()
    assert not AuditEvent.objects.filter(command__startswith="exchange").exists()
    assert apply(folder).changes.counts() == planned.changes.counts()


@pytest.mark.django_db
def test_one_audit_event_for_each_command_and_one_for_the_whole(folder: Path) -> None:
    applied = apply(folder)
    events = AuditEvent.objects.filter(command="exchange.run_blueprint")
    assert [(e.subject, e.digest) for e in events] == [("survey-example", applied.sha256)]
    assert AuditEvent.objects.filter(command="programmes.publish_programme").count() == 1


BAD: list[tuple[str, str, str, str]] = [
    ("areas.csv", "2,,", "2,2,", "areas.csv, row 3, parent: The area “2” is its own parent."),
    ("areas.csv", "stratum", "stratm", "“stratm” is not a level of this blueprint."),
    ("blueprint.yaml", "minor_digits: 2", "minor_digits: two", "row 9, column 37, currency.min"),
    ("blueprint.yaml", "country: XX", "country: Nowhere", "“Nowhere” does not fit “country”."),
    ("blueprint.yaml", "languages: [en]", "languges: [en]", "Did you mean “languages”?"),
    ("blueprint.yaml", "area_file: areas.csv", "area_file: area.csv", "There is no such file."),
    ("dictionary.yaml", "codes: survey_roof", "codes: survey_rof", "There is no code list “survey"),
    (
        "programmes/poorest-fifth.yaml",
        "when: score.housing.value >= 0",
        "when: score.housing.value >= = 0",
        "programmes/poorest-fifth.yaml, row 13, column",
    ),
    (
        "programmes/poorest-fifth.yaml",
        "when: score.housing.value >= 0",
        "when: household.survey_roof >= 0",
        "programmes/poorest-fifth.yaml, row 13, column",
    ),
    (
        "programmes/poorest-fifth.yaml",
        "score.housing.value >= 0",
        "score.housng.value >= 0",
        "There is no scoring model “housng”. Did you mean “housing”?",
    ),
    (
        "programmes/poorest-fifth.yaml",
        "channels: [counter]",
        "channels: [conter]",
        "There is no payment channel “conter”. Did you mean “counter”?",
    ),
    ("programmes/poorest-fifth.yaml", "poorest-fifth", "poorest", "Name the file poorest.yaml."),
    (
        "models/housing.yaml",
        "household.survey_roof == 'code_2'",
        "household.survey_roof == 'code_3'",
        "models/housing.yaml, row 3",
    ),
    ("models/housing.yaml", "kind: points", "kind: dots", "“dots” is not a value of “kind”."),
    (
        "forms/survey.yaml",
        "survey_roof: {column: roof,",
        "survey_rof: {column: roof,",
        "forms/survey.yaml, row 2",
    ),
    ("forms/survey.yaml", '"2": SPOUSE', '"2": SPOSE', "“SPOSE”, which is not a code here"),
    ("forms/survey.yaml", "kind: PUBLIC_TASK", "kind: BECAUSE", "“BECAUSE” is not a value of"),
    ("channels/counter.yaml", "kind: iso20022", "kind: iso2022", "Did you mean “iso20022”?"),
    ("roles.yaml", "{role: approver}]", "{role: aprover}]", "Did you mean “approver”?"),
    ("roles.yaml", "{role: approver}]", "{role: approver, area: '9'}]", "There is no area “9”."),
    (
        "roles.yaml",
        "{role: approver}]",
        "{role: approver, programme: poorest}]",
        "roles.yaml, users.approver: There is no programme “poorest”. Did you mean “poorest-",
    ),
    ("roles.yaml", "act: payments.approve_payroll", "act: payments.approve", "is not a value of"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "was", "now", "words"), BAD)
def test_mistake_is_refused_in_words_and_nothing_is_done(
    folder: Path, name: str, was: str, now: str, words: str
) -> None:
    change(folder, name, was, now)
    with pytest.raises(AmanaError) as caught:
        apply(folder)
    assert any(words in line for line in told(caught.value)), told(caught.value)
    assert not Country.objects.exists()
    assert not Area.objects.exists()
    assert not Variable.objects.exists()


@pytest.mark.django_db
def test_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    for name, was, now, _ in (BAD[0], BAD[6], BAD[13], BAD[17]):
        change(folder, name, was, now)
    with pytest.raises(BadInputs) as caught:
        apply(folder)
    files = {error.where.file for error in caught.value.errors}
    assert {"areas.csv", "dictionary.yaml", "models/housing.yaml", "channels/counter.yaml"} <= files


@pytest.mark.django_db
def test_place_of_a_slip_in_a_rule_is_its_column_in_the_file(folder: Path) -> None:
    """`    when: score.housing.value >= = 0`: the second `=` is the 34th character of the line."""
    change(folder, "programmes/poorest-fifth.yaml", "value >= 0", "value >= = 0")
    with pytest.raises(AmanaError) as caught:
        apply(folder)
    where = caught.value.where
    line = (folder / "programmes/poorest-fifth.yaml").read_text().splitlines()[where.row - 1]  # type: ignore[operator]
    assert line[where.column - 1 :] == "= 0"  # type: ignore[operator]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        ("programmes/poorest-fifth.yaml", "value: 50", "value: 60"),
        ("models/housing.yaml", "points: 22", "points: 23"),
        ("forms/survey.yaml", "collected_on: 2026-10-01", "collected_on: 2026-10-02"),
    ],
)
def test_published_version_is_never_altered_only_superseded(
    folder: Path, name: str, was: str, now: str
) -> None:
    apply(folder)
    change(folder, name, was, now)
    change(folder, "areas.csv", "Rural", "Countryside")
    with pytest.raises(AmanaError) as caught:
        apply(folder)
    assert "version" in str(caught.value)
    assert caught.value.where.file == name
    assert caught.value.where.field == "version"
    assert Area.objects.get(code="2").name == "Rural"  # nothing half done
    text = (folder / name).read_text()
    if "\nversion: 1" in text:
        change(folder, name, "version: 1", "version: 2")
    else:
        change(folder, name, "\ntitle:", "\nversion: 2\ntitle:")
    applied = apply(folder)
    kind = name.split("s/")[0]
    assert (kind, "changed") in {(item.kind, item.what) for item in applied.changes.items}
    assert Area.objects.get(code="2").name == "Countryside"


@pytest.mark.django_db
def test_other_blueprint_is_refused(folder: Path) -> None:
    apply(folder)
    with pytest.raises(AmanaError, match="This installation holds the blueprint “survey-example”"):
        apply(BLUEPRINTS / "demo")


@pytest.mark.django_db
def test_currency_never_changes(folder: Path) -> None:
    apply(folder)
    change(folder, "blueprint.yaml", "minor_digits: 2", "minor_digits: 0")
    with pytest.raises(AmanaError) as caught:
        apply(folder)
    assert any("cannot change" in line for line in told(caught.value)), told(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: (folder / "rolls.yaml").write_text("a: 1\n"), "Did you mean “roles.yaml”?"),
        (
            lambda folder: (folder / "programmes").rename(folder / "programs"),
            "programs/: Nothing reads this folder. Did you mean “programmes”?",
        ),
        (lambda folder: (folder / "blueprint.yaml").unlink(), "There is no such file."),
        (lambda folder: (folder / "areas.csv").write_bytes(b""), "areas.csv: The file is empty."),
        (
            lambda folder: (folder / "areas.csv").write_bytes("code\nRégion".encode("latin-1")),
            "areas.csv, row 2, column 2: The file is not UTF-8",
        ),
        (
            lambda folder: (folder / "dictionary.yaml").write_text("variables: [\n"),
            "dictionary.yaml, row 2, column 1: This is not YAML",
        ),
    ],
)
@pytest.mark.django_db
def test_folder_that_is_not_whole_is_refused(
    folder: Path, make: Callable[[Path], Any], words: str
) -> None:
    make(folder)
    with pytest.raises(AmanaError) as caught:
        apply(folder)
    assert any(words in line for line in told(caught.value)), told(caught.value)


@pytest.mark.django_db
def test_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AmanaError, match="There is no folder"):
        apply(tmp_path / "nowhere")


@pytest.mark.django_db
def test_untranslated_texts_and_unread_variables_are_told(folder: Path) -> None:
    change(folder, "blueprint.yaml", "languages: [en]", "languages: [en, fr]")
    change(folder, "models/housing.yaml", "household.survey_walls == 'code_2'", "false")
    change(folder, "models/housing.yaml", "household.survey_walls == 'code_3'", "false")
    change(folder, "models/housing.yaml", "household.survey_walls == 'code_9'", "false")
    applied = apply(folder)
    assert "programmes/poorest-fifth.yaml, title: fr" in applied.untranslated
    assert "programmes/poorest-fifth.yaml, eligibility[1].says: fr" in applied.untranslated
    assert "roles.yaml, roles[1].title: fr" in applied.untranslated
    assert "variable survey_roof: fr" in applied.untranslated
    assert applied.changes.warnings == [
        "The variable “survey_walls” is asked for scoring and no rule reads it."
    ]


@pytest.mark.django_db
def test_one_who_may_not_apply_is_refused(folder: Path) -> None:
    from tests.making import make_actor

    actor = make_actor("clerk", ["places.view_areas"])
    with pytest.raises(AmanaError, match="Your roles do not let you"):
        exchange.apply_blueprint(actor=actor, folder=folder, at=AT, on=TODAY)
    assert not Role.objects.filter(code="approver").exists()


@pytest.mark.django_db
def test_command_line_answers_counts(folder: Path, amana_cli: Callable[..., Any]) -> None:
    first = amana_cli("apply", folder).data
    second = amana_cli("apply", folder).data
    assert first["created"] > 0
    assert (second["created"], second["changed"]) == (0, 0)
    assert second["unchanged"] == first["created"] + first["changed"] + first["unchanged"]
    change(folder, "areas.csv", "2,,", "2,2,")
    refused = amana_cli("apply", folder, expect=3).data["error"]
    assert refused["code"] == "AREA_OWN_PARENT"
    assert refused["where"] == {"file": "areas.csv", "row": 3, "field": "parent"}
