"""What programmes tell elsewhere: decisions of a household or person, work that waits, search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError
from amana.programmes import queries
from amana.programmes.models import Enrolment, Programme, TargetingRun
from amana.programmes.queries import enrolments as enrolled
from amana.registry import queries as registry
from amana.registry.models import Group, Person
from amana.web import providers
from amana.web.finding import Destination, finder
from amana.web.programmes import telling
from amana.web.words import in_language, say_number

VIEW_DECISIONS = "programmes.view_decisions"
MEMBERS_MAX = 30
Subject = Group | Person


def _programmes_for(actor: Actor, subject: Subject) -> list[Programme]:
    kind = subject.kind if isinstance(subject, Group) else Programme.Unit.PERSON
    rows = Programme.objects.filter(unit_kind=kind, external=False).order_by("code")
    return [
        row
        for row in rows
        if scope.allows(actor, VIEW_DECISIONS, programme=row.code, area_id=subject.area_id)
    ]


def _explained(programme: Programme, unit: Subject, on: date) -> queries.Explained | AmanaError:
    try:
        return queries.explain_unit(programme, unit, on=on)
    except AmanaError as error:
        return error


@providers.sentences(VIEW_DECISIONS, order=20)
def decided(actor: Actor, subject: Subject, on: date) -> Iterator[providers.Sentence]:
    """Say for each programme whether they are enrolled, else what was decided and why."""
    open_rows = list(enrolled.list_open_of(subject))
    for row in open_rows:
        unit = row.group or row.person
        if unit is None or not scope.allows(
            actor, VIEW_DECISIONS, programme=row.programme.code, area_id=row.area_id
        ):
            continue
        sentence, mark = telling.enrolled_sentence(row)
        if unit != subject:
            sentence = f"{telling.name_of(unit)}: {sentence}"
        yield providers.Sentence(
            about=in_language(row.programme.title),
            text=sentence,
            mark=mark,
            url=reverse("programmes:enrolment", args=[row.reference]),
            link=_("see"),
        )
    held = {row.programme_id for row in open_rows if (row.group or row.person) == subject}
    for programme in _programmes_for(actor, subject):
        if programme.pk in held:
            continue
        found = queries.explain_units(programme, [subject], on=on).get(subject.pk)
        if found is None:
            continue
        marks = {"eligible": "waits", "ineligible": "none", "undetermined": "unknown"}
        yield providers.Sentence(
            about=in_language(programme.title),
            text=found.sentence,
            mark=marks[found.outcome],
            url=reverse("programmes:decision", args=[programme.code, subject.reference]),
            link=_("why?"),
        )


@providers.tab(
    "decisions",
    _l("Decisions"),
    permission=VIEW_DECISIONS,
    order=30,
    template="programmes/tab_decisions.html",
)
def decisions(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Give every programme's decision about them, with the reasons, members included."""
    actor = request.actor  # type: ignore[attr-defined]
    today = clock.today()
    facts = {fact.code: fact for fact in registry.list_facts(subject=subject, on=today)}
    told = []
    for programme in _programmes_for(actor, subject):
        found = _explained(programme, subject, today)
        if isinstance(found, AmanaError):
            told.append(_not_judged(programme, found))
            continue
        told.append(
            {
                "title": in_language(programme.title),
                "url": reverse("programmes:decision", args=[programme.code, subject.reference]),
                "sentence": found.sentence,
                "mark": telling.VERDICT_MARKS[found.outcome],
                "criteria": telling.criterion_items(found, facts),
                "run": found.run.reference if found.run else "",
                "on": found.on,
            }
        )
    members = list(_of_members(actor, subject, today)) if isinstance(subject, Group) else []
    return {"decisions": told, "member_decisions": members}


