"""Writes of identity: kinds of numbers, numbers and their verification, merge and unmerge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
from django.db import IntegrityError, transaction
from django.db.models import Q

from amana.access import scope, sealing
from amana.identity.models import (
    DuplicatePair,
    Identifier,
    IdentifierScheme,
    Merge,
    NoIdentifier,
)
from amana.kernel.changes import Changes
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, Conflict, NotFound
from amana.kernel.text_source import some
from amana.places.bulk import copy_arrow, cursor
from amana.registry import queries as registry
from amana.registry.commands import people as registry_people
from amana.registry.models import Person
from amana.registry.numbers import normalise, normalised_sql


class SchemeUnknown(NotFound):
    """No kind of identity number has this code."""

    code = "SCHEME_UNKNOWN"


class NumberTaken(Conflict):
    """Another human has this number, verified."""

    code = "NUMBER_TAKEN"


class MergeRefused(Conflict):
    """The two records cannot be one human as they stand."""

    code = "MERGE_REFUSED"


class NotMerged(Conflict):
    """The record is not merged into another."""

    code = "NOT_MERGED"


@command("identity.apply_schemes")
def apply_schemes(*, actor: Actor, schemes: Sequence[Mapping[str, Any]]) -> Changes:
    """Bring the kinds of identity numbers to what a blueprint says; none is ever taken away.

    Args:
        schemes: mappings with `code`, and perhaps `title` {language: text}, `issuer`, `check_with`
            (the name of a check of python-stdnum).
    """
    changes = Changes()
    known = {row.code: row for row in IdentifierScheme.objects.select_for_update()}
    for given in schemes:
        values = {
            "title": given.get("title") or {"": given["code"]},
            "issuer": given.get("issuer", ""),
            "check_with": given.get("check_with", ""),
        }
        row = known.get(given["code"])
        if row is None:
            known[given["code"]] = IdentifierScheme.objects.create(code=given["code"], **values)
            changes.add("identifier scheme", given["code"], "created")
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.save()
            changes.add("identifier scheme", given["code"], "changed")
        else:
            changes.add("identifier scheme", given["code"], "unchanged")
    details: dict[str, Any] = changes.counts()
    note(**details)
    return changes


@command("intake.import_file")  # part of that act; intake declares it
def record_identifiers(
    *,
    actor: Actor,
    duck: duckdb.DuckDBPyConnection,
    schemes: Sequence[tuple[str, str]],
    at: datetime,
) -> int:
    """Record the claimed numbers of a batch of evidence, and why there is none.

    Call it after `registry.record_evidence` in the same transaction.

    Args:
        duck: connection with `people` (number_<n>, why_<n> for each scheme) and `px`.
        schemes: code and issuer of each n.
        at: now.

    Returns:
        How many numbers were given by new and changed people; those already known stay as they are.
    """
    keys = dict(IdentifierScheme.objects.values_list("code", "pk"))
    count = 0
    for n, (scheme, issuer) in enumerate(schemes):
        if scheme not in keys:
            raise SchemeUnknown(
                f"There is no kind of identity number “{scheme}”.",
                mend=f"Kinds: {some(keys) or 'none yet'}.",
            )
        expression, params = sealing.keyed_hash_sql("$domain::VARCHAR", normalised_sql("number"))
        duck.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE numbers AS
            SELECT *, '\\x' || lower(hex({expression})) AS number_hash FROM (
                SELECT DISTINCT ON (x.id) x.id AS person_id, x.is_new, x.sid, p.collected_on,
                       p.number_{n} AS number
                FROM px x JOIN people p ON p."row" = x."row"
                WHERE x.differs AND p.number_{n} IS NOT NULL)
            """,
            {**params, "domain": scheme},
        )
        count += _write_numbers(duck, keys[scheme], issuer, at)
        _write_reasons(duck, n, keys[scheme], at)
    note(identifiers=count)
    return count


def _write_numbers(
    duck: duckdb.DuckDBPyConnection, scheme_id: int, issuer: str, at: datetime
) -> int:
    import pyarrow as pa

    given = duck.sql("SELECT person_id, number FROM numbers").to_arrow_table()
    if not given.num_rows:
        return 0
    duck.register(
        "sealed_numbers",
        pa.table(
            {
                "person_id": given["person_id"],
                "sealed": sealing.encrypt_column(given["number"]),
            }
        ),
    )
    rows = f"""
        SELECT n.person_id, {scheme_id}::BIGINT AS scheme_id,
               '{issuer.replace("'", "''")}' AS issuer, '\\x' || lower(hex(s.sealed)) AS number,
               n.number_hash, 'CLAIMED' AS status, '' AS verified_by,
               n.collected_on AS valid_from, '{at.isoformat()}' AS recorded_at,
               n.sid AS submission_id
        FROM numbers n JOIN sealed_numbers s ON s.person_id = n.person_id
        """
    _copy("identity_identifier", duck, f"{rows} WHERE n.is_new")
    with cursor() as cur:
        cur.execute(
            """
            CREATE TEMP TABLE IF NOT EXISTS batch_identifier (
                person_id bigint, scheme_id bigint, issuer text, number bytea, number_hash bytea,
                status text, verified_by text, valid_from date, recorded_at timestamptz,
                submission_id bigint) ON COMMIT DROP
            """
        )
        cur.execute("DELETE FROM batch_identifier")
    _copy("batch_identifier", duck, f"{rows} WHERE NOT n.is_new")
    with cursor() as cur:
        cur.execute(
            """
            INSERT INTO identity_identifier (person_id, scheme_id, issuer, number, number_hash,
                status, verified_by, valid_from, recorded_at, submission_id)
            SELECT * FROM batch_identifier ON CONFLICT DO NOTHING
            """
        )
    duck.unregister("sealed_numbers")
    return int(given.num_rows)


