"""What an import makes of a file: people, households and facts; again, and later with changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from amana.access import sealing
from amana.access.models import AuditEvent, Run
from amana.identity import commands as identity
from amana.identity.models import Identifier, NoIdentifier
from amana.intake.commands import FormUnknown, FormVersionChanged, publish_form
from amana.intake.models import FileImport
from amana.kernel.errors import BadInput, NotPermitted
from amana.registry.models import (
    Account,
    Group,
    Membership,
    Person,
    PersonName,
    Phone,
    Residence,
    SourceKey,
    Submission,
    SubmissionSubject,
)
from tests.intake.ground import AT, bring, make_ground, publish
from tests.intake.making import CHILD, HEAD, TODAY, changed, flat_mapping, write_rows
from tests.making import make_actor

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = [
    "pid",
    "house",
    "role",
    "presence",
    "sex",
    "age",
    "name",
    "nid",
    "why",
    "phone",
    "pay",
    "acc",
    "reads",
    "area",
    "stay",
]
HOUSES = ["house", "kind", "ward", "roof", "rooms", "street", "seen"]


def two_files() -> dict[str, Any]:
    """A mapping of two files that uses every field there is."""
    return {
        "layout": "two-files",
        "collected_on": {"column": "seen"},
        "household": {
            "key": ["house"],
            "kind": {"column": "kind", "codes": {"h": "HOUSEHOLD", "i": "INSTITUTION"}},
            "area": "ward",
            "address": "street",
            "vars": {
                "roof_material": {"column": "roof", "codes": {"1": "metal", "2": "wood"}},
                "room_count": "rooms",
            },
        },
        "person": {
            "key": ["pid"],
            "role": "role",
            "presence": "presence",
            "sex": "sex",
            "birth": {"age": "age"},
            "name": "name",
            "area": "area",
            "residence": "stay",
            "identifiers": [{"scheme": "national-id", "column": "nid", "why_none": "why"}],
            "phone": "phone",
            "account": {"channel": "pay", "number": "acc"},
            "vars": {"literate": "reads"},
        },
    }


FIRST_HOUSES = ["A,h,W1,1,3,Main 1,2026-03-01", "B,i,W2,2,9,,2026-03-02"]
FIRST_PEOPLE = [
    "p1,A,HEAD,USUAL,FEMALE,40,Wanjiku Otieno,12-34 567,,0700 1,bank,ACC-1,yes,,",
    "p2,A,CHILD,USUAL,MALE,5,,,CHILD,,,,,,",
    "p3,A,CHILD,ABSENT,MALE,19,Tola,,,,,,no,,",
    "p4,B,RESIDENT,USUAL,FEMALE,70,Ada,,LOST,,,,,,",
    "p4,A,PARENT,PART,FEMALE,70,Ada,,LOST,,,,,,",
    "p5,,,,MALE,68,Bado,,,,,,yes,W2,NONE",
]


def write_two(folder: Path, houses: list[str], people: list[str], name: str = "c") -> Path:
    write_rows(folder / f"{name}.people.csv", people, PEOPLE)
    return write_rows(folder / f"{name}.csv", houses, HOUSES)


def find(external_id: str) -> Person:
    found = SourceKey.objects.get(external_id=external_id, person__isnull=False).person
    assert found is not None
    return found


def home(external_id: str) -> Group:
    found = SourceKey.objects.get(external_id=external_id, group__isnull=False).group
    assert found is not None
    return found


def open_memberships(person: Person) -> list[tuple[str, str, str, str]]:
    rows = Membership.objects.filter(person=person, valid_to__isnull=True).order_by("valid_from")
    keys = dict(
        SourceKey.objects.filter(group__isnull=False).values_list("group_id", "external_id")
    )
    return [(keys[m.group_id], m.role, m.presence, str(m.valid_from)) for m in rows]


def test_two_files_become_people_households_and_evidence(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    result = bring(actor, write_two(tmp_path, FIRST_HOUSES, FIRST_PEOPLE))
    assert (result.rows, result.rejected, result.households, result.people) == (8, 0, 2, 5)
    house = home("A")
    assert (house.kind, house.area.code, house.usual_count) == ("HOUSEHOLD", "W1", 2)
    assert house.facts == {"roof_material": "metal", "room_count": 3}
    assert str(house.facts_on) == "2026-03-01"
    assert home("B").kind == "INSTITUTION"
    residence = Residence.objects.get(group=house)
    assert (residence.address, residence.kind, residence.area.code) == ("Main 1", "FIXED", "W1")

    mother = find("p1")
    assert (mother.display_name, mother.sex, mother.birth_known) == (
        "Wanjiku Otieno",
        "FEMALE",
        "AGE",
    )
    assert mother.search_tokens == ["otieno", "wanjiku", "~OTN", "~WNJK"]
    assert (mother.group_id, mother.area_id, mother.facts) == (
        house.pk,
        house.area_id,
        {"literate": True},
    )
    number = Identifier.objects.get(person=mother)
    assert sealing.decrypt_text(number.number) == "12-34 567"
    assert bytes(number.number_hash) == sealing.keyed_hash("1234567", "national-id")
    account = Account.objects.get(person=mother)
    assert (account.channel, account.number_end) == ("bank", "CC-1")
    assert sealing.decrypt_text(account.number) == "ACC-1"
    assert bytes(account.number_hash) == sealing.keyed_hash("ACC1", "account:bank")
    assert bytes(Phone.objects.get(person=mother).number_hash) == sealing.keyed_hash(
        "07001", "phone"
    )

    newborn = find("p2")
    assert (newborn.display_name, newborn.search_tokens) == ("", [])
    assert NoIdentifier.objects.get(person=newborn).reason == "CHILD"
    assert find("p3").group_id is None
    assert open_memberships(find("p4")) == [
        ("A", "PARENT", "PART", "2026-03-01"),
        ("B", "RESIDENT", "USUAL", "2026-03-02"),
    ]
    assert find("p4").group_id == home("B").pk
    lonely = find("p5")
    assert (lonely.group_id, lonely.area.code, str(lonely.facts_on)) == (None, "W2", "2026-03-02")
    assert Residence.objects.get(person=lonely).kind == "NONE"

    assert Submission.objects.count() == 3
    sealed = Submission.objects.get(external_id="A")
    assert (sealed.form, sealed.source, sealed.run_id, sealed.legal_basis) == (
        "census",
        "census",
        result.run.pk,
        "Invented",
    )
    assert sealed.answers["household"]["roof_material"] == "metal"
    assert sealed.answers["members"]["p2"] == {
        "role": "CHILD",
        "presence": "USUAL",
        "sex": "MALE",
        "birth": ["2020-03-02", "2021-03-01", "AGE"],
    }
    personal = json.loads(sealing.decrypt_text(sealed.personal))
    assert personal["household"] == {"address": "Main 1"}
    assert personal["members"]["p1"] == {
        "name": "Wanjiku Otieno",
        "phone": "0700 1",
        "account": ["bank", "ACC-1"],
        "identifiers": {"national-id": "12-34 567"},
    }
    assert sealed.outcomes is None
    lines = SubmissionSubject.objects.filter(submission=sealed).values_list("line", flat=True)
    assert sorted(lines) == ["", "p1", "p2", "p3", "p4"]


def test_the_run_the_import_and_the_audit_trail_say_what_was_done(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    people = [*FIRST_PEOPLE, "p9,A,HEAD,USUAL,NEITHER,1,,,,,,,,,"]
    result = bring(actor, write_two(tmp_path, FIRST_HOUSES, people))
    run = Run.objects.get(pk=result.run.pk)
    assert (run.state, run.result["rejected"], run.params["file"]) == ("DONE", 1, "c.csv")
    kept = FileImport.objects.get(run=run)
    assert (kept.row_count, kept.accepted_count, kept.household_count) == (9, 8, 2)
    assert result.errors_file is not None
    assert "c.people.csv,8,sex,NEITHER,CODE_UNKNOWN" in result.errors_file.read_text()
    told = [e.command for e in AuditEvent.objects.order_by("id")][-3:]
    assert told == [
        "registry.record_evidence",
        "identity.record_identifiers",
        "intake.import_file",
    ]
    text = json.dumps(list(AuditEvent.objects.values("details", "subject")))
    assert "Wanjiku" not in text
    assert "12-34" not in text


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    path = write_two(tmp_path, FIRST_HOUSES, FIRST_PEOPLE)
    bring(actor, path)
    before = everything()
    again = bring(actor, path)
    assert again.accepted == 8
    assert (again.counts.households_unchanged, again.counts.people_unchanged) == (2, 5)
    assert again.counts.submissions == 0
    assert everything() == before


def everything() -> dict[str, list[Any]]:
    """Every row of what an import writes."""
    tables = (Submission, Group, Person, SourceKey, SubmissionSubject, Membership, Residence)
    tables += (Phone, Account, Identifier, NoIdentifier, PersonName)
    with connection.cursor() as cursor:
        found = {}
        for model in tables:
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY 1")
            found[model.__name__] = cursor.fetchall()
    return found


def test_a_later_file_writes_what_changed_and_nothing_else(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    bring(actor, write_two(tmp_path, FIRST_HOUSES, FIRST_PEOPLE))
    before = {p.pk: p.submission_id for p in Person.objects.all()}
    houses = ["A,h,W2,2,,Hill 9,2026-09-01", FIRST_HOUSES[1]]
    people = [
        # p1 has another name, no answer about reading, and a new account.
        "p1,A,HEAD,USUAL,FEMALE,41,Wanjiku Kamau,12-34 567,,0700 1,bank,ACC-2,,,",
        "p6,A,CHILD,USUAL,FEMALE,0,,,,,,,,,",
        "p5,B,RESIDENT,USUAL,MALE,68,Bado,,,,,,yes,W2,",
    ]
    counts = bring(actor, write_two(tmp_path, houses, people, "later")).counts
    assert (counts.households_changed, counts.households_unchanged) == (1, 1)
    assert (counts.people_new, counts.people_changed, counts.submissions) == (1, 2, 2)

    house = home("A")
    # The room count was not answered: it stays, with its own source and date.
    assert house.facts == {"roof_material": "wood", "room_count": 3}
    latest = Submission.objects.get(external_id="A", collected_on="2026-09-01")
    old = Submission.objects.get(external_id="A", collected_on="2026-03-01")
    assert (house.submission_id, str(house.facts_on)) == (latest.pk, "2026-09-01")
    assert house.provenance == {"room_count": [old.pk, "2026-03-01"]}
    assert (house.area.code, house.usual_count) == ("W2", 3)
    stays = Residence.objects.filter(group=house).order_by("valid_from")
    assert [(r.address, r.area.code, str(r.valid_to)) for r in stays] == [
        ("Main 1", "W1", "2026-09-01"),
        ("Hill 9", "W2", "None"),
    ]

    mother = find("p1")
    assert (mother.display_name, mother.facts) == ("Wanjiku Kamau", {"literate": True})
    assert mother.provenance == {"literate": [old.pk, "2026-03-01"]}
    assert {"otieno", "kamau"} <= set(mother.search_tokens)
    assert PersonName.objects.get(person=mother).full == "Wanjiku Otieno"
    assert str(mother.birth_latest) == "1985-09-01"
    assert mother.area.code == "W2"
    accounts = Account.objects.filter(person=mother).order_by("preference")
    assert [(a.number_end, a.preference) for a in accounts] == [("CC-1", 1), ("CC-2", 2)]
    assert Identifier.objects.filter(person=mother).count() == 1
    assert Phone.objects.filter(person=mother).count() == 1

    # p2 was not mentioned: silence is not evidence of leaving.
    assert open_memberships(find("p2")) == [("A", "CHILD", "USUAL", "2026-03-01")]
    assert find("p2").area.code == "W2"
    assert find("p2").submission_id == before[find("p2").pk]
    # p5 had no household, and now lives in the institution.
    assert open_memberships(find("p5")) == [("B", "RESIDENT", "USUAL", "2026-03-02")]
    assert find("p5").group_id == home("B").pk
    assert home("B").usual_count == 2
    assert find("p6").group_id == house.pk


def test_a_person_who_turns_up_elsewhere_moves(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    bring(actor, write_two(tmp_path, FIRST_HOUSES, FIRST_PEOPLE))
    houses = ["C,h,W2,1,1,,2026-06-01"]
    people = ["p1,C,HEAD,USUAL,FEMALE,40,Wanjiku Otieno,12-34 567,,0700 1,bank,ACC-1,yes,,"]
    bring(actor, write_two(tmp_path, houses, people, "later"))
    assert open_memberships(find("p1")) == [("C", "HEAD", "USUAL", "2026-06-01")]
    ended = Membership.objects.get(person=find("p1"), group=home("A"))
    assert (str(ended.valid_to), ended.ended_at) == ("2026-06-01", AT)
    assert (home("A").usual_count, home("C").usual_count) == (1, 1)
    assert (find("p1").group_id, find("p1").area.code) == (home("C").pk, "W2")


def test_older_evidence_fills_gaps_and_loses_where_newer_is_known(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    bring(actor, write_two(tmp_path, ["A,h,W1,1,,,2026-03-01"], FIRST_PEOPLE[:1]))
    houses = ["A,h,W2,2,4,,2025-03-01"]
    people = ["p1,A,SPOUSE,USUAL,MALE,30,Other Name,99,,,,,no,,"]
    counts = bring(actor, write_two(tmp_path, houses, people, "older")).counts
    assert (counts.households_changed, counts.people_changed, counts.submissions) == (1, 1, 1)
    house, mother = home("A"), find("p1")
    older = Submission.objects.get(collected_on="2025-03-01")
    assert house.facts == {"roof_material": "metal", "room_count": 4}
    assert house.provenance == {"room_count": [older.pk, "2025-03-01"]}
    assert (str(house.facts_on), house.area.code) == ("2026-03-01", "W1")
    assert (mother.display_name, mother.sex, mother.facts) == (
        "Wanjiku Otieno",
        "FEMALE",
        {"literate": True},
    )
    assert open_memberships(mother) == [("A", "HEAD", "USUAL", "2026-03-01")]
    lost = ["LOST", "newer evidence of 2026-03-01"]
    assert older.outcomes == {
        "": {"roof_material": lost},
        "p1": {"literate": lost, "sex": lost, "birth": lost, "name": lost},
    }


def test_answers_given_again_are_kept_as_confirmed(tmp_path: Path) -> None:
    actor = make_ground(two_files())
    bring(actor, write_two(tmp_path, ["A,h,W1,1,3,,2026-03-01"], FIRST_PEOPLE[:1]))
    bring(actor, write_two(tmp_path, ["A,h,W1,1,4,,2026-08-01"], FIRST_PEOPLE[:1], "later"))
    later = Submission.objects.get(collected_on="2026-08-01")
    assert later.outcomes == {
        "": {"roof_material": ["SAME", ""]},
        "p1": {"literate": ["SAME", ""]},
    }
    assert home("A").provenance is None
    assert str(find("p1").facts_on) == "2026-08-01"


def test_rows_without_a_date_of_interview_do_not_change_by_being_sent_later(tmp_path: Path) -> None:
    mapping = flat_mapping()
    del mapping["collected_on"]
    actor = make_ground(mapping)
    path = write_rows(tmp_path / "f.csv", [HEAD, CHILD])
    bring(actor, path)
    later = bring(actor, path, on=AT.date().replace(day=30), at=AT.replace(day=30))
    assert later.counts.submissions == 0


def test_refused_rows_go_in_once_they_are_mended(tmp_path: Path) -> None:
    actor = make_ground()
    bad = [HEAD, changed(CHILD, sex="9"), changed(HEAD, hh="h2", ward="W9")]
    first = bring(actor, write_rows(tmp_path / "f.csv", bad))
    assert (first.accepted, first.rejected, first.households) == (1, 2, 1)
    good = [HEAD, CHILD, changed(HEAD, hh="h2", ward="W2")]
    second = bring(actor, write_rows(tmp_path / "f.csv", good))
    assert second.errors_file is None
    assert (second.counts.people_new, second.counts.people_unchanged) == (2, 1)
    assert Group.objects.count() == 2
    assert home("h1").usual_count == 2


def test_a_refused_file_changes_nothing_and_its_run_says_why(tmp_path: Path) -> None:
    actor = make_ground()
    path = tmp_path / "f.csv"
    path.write_text("hh,line\n1,2\n")
    with pytest.raises(BadInput):
        bring(actor, path)
    run = Run.objects.get(kind="import")
    assert run.state == "FAILED"
    assert {each["code"] for each in run.error["errors"]} == {"COLUMN_MISSING"}
    assert Person.objects.count() == Submission.objects.count() == 0


def test_two_keys_of_one_merged_person_both_settle(tmp_path: Path) -> None:
    actor = make_ground()
    rows = [HEAD, changed(HEAD, hh="h2")]
    bring(actor, write_rows(tmp_path / "f.csv", rows))
    identity.merge_people(
        actor=actor, loser="census:h2:1", survivor="census:h1:1", reason="One", on=TODAY, at=AT
    )
    later = [changed(row, name="Tola Beru Ama") for row in rows]
    path = write_rows(tmp_path / "g.csv", later)
    assert bring(actor, path).counts.people_changed == 2
    assert bring(actor, path).counts.submissions == 0
    assert Person.objects.filter(survivor__isnull=True).get().display_name == "Tola Beru Ama"


def test_what_a_killed_import_left_on_disk_is_removed_by_the_next(tmp_path: Path) -> None:
    actor = make_ground()
    left = Path(settings.AMANA_HOME) / "work" / "import-999999999-x"
    left.mkdir(parents=True)
    bring(actor, write_rows(tmp_path / "f.csv", [HEAD]))
    assert not left.exists()


def test_an_actor_of_one_area_imports_only_there(tmp_path: Path) -> None:
    from amana.places.models import Area

    make_ground()
    local = make_actor("local", ["intake.import_file"], area=Area.objects.get(code="W1"))
    path = write_rows(tmp_path / "f.csv", [HEAD, changed(HEAD, hh="h2", ward="W2")])
    result = bring(local, path)
    assert (result.accepted, result.rejected) == (1, 1)
    assert result.errors_file is not None
    assert "AREA_UNKNOWN" in result.errors_file.read_text()


def test_an_actor_of_one_area_does_not_change_people_of_another(tmp_path: Path) -> None:
    from amana.places.models import Area

    actor = make_ground()
    bring(actor, write_rows(tmp_path / "f.csv", [changed(HEAD, ward="W2")]))
    local = make_actor("local", ["intake.import_file"], area=Area.objects.get(code="W1"))
    with pytest.raises(NotPermitted):
        bring(local, write_rows(tmp_path / "g.csv", [changed(HEAD, rooms="9")]))
    assert home("h1").facts["room_count"] == 3


def test_an_import_without_permission_is_refused(tmp_path: Path) -> None:
    make_ground()
    nobody = make_actor("nobody", ["registry.view_people"])
    with pytest.raises(NotPermitted):
        bring(nobody, write_rows(tmp_path / "f.csv", [HEAD]))


def test_an_unknown_form_is_refused_with_those_there_are(tmp_path: Path) -> None:
    actor = make_ground()
    with pytest.raises(FormUnknown) as told:
        bring(actor, write_rows(tmp_path / "f.csv", [HEAD]), form="censsus")
    assert "census" in told.value.mend


def test_a_published_version_of_a_form_is_never_altered() -> None:
    actor = make_ground()
    form = {"form": "f", "version": 1, "source": "s", "mapping": flat_mapping()}
    assert publish_form(actor=actor, definition=form, at=AT) == "created"
    assert publish_form(actor=actor, definition=form, at=AT) == "unchanged"
    with pytest.raises(FormVersionChanged) as told:
        publish_form(actor=actor, definition={**form, "source": "other"}, at=AT)
    assert told.value.where.field == "version"
    assert publish_form(actor=actor, definition={**form, "version": 2}, at=AT) == "changed"


def test_a_mapping_given_by_hand_takes_the_place_of_the_form_s(tmp_path: Path) -> None:
    actor = make_ground()
    publish(actor, flat_mapping(), form="other")
    own = tmp_path / "own.yaml"
    own.write_text(
        "layout: flat\nperson: {key: [name], sex: {column: sex, codes: {'2': FEMALE}}}\n"
    )
    result = bring(actor, write_rows(tmp_path / "f.csv", [HEAD]), mapping_path=own)
    assert (result.households, result.people) == (0, 1)
    assert find("Tola Beru").sex == "FEMALE"


def test_households_without_people_are_normal(tmp_path: Path) -> None:
    mapping = flat_mapping()
    del mapping["person"]
    actor = make_ground(mapping)
    result = bring(actor, write_rows(tmp_path / "f.csv", [HEAD]))
    assert (result.households, result.people, Group.objects.count()) == (1, 0, 1)
