"""Correcting facts by new evidence, and redacting evidence that must not be kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from amana.access import scope
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, BadInputs, Conflict, NotFound, Where
from amana.kernel.text_source import nearest
from amana.places.country import get_country
from amana.registry import queries
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Person, Submission, SubmissionSubject
from amana.registry.values import FactValue, ValueRefused, read_value

CORRECT: Final = "registry.correct_facts"
#: Source and form of what is written by hand.
BY_HAND: Final = "amana"


class NewerEvidence(Conflict):
    """Something later is known than what was given."""

    code = "NEWER_EVIDENCE"


class SubmissionRedacted(Conflict):
    """The submission was redacted before."""

    code = "SUBMISSION_REDACTED"


@command(CORRECT)
def correct_facts(
    *,
    actor: Actor,
    reference: str,
    values: Mapping[str, str | None],
    reason: str,
    on: date,
    at: datetime,
) -> Submission:
    """Correct what is known of a household or person: new evidence, given by the actor.

    Nothing is overwritten unseen: what was known stays in its own submission.

    Args:
        reference: of a group or person, or `source:external-id`.
        values: variable → value as people write it; None says that it is not known after all.
        reason: why, in words; kept with the evidence.
        on: the day from which the new values are true.

    Raises:
        NotFound, BadInputs, NewerEvidence.
    """
    subject = _get_subject(actor, reference)
    scope.require(actor, CORRECT, area_id=subject.area_id)
    grain = "household" if isinstance(subject, Group) else "person"
    read = _read_values(values, grain)
    if not reason.strip():
        raise BadInput(
            "A correction needs a reason.",
            where=Where(field="reason"),
            mend="Say how you know: a visit, a document, what the person told.",
        )
    _refuse_newer(subject, read, on)
    line = "" if grain == "household" else str(subject.reference)
    said = {**read, "reason": reason.strip()}
    answers = {"household": said} if grain == "household" else {"members": {line: said}}
    submission = Submission.objects.create(
        form="correction",
        form_version="1",
        source=BY_HAND,
        channel="correction",
        author=actor.username,
        collected_on=on,
        received_at=at,
        answers=answers,
        sha256=hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).digest(),
    )
    SubmissionSubject.objects.create(
        submission=submission,
        line=line,
        group=subject if isinstance(subject, Group) else None,
        person=subject if isinstance(subject, Person) else None,
    )
    provenance: dict[str, Any] = dict(subject.provenance or {})
    for code, value in read.items():
        provenance.pop(code, None)
        if value is None:
            subject.facts.pop(code, None)
        else:
            subject.facts[code] = value
            provenance[code] = [submission.pk, on.isoformat()]
    subject.provenance = provenance or None
    subject.save(update_fields=["facts", "provenance"])
    note(
        subject=str(subject.reference),
        area_id=subject.area_id,
        submission=str(submission.reference),
        variables=sorted(read),
    )
    return submission


@command("registry.redact")
def redact_submission(*, actor: Actor, reference: str, reason: str, at: datetime) -> Submission:
    """Empty a submission, for ever: what was told goes, a tombstone with its hash and reason stays.

    The facts that came from it stay what they are; correct them when they must go too.

    Raises:
        NotFound: there is none about people in the actor's areas.
        SubmissionRedacted: it was redacted before.
    """
    row = Submission.objects.select_for_update().filter(reference=reference.strip().upper()).first()
    subjects = list(row.subjects.select_related("group", "person")) if row is not None else []
    about = [subject.group or subject.person for subject in subjects]
    areas = [one.area_id for one in about if one is not None]
    if row is None or not all(
        scope.allows(actor, "registry.redact", area_id=area_id) for area_id in areas
    ):
        raise NotFound(f"There is no submission {reference} in your areas.", mend="Read it again.")
    if row.redacted_at is not None:
        raise SubmissionRedacted(
            f"{row.reference} was redacted on {row.redacted_at:%Y-%m-%d}.", mend="Nothing is left."
        )
    if not reason.strip():
        raise BadInput(
            "A redaction needs a reason.",
            where=Where(field="reason"),
            mend="Name the request or the law.",
        )
    row.answers, row.personal, row.outcomes = None, None, None
    row.author = ""
    row.redacted_at, row.redacted_reason = at, reason.strip()[:300]
    row.save(
        update_fields=[
            "answers",
            "personal",
            "outcomes",
            "author",
            "redacted_at",
            "redacted_reason",
        ]
    )
    note(subject=str(row.reference), digest=bytes(row.sha256).hex())
    return row


def _get_subject(actor: Actor, reference: str) -> Group | Person:
    found = queries.find_by_words(actor=actor, words=reference)
    if found is None:
        raise NotFound(
            f"There is no household or person {reference} in your areas.",
            mend="Read the reference again.",
        )
    table: Any = type(found)
    locked: Group | Person = table.objects.select_for_update(of=("self",)).get(pk=found.pk)
    return locked


def _read_values(values: Mapping[str, str | None], grain: str) -> dict[str, FactValue | None]:
    """Read every value, telling all mistakes at once."""
    dictionary, digits = get_dictionary(), get_country().minor_digits
    read: dict[str, FactValue | None] = {}
    errors: list[BadInput] = []
    for code, text in values.items():
        variable = dictionary.variables.get(code)
        if variable is None or variable.of != grain or not variable.is_simple:
            known = [v.code for v in dictionary.of(grain) if v.is_simple]
            errors.append(
                ValueRefused(
                    f"“{code}” is not a variable of a {grain} with one value.",
                    where=Where(field=code),
                    mend=nearest(code, known) or "See the dictionary.",
                )
            )
            continue
        try:
            empty = text is None or not text.strip()
            read[code] = (
                None if empty else read_value(str(text), variable, dictionary, minor_digits=digits)
            )
        except ValueRefused as error:
            errors.append(error)
    if not values:
        errors.append(ValueRefused("Nothing was corrected.", mend="Give at least one value."))
    if errors:
        raise BadInputs("Some values do not fit.", errors)
    return read


def _refuse_newer(subject: Group | Person, read: Mapping[str, FactValue | None], on: date) -> None:
    for code in read:
        entry = (subject.provenance or {}).get(code)
        known_on = date.fromisoformat(entry[1]) if entry and entry[1] else subject.facts_on
        if code in subject.facts and known_on is not None and known_on > on:
            raise NewerEvidence(
                f"{code} is known as of {known_on}, later than {on}.",
                where=Where(field=code),
                mend=f"Give {known_on} or a later day, if the correction holds now.",
            )
