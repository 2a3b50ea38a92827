"""Numbers and their verification; two records of one human."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from amana.access import sealing
from amana.identity import commands as identity
from amana.identity.models import DuplicatePair, Identifier, Merge, NoIdentifier
from amana.kernel.command import Actor
from amana.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from amana.registry import commands as registry
from amana.registry import queries
from amana.registry.models import Group, Membership, Person, SourceKey
from tests.making import make_actor, make_area

pytestmark = pytest.mark.django_db

ON = date(2026, 5, 1)
AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.fixture
def registrar() -> Actor:
    actor = make_actor("registrar")
    identity.apply_schemes(actor=actor, schemes=[{"code": "national-id", "issuer": "Registry"}])
    return actor


def make_person(**values: object) -> Person:
    person = Person.objects.create(registered_at=AT, **values)
    person.refresh_from_db()
    return person


def claim(actor: Actor, person: Person, number: str) -> Identifier:
    return identity.claim_number(
        actor=actor,
        person=str(person.reference),
        scheme="national-id",
        number=number,
        on=ON,
        at=AT,
    )


def verify(actor: Actor, row: Identifier) -> None:
    identity.verify_number(actor=actor, identifier_id=row.pk, verified_by="register", at=AT)


def test_schemes_are_applied_again_without_change(registrar: Actor) -> None:
    same = [{"code": "national-id", "issuer": "Registry"}]
    assert identity.apply_schemes(actor=registrar, schemes=same).counts() == {
        "created": 0,
        "changed": 0,
        "unchanged": 1,
    }
    other = [{"code": "national-id", "issuer": "Ministry"}]
    assert identity.apply_schemes(actor=registrar, schemes=other).changed == 1


def test_a_number_is_sealed_and_found_by_its_normal_form(registrar: Actor) -> None:
    person = make_person()
    NoIdentifier.objects.create(
        person=person,
        scheme=identity.IdentifierScheme.objects.get(),
        reason="LOST",
        recorded_at=AT,
    )
    row = claim(registrar, person, " 12-34 ab ")
    assert claim(registrar, person, "1234AB").pk == row.pk
    assert sealing.decrypt_text(row.number) == "12-34 ab"
    assert bytes(row.number_hash) == sealing.keyed_hash("1234AB", "national-id")
    assert not NoIdentifier.objects.exists()
    with pytest.raises(BadInput):
        claim(registrar, person, " - ")
    with pytest.raises(identity.SchemeUnknown):
        identity.claim_number(
            actor=registrar,
            person=str(person.reference),
            scheme="passport",
            number="1",
            on=ON,
            at=AT,
        )


def test_a_verified_number_belongs_to_one_human(registrar: Actor) -> None:
    one, other = make_person(), make_person()
    first, second = claim(registrar, one, "1"), claim(registrar, other, "1")
    verify(registrar, first)
    with pytest.raises(identity.NumberTaken) as told:
        verify(registrar, second)
    assert str(one.reference) in told.value.message
    identity.reject_number(actor=registrar, identifier_id=first.pk, reason="Typing mistake", at=AT)
    verify(registrar, second)
    second.refresh_from_db()
    assert (second.status, second.verified_by) == ("VERIFIED", "register")


def test_a_number_of_another_area_is_not_there(registrar: Actor) -> None:
    row = claim(registrar, make_person(area=make_area("W1")), "1")
    local = make_actor("local", ["identity.verify"], area=make_area("W2"))
    with pytest.raises(NotFound):
        verify(local, row)
    nobody = make_actor("nobody", ["registry.view_people"])
    with pytest.raises(NotPermitted):
        verify(nobody, row)


def make_household(actor: Actor, person: Person) -> Group:
    group = Group.objects.create(area=make_area(f"A{person.pk}"), registered_at=AT)
    group.refresh_from_db()
    registry.add_member(
        actor=actor,
        group=str(group.reference),
        person=str(person.reference),
        role="HEAD",
        presence="USUAL",
        on=ON,
        at=AT,
    )
    return group


def merge(actor: Actor, loser: Person, survivor: Person) -> Merge:
    return identity.merge_people(
        actor=actor,
        loser=str(loser.reference),
        survivor=str(survivor.reference),
        reason="The same woman",
        on=date(2026, 6, 1),
        at=LATER,
    )


def test_a_merge_leaves_one_who_speaks_and_unmerge_brings_the_other_back(
    registrar: Actor,
) -> None:
    gone, kept = make_person(display_name="Wanjiku"), make_person(display_name="Wangiku")
    SourceKey.objects.create(source="census", external_id="p1", person=gone)
    home = make_household(registrar, gone)
    make_household(registrar, kept)
    pair = identity.record_duplicate(
        actor=registrar, one=str(gone.reference), other=str(kept.reference), reason="name", at=AT
    )
    merge(registrar, gone, kept)
    home.refresh_from_db()
    gone.refresh_from_db()
    pair.refresh_from_db()
    assert (gone.survivor_id, gone.group_id, home.usual_count) == (kept.pk, None, 0)
    assert pair.state == DuplicatePair.State.MERGED
    assert queries.get_person(actor=registrar, reference=str(gone.reference)) == kept
    assert queries.get_person(actor=registrar, reference="census:p1") == kept
    assert list(queries.list_people(actor=registrar)) == [kept]

    identity.unmerge_person(
        actor=registrar, loser=str(gone.reference), on=date(2026, 7, 1), at=LATER
    )
    home.refresh_from_db()
    gone.refresh_from_db()
    assert (gone.survivor_id, gone.group_id, home.usual_count) == (None, home.pk, 1)
    assert Membership.objects.filter(person=gone, valid_to__isnull=True).count() == 1
    with pytest.raises(identity.NotMerged):
        identity.unmerge_person(
            actor=registrar, loser=str(gone.reference), on=date(2026, 7, 1), at=LATER
        )


def test_a_chain_of_merges_has_one_survivor(registrar: Actor) -> None:
    first, second, third = make_person(), make_person(), make_person()
    merge(registrar, first, second)
    merge(registrar, second, third)
    assert set(Person.objects.filter(survivor=third)) == {first, second}
    with pytest.raises(Conflict):
        merge(registrar, first, third)


def test_two_different_verified_numbers_are_two_humans(registrar: Actor) -> None:
    one, other = make_person(), make_person()
    for person, number in ((one, "1"), (other, "2")):
        verify(registrar, claim(registrar, person, number))
    with pytest.raises(identity.MergeRefused) as told:
        merge(registrar, one, other)
    assert "national-id" in told.value.message