def _write_reasons(duck: duckdb.DuckDBPyConnection, n: int, scheme_id: int, at: datetime) -> None:
    rows = f"""
        SELECT DISTINCT ON (x.id) x.id AS person_id, {scheme_id}::BIGINT AS scheme_id,
               p.why_{n} AS reason, '{at.isoformat()}' AS recorded_at
        FROM px x JOIN people p ON p."row" = x."row"
        WHERE x.differs AND p.number_{n} IS NULL AND p.why_{n} IS NOT NULL
        """
    _copy("identity_noidentifier", duck, f"{rows} AND x.is_new")
    with cursor() as cur:
        cur.execute(
            """
            CREATE TEMP TABLE IF NOT EXISTS batch_reason (
                person_id bigint, scheme_id bigint, reason text, recorded_at timestamptz)
            ON COMMIT DROP
            """
        )
        cur.execute("DELETE FROM batch_reason")
    _copy("batch_reason", duck, f"{rows} AND NOT x.is_new")
    with cursor() as cur:
        cur.execute(
            """
            INSERT INTO identity_noidentifier (person_id, scheme_id, reason, recorded_at)
            SELECT * FROM batch_reason
            ON CONFLICT (person_id, scheme_id)
            DO UPDATE SET reason = excluded.reason, recorded_at = excluded.recorded_at
            """
        )


def _copy(target: str, duck: duckdb.DuckDBPyConnection, query: str) -> int:
    reader = duck.sql(query).to_arrow_reader(50_000)
    return copy_arrow(target, reader, columns=reader.schema.names)


@command("identity.verify")
def claim_number(
    *,
    actor: Actor,
    person: str,
    scheme: str,
    number: str,
    issuer: str = "",
    on: date,
    at: datetime,
) -> Identifier:
    """Record a number that a person claims; a number already recorded is given back as it is.

    Args:
        person: reference or `source:external-id`.
        on: since when it is valid, as far as known.
    """
    holder = registry.get_person(actor=actor, reference=person)
    scope.require(actor, "identity.verify", area_id=holder.area_id)
    kind = _get_scheme(scheme)
    if not normalise(number):
        raise BadInput("The number is empty.", mend="Give it, or record why there is none.")
    identifier, made = Identifier.objects.get_or_create(
        person=holder,
        scheme=kind,
        issuer=issuer,
        number_hash=sealing.keyed_hash(normalise(number), scheme),
        defaults={
            "number": sealing.encrypt_text(number.strip()),
            "valid_from": on,
            "recorded_at": at,
        },
    )
    if made:
        NoIdentifier.objects.filter(person=holder, scheme=kind).delete()
    note(subject=str(holder.reference), area_id=holder.area_id, scheme=scheme, made=made)
    return identifier


@command("identity.verify")
def verify_number(*, actor: Actor, identifier_id: int, verified_by: str, at: datetime) -> None:
    """Mark a number as verified.

    Args:
        verified_by: how: a register, or the document that was seen.

    Raises:
        NumberTaken: another human has it verified; the two become a duplicate pair to decide.
    """
    row = _get_identifier(actor, identifier_id)
    other = (
        Identifier.objects.filter(
            scheme=row.scheme,
            issuer=row.issuer,
            number_hash=row.number_hash,
            status=Identifier.Status.VERIFIED,
            valid_to__isnull=True,
        )
        .exclude(pk=row.pk)
        .select_related("person")
        .first()
    )
    if other is not None:
        raise NumberTaken(
            f"Another person ({other.person.reference}) has this number, verified.",
            mend="Decide first whether the two are one human: `record_duplicate`, then merge.",
        )
    row.status = Identifier.Status.VERIFIED
    row.verified_by = verified_by
    try:
        with transaction.atomic():
            row.save(update_fields=["status", "verified_by"])
    except IntegrityError:
        raise NumberTaken(
            "Somebody verified this number for another person just now.", mend="Look again."
        ) from None
    note(subject=str(row.person.reference), area_id=row.person.area_id, scheme=row.scheme.code)