def _of_members(actor: Actor, group: Group, on: date) -> Iterator[dict[str, Any]]:
    """Give a line for each member and programme that assists persons."""
    people = [
        membership.person
        for membership in registry.list_members(group=group)[:MEMBERS_MAX]
        if membership.presence in ("USUAL", "PART")
    ]
    told = {}
    for programme in Programme.objects.filter(
        unit_kind=Programme.Unit.PERSON, external=False
    ).order_by("code"):
        seen = [
            person
            for person in people
            if scope.allows(actor, VIEW_DECISIONS, programme=programme.code, area_id=person.area_id)
        ]
        told[programme] = queries.explain_units(programme, seen, on=on) if seen else {}
    for person in people:
        for programme, found in told.items():
            if person.pk in found:
                yield {
                    "who": telling.name_of(person),
                    "title": in_language(programme.title),
                    "url": reverse("programmes:decision", args=[programme.code, person.reference]),
                    "sentence": found[person.pk].sentence,
                    "mark": telling.VERDICT_MARKS[found[person.pk].outcome],
                }


def _not_judged(programme: Programme, error: AmanaError) -> dict[str, Any]:
    return {
        "title": in_language(programme.title),
        "url": reverse("programmes:programme", args=[programme.code]),
        "sentence": f"{error.message} {error.mend}".strip(),
        "mark": "waits",
        "criteria": [],
        "run": "",
        "on": None,
    }


@providers.work("programmes.approve_list")
def lists_to_approve(actor: Actor) -> Iterator[providers.Work]:
    """Say which lists wait for approval."""
    yield from _lists(
        actor,
        "programmes.approve_list",
        TargetingRun.State.ASSESSED,
        lambda n: ngettext("list waits for your approval", "lists wait for your approval", n),
    )


@providers.work("programmes.enrol_run")
def lists_to_enrol(actor: Actor) -> Iterator[providers.Work]:
    """Say which approved lists wait to be enrolled."""
    yield from _lists(
        actor,
        "programmes.enrol_run",
        TargetingRun.State.APPROVED,
        lambda n: ngettext(
            "approved list waits to be enrolled", "approved lists wait to be enrolled", n
        ),
    )


def _lists(actor: Actor, permission: str, state: str, words: Any) -> Iterator[providers.Work]:
    rows = list(
        scope.within_programmes(
            TargetingRun.objects.filter(state=state, selected_count__gt=0), actor, permission
        )
        .select_related("run", "programme")
        .order_by("assessed_at")
    )
    if not rows:
        return
    url = (
        reverse("programmes:run", args=[rows[0].reference])
        if len(rows) == 1
        else reverse("programmes:programmes")
    )
    yield providers.Work(
        count=len(rows), sentence=words(len(rows)), url=url, oldest_at=rows[0].assessed_at
    )


@providers.figures("programmes.view")
def enrolled_now(actor: Actor, on: date) -> Iterator[providers.Figure]:
    """Say how many are enrolled, and how many came in this month."""
    rows = enrolled.list_enrolments(actor=actor, permission="programmes.view")
    active = rows.filter(state=Enrolment.State.ACTIVE).count()
    new = rows.filter(active_from__gte=on.replace(day=1)).count()
    if active or new:
        yield providers.Figure(
            label=_("Enrolled"),
            value=say_number(active),
            url=reverse("programmes:programmes"),
            trend=_("%(n)s new this month") % {"n": say_number(new)},
        )


@finder(VIEW_DECISIONS)
def find(actor: Actor, text: str) -> Iterator[Destination]:
    """Find an enrolment by its reference, and a programme by its code."""
    reference = text.strip().upper()
    if reference.startswith("EN-"):
        row = enrolled.list_enrolments(actor=actor).filter(reference=reference).first()
        if row is not None:
            yield Destination(
                url=reverse("programmes:enrolment", args=[row.reference]),
                title=str(row.reference),
                words=telling.name_of(row.group or row.person),
                exact=True,
            )
    programme = queries.list_programmes(actor=actor).filter(code=text.strip().lower()).first()
    if programme is not None:
        yield Destination(
            url=reverse("programmes:programme", args=[programme.code]),
            title=in_language(programme.title),
            words=_("programme"),
        )
