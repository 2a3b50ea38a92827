"""Corrections are new evidence, redaction leaves a tombstone, names meet in any spelling."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from amana.kernel.command import Actor
from amana.kernel.errors import BadInput, BadInputs, NotFound
from amana.places.models import Country
from amana.registry import commands as registry
from amana.registry import names, queries
from amana.registry.commands import facts
from amana.registry.dictionary import core_dictionary
from amana.registry.models import Group, Person, Submission, SubmissionSubject
from tests.making import make_actor, make_area

pytestmark = pytest.mark.django_db

ON = date(2026, 5, 1)
AT = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def steward() -> Actor:
    actor = make_actor("steward")
    Country.objects.create(
        id=1,
        blueprint="test",
        version="1",
        country="XX",
        currency="XTS",
        minor_digits=2,
        sha256="",
        applied_at=AT,
        applied_by="test",
    )
    registry.apply_dictionary(actor=actor, dictionary=core_dictionary())
    return actor


def make_submission(**values: object) -> Submission:
    given = {
        "form": "census",
        "form_version": "1",
        "source": "census",
        "channel": "file",
        "collected_on": date(2026, 1, 1),
        "received_at": AT,
        "answers": {"household": {"room_count": 3}},
        "personal": b"sealed",
        "sha256": b"h" * 32,
        "outcomes": {"": {"room_count": ["SAME", ""]}},
    }
    row = Submission.objects.create(**given | values)
    row.refresh_from_db()
    return row


def make_group() -> Group:
    told = make_submission()
    group = Group.objects.create(
        registered_at=AT,
        facts={"room_count": 3, "roof_material": "metal"},
        facts_on=date(2026, 1, 1),
        submission=told,
    )
    SubmissionSubject.objects.create(submission=told, group=group)
    group.refresh_from_db()
    return group


def correct(actor: Actor, reference: str, **values: str | None) -> Submission:
    return registry.correct_facts(
        actor=actor, reference=reference, values=values, reason="Seen at a visit.", on=ON, at=AT
    )


def test_a_correction_is_new_evidence_with_its_source_and_date(steward: Actor) -> None:
    group = make_group()
    told = correct(steward, str(group.reference), room_count="2", household_income_monthly="120.50")
    group.refresh_from_db()
    assert group.facts == {
        "room_count": 2,
        "roof_material": "metal",
        "household_income_monthly": 12050,
    }
    assert group.provenance == {
        "room_count": [told.pk, "2026-05-01"],
        "household_income_monthly": [told.pk, "2026-05-01"],
    }
    assert (told.author, told.channel) == ("steward", "correction")
    assert told.answers["household"]["reason"] == "Seen at a visit."
    found = {fact.code: fact for fact in queries.list_facts(subject=group, on=ON)}
    assert (found["room_count"].on, found["room_count"].source) == (ON, "amana")
    assert (found["roof_material"].on, found["roof_material"].source) == (
        date(2026, 1, 1),
        "census",
    )
    assert queries.list_evidence(subject=group)[0].submission == told


def test_what_is_not_known_after_all_is_taken_away(steward: Actor) -> None:
    group = make_group()
    correct(steward, str(group.reference), room_count=None)
    group.refresh_from_db()
    assert group.facts == {"roof_material": "metal"}


def test_wrong_values_are_told_together_and_nothing_is_written(steward: Actor) -> None:
    group = make_group()
    with pytest.raises(BadInputs) as told:
        correct(
            steward,
            str(group.reference),
            room_count="2.5",
            roof_material="gold",
            literate="yes",
            land_hectares="-1",
            electricity="perhaps",
        )
    assert [error.where.field for error in told.value.errors] == [
        "room_count",
        "roof_material",
        "literate",
        "land_hectares",
        "electricity",
    ]
    assert Submission.objects.count() == 1


def test_a_correction_of_the_past_does_not_undo_what_is_known_since(steward: Actor) -> None:
    group = make_group()
    with pytest.raises(facts.NewerEvidence):
        registry.correct_facts(
            actor=steward,
            reference=str(group.reference),
            values={"room_count": "9"},
            reason="Old paper.",
            on=date(2025, 1, 1),
            at=AT,
        )


def test_a_redacted_submission_leaves_its_hash_and_reason(steward: Actor) -> None:
    group = make_group()
    reference = str(group.submission.reference)
    with pytest.raises(BadInput):
        registry.redact_submission(actor=steward, reference=reference, reason=" ", at=AT)
    registry.redact_submission(
        actor=steward, reference=reference, reason="Asked by the person.", at=AT
    )
    row = Submission.objects.get()
    assert (row.answers, row.personal, row.outcomes) == (None, None, None)
    assert (bytes(row.sha256), row.redacted_reason) == (b"h" * 32, "Asked by the person.")
    with pytest.raises(facts.SubmissionRedacted):
        registry.redact_submission(actor=steward, reference=reference, reason="Again.", at=AT)


def test_a_submission_of_another_area_is_not_there(steward: Actor) -> None:
    group = make_group()
    group.area = make_area("W1")
    group.save()
    local = make_actor("local", ["registry.redact"], area=make_area("W2"))
    with pytest.raises(NotFound):
        registry.redact_submission(
            actor=local, reference=str(group.submission.reference), reason="No.", at=AT
        )


def test_the_database_seals_submissions(steward: Actor) -> None:
    make_submission()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_submission SET answers = '{}'")


@pytest.mark.parametrize("asked", ["Wanjiku", "wanjikũ", "Wangiku", "Otieno Wanjiku"])
def test_a_name_is_found_in_any_spelling_and_order(steward: Actor, asked: str) -> None:
    name = "Wanjikũ Otieno"
    Person.objects.create(registered_at=AT, display_name=name, search_tokens=names.tokens_of(name))
    Person.objects.create(
        registered_at=AT, display_name="Tola", search_tokens=names.tokens_of("Tola")
    )
    rows = queries.filter_by_name(queries.list_people(actor=steward), asked)
    assert [person.display_name for person in rows] == [name]


def test_the_tokens_of_a_column_are_those_of_each_name() -> None:
    given = ["Wanjikũ  Otieno", "O’Brien, Mary-Ann", "", None, "فاطمة", "Ng", "A"]
    with duckdb.connect() as duck:
        duck.execute("CREATE TABLE t (n VARCHAR)")
        duck.executemany("INSERT INTO t VALUES (?)", [[name] for name in given])
        names.tokenise(duck, "t", "n", "found")
        found = dict(duck.execute("SELECT place, tokens FROM found").fetchall())
    for place, name in enumerate(given):
        tokens = names.tokens_of(name) if name else []
        assert sorted(found.get(place, "{}").strip("{}").split(",")) == (tokens or [""])