@command("identity.verify")
def reject_number(*, actor: Actor, identifier_id: int, reason: str, at: datetime) -> None:
    """Mark a number as not this person's."""
    row = _get_identifier(actor, identifier_id)
    row.status = Identifier.Status.REJECTED
    row.verified_by = reason[:120]
    row.save(update_fields=["status", "verified_by"])
    note(subject=str(row.person.reference), area_id=row.person.area_id, scheme=row.scheme.code)


@command("identity.merge")
def record_duplicate(
    *, actor: Actor, one: str, other: str, reason: str, at: datetime
) -> DuplicatePair:
    """Note that two records may be one human; a pair already noted is given back."""
    people = sorted(
        (registry.get_person(actor=actor, reference=r) for r in (one, other)), key=lambda p: p.pk
    )
    if people[0].pk == people[1].pk:
        raise MergeRefused("This is one record, not two.", mend="Give two references.")
    pair, made = DuplicatePair.objects.get_or_create(
        person=people[0], other=people[1], defaults={"reason": reason[:40], "found_at": at}
    )
    note(subject=str(people[0].reference), made=made)
    return pair


@command("identity.merge")
def merge_people(
    *, actor: Actor, loser: str, survivor: str, reason: str, on: date, at: datetime
) -> Merge:
    """Make one human of two records: the loser's row points to the survivor's from now on.

    Nothing is destroyed: the loser keeps its facts, evidence and keys, and unmerge brings it back.
    Its open memberships end, so that nobody is counted twice.

    Raises:
        MergeRefused: the same record, or both have a verified number of one scheme that differs.
    """
    gone = registry.get_person(actor=actor, reference=loser)
    kept = registry.get_person(actor=actor, reference=survivor)
    if gone.pk == kept.pk:
        raise MergeRefused("This is one record, not two.", mend="Give two references.")
    for person in (gone, kept):
        scope.require(actor, "identity.merge", area_id=person.area_id)
    _refuse_two_numbers(gone, kept)
    registry_people.point_to_survivor(actor=actor, loser=gone, survivor=kept, on=on, at=at)
    merge = Merge.objects.create(
        loser=gone, survivor=kept, by=actor.username, at=at, reason=reason[:300]
    )
    DuplicatePair.objects.filter(Q(person=gone, other=kept) | Q(person=kept, other=gone)).update(
        state=DuplicatePair.State.MERGED, decided_by=actor.username, decided_at=at
    )
    note(subject=str(kept.reference), area_id=kept.area_id, loser=str(gone.reference))
    return merge


@command("identity.merge")
def unmerge_person(*, actor: Actor, loser: str, at: datetime, on: date) -> Person:
    """Undo a merge: the loser is a person again, in the groups the merge took them out of.

    Raises:
        NotFound, NotMerged: there is no such person, or they are not merged.
    """
    row = registry_people.find_row(reference=loser)
    merge = (
        Merge.objects.filter(loser=row, undone_at__isnull=True).select_related("survivor").first()
        if row is not None
        else None
    )
    if row is None or merge is None:
        raise NotMerged(f"{loser} is not merged into another person.", mend="Check the reference.")
    scope.require(actor, "identity.merge", area_id=merge.survivor.area_id)
    registry_people.release_from_survivor(actor=actor, loser=row, merged_at=merge.at, on=on, at=at)
    merge.undone_by, merge.undone_at = actor.username, at
    merge.save(update_fields=["undone_by", "undone_at"])
    note(subject=str(row.reference), area_id=row.area_id)
    return row


def _refuse_two_numbers(gone: Person, kept: Person) -> None:
    verified = Identifier.objects.filter(
        person__in=[gone, kept], status=Identifier.Status.VERIFIED, valid_to__isnull=True
    ).select_related("scheme")
    found: dict[tuple[str, str], set[bytes]] = {}
    for row in verified:
        found.setdefault((row.scheme.code, row.issuer), set()).add(bytes(row.number_hash))
    for (scheme, _), numbers in found.items():
        if len(numbers) > 1:
            raise MergeRefused(
                f"Each has a verified number of the kind “{scheme}”, and the two differ.",
                mend="Reject one of the numbers first, if it is wrong.",
            )


def _get_scheme(code: str) -> IdentifierScheme:
    found = IdentifierScheme.objects.filter(code=code).first()
    if found is None:
        known = IdentifierScheme.objects.values_list("code", flat=True)
        raise SchemeUnknown(
            f"There is no kind of identity number “{code}”.", mend=f"Kinds: {some(known)}."
        )
    return found


def _get_identifier(actor: Actor, identifier_id: int) -> Identifier:
    row = (
        Identifier.objects.select_for_update(of=("self",))
        .select_related("person", "scheme")
        .filter(pk=identifier_id)
        .first()
    )
    if row is None or not scope.allows(actor, "identity.verify", area_id=row.person.area_id):
        raise NotFound("There is no such number in your areas.", mend="Open the person's page.")
    return row
