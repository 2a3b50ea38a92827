"""What the registry tells: tabs and first sentences of a household or person, search, figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import queries as access
from amana.access import scope
from amana.identity.models import Identifier, NoIdentifier
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.places.queries import find_country
from amana.registry import queries
from amana.registry.models import Group, Person
from amana.web import providers
from amana.web.finding import LIMIT, Destination, finder
from amana.web.registry import facts as reading
from amana.web.words import in_language, say_age, say_date, say_number

Subject = Group | Person


@providers.sentences(queries.VIEW, order=5)
def death(actor: Actor, subject: Subject, on: date) -> Iterator[providers.Sentence]:
    """Say that a death was reported or verified."""
    if not isinstance(subject, Person) or not subject.death_status:
        return
    verified = subject.death_status == Person.DeathStatus.VERIFIED
    yield providers.Sentence(
        about=_("Death"),
        text=_("The death is verified.")
        if verified
        else _("A death was reported and is not verified: payments are held until it is."),
        mark="harm" if verified else "waits",
    )


@providers.sentences(queries.VIEW, order=90)
def stale_facts(actor: Actor, subject: Subject, on: date) -> Iterator[providers.Sentence]:
    """Say which facts are too old to rely on."""
    stale = [fact for fact in queries.list_facts(subject=subject, on=on) if fact.is_stale]
    if not stale:
        return
    names = ", ".join(
        (in_language(fact.variable.title) if fact.variable else "") or fact.code
        for fact in stale[:6]
    )
    more = " …" if len(stale) > 6 else ""
    text = ngettext(
        "%(n)s fact is stale: %(names)s.", "%(n)s facts are stale: %(names)s.", len(stale)
    ) % {"n": say_number(len(stale)), "names": names + more}
    kind = "household" if isinstance(subject, Group) else "person"
    yield providers.Sentence(
        about=_("Facts"),
        text=text,
        mark="waits",
        url=reverse(f"registry:{kind}-tab", args=[subject.reference, "facts"]),
        link=_("see which"),
    )


@providers.tab(
    "members",
    _l("Members"),
    permission=queries.VIEW,
    order=10,
    template="registry/tab_members.html",
    subjects=("household",),
)
def members(request: HttpRequest, subject: Group) -> dict[str, Any]:
    """Give who lives in the household."""
    roles = queries.list_roles()
    order = {code: place for place, code in enumerate(roles)}
    on = clock.today()
    rows = sorted(
        queries.list_members(group=subject),
        key=lambda row: (order.get(row.role, len(order)), row.pk),
    )
    return {
        "members": [
            {
                "membership": row,
                "person": row.person,
                "name": reading.name_of_person(row.person),
                "role": reading.role_words(row, roles),
                "sex": reading.SEXES.get(row.person.sex, ""),
                "age": say_age(row.person.birth_earliest, row.person.birth_latest, on),
                "presence": reading.PRESENCES.get(row.presence, ""),
            }
            for row in rows
        ]
    }


@providers.tab(
    "about",
    _l("About"),
    permission=queries.VIEW,
    order=10,
    template="registry/tab_about.html",
    subjects=("person",),
)
def about(request: HttpRequest, subject: Person) -> dict[str, Any]:
    """Give birth, numbers, households and accounts of a person."""
    actor = request.actor  # type: ignore[attr-defined]
    roles = queries.list_roles()
    identifiers = Identifier.objects.filter(person=subject).select_related("scheme").order_by("id")
    return {
        "birth": reading.say_birth(subject),
        "sex": reading.SEXES.get(subject.sex, ""),
        "names": subject.names.order_by("id"),
        "memberships": [
            {
                "row": row,
                "name": reading.name_of_group(row.group),
                "role": reading.role_words(row, roles),
                "presence": reading.PRESENCES.get(row.presence, ""),
            }
            for row in queries.list_memberships(person=subject)
        ],
        "may_see_numbers": scope.holds(actor, "identity.view_identifiers"),
        "identifiers": identifiers,
        "no_identifiers": NoIdentifier.objects.filter(person=subject).select_related("scheme"),
        "accounts": queries.list_accounts(person=subject),
        "relationships": queries.list_relationships(person=subject),
        "source_keys": queries.list_source_keys(subject=subject),
    }


@providers.tab(
    "facts", _l("Facts"), permission=queries.VIEW, order=20, template="registry/tab_facts.html"
)
def facts(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Give what is known, each fact with its source and date."""
    country = find_country()
    found = queries.list_facts(subject=subject, on=clock.today())
    return {"facts": [reading.fact_line(fact, country) for fact in found]}


@providers.tab(
    "evidence",
    _l("Evidence"),
    permission=queries.VIEW,
    order=50,
    template="registry/tab_evidence.html",
)
def evidence(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Give the submissions about it, and what became of their answers."""
    entries = list(queries.list_evidence(subject=subject)[:50])
    outcomes = {
        entry.pk: (entry.submission.outcomes or {}).get(entry.line) or {} for entry in entries
    }
    titles = queries.variable_titles(code for found in outcomes.values() for code in found)
    rows = []
    for entry in entries:
        found = outcomes[entry.pk]
        rows.append(
            {
                "submission": entry.submission,
                "redacted": entry.submission.redacted_at,
                "same_count": sum(1 for parts in found.values() if parts[0] == "SAME"),
                "lost": [
                    {
                        "title": in_language(titles.get(code)) or code,
                        "reason": parts[1] if parts[1:] else "",
                    }
                    for code, parts in found.items()
                    if parts[0] == "LOST"
                ],
            }
        )
    return {"evidence": rows, "source_keys": queries.list_source_keys(subject=subject)}


@providers.tab(
    "history",
    _l("History"),
    permission=queries.VIEW,
    order=60,
    template="registry/tab_history.html",
)
def history(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Give what happened to it, newest first: evidence taken, people come and gone, acts."""
    actor = request.actor  # type: ignore[attr-defined]
    events = [
        {
            "at": entry.submission.received_at,
            "text": _("Told through %(channel)s (form %(form)s), collected on %(day)s")
            % {
                "channel": entry.submission.channel,
                "form": entry.submission.form,
                "day": say_date(entry.submission.collected_on),
            },
            "by": entry.submission.author,
            "note": entry.submission.reference,
        }
        for entry in queries.list_evidence(subject=subject)[:50]
    ]
    events.append({"at": subject.registered_at, "text": _("Registered")})
    if scope.holds(actor, "access.view_audit"):
        acts = access.list_audit_events(actor=actor).filter(subject=subject.reference)
        events += [
            {
                "at": act.at,
                "text": act.command,
                "by": act.username,
                "url": reverse("access:event", args=[act.pk]),
            }
            for act in acts.order_by("-id")[:50]
        ]
    return {"events": sorted(events, key=lambda event: event["at"], reverse=True)}


@finder(queries.VIEW)
def find_people(actor: Actor, words: str) -> Iterator[Destination]:
    """Find households and people by reference, source key or name."""
    named = queries.find_by_words(actor=actor, words=words)
    if named is not None:
        kind = "household" if isinstance(named, Group) else "person"
        url = reverse(f"registry:{kind}", args=[named.reference])
        yield Destination(url=url, title=str(named.reference), exact=True)
        return
    on = clock.today()
    rows = queries.filter_by_name(queries.list_people(actor=actor), words)
    for person in rows.select_related("area__parent")[:LIMIT]:
        age = say_age(person.birth_earliest, person.birth_latest, on)
        parts = [
            reading.name_of_person(person),
            _("age %(age)s") % {"age": age},
            reading.place_of(person.area),
            _("household %(hh)s") % {"hh": person.group.reference} if person.group else "",
        ]
        yield Destination(
            url=reverse("registry:person", args=[person.reference]),
            title=str(person.reference),
            words=" · ".join(part for part in parts if part),
        )


@providers.work("registry.record_death")
def reported_deaths(actor: Actor) -> Iterator[providers.Work]:
    """Say how many reported deaths wait to be verified."""
    rows = queries.list_people(actor=actor, permission="registry.record_death").filter(
        death_status=Person.DeathStatus.REPORTED
    )
    count = rows.count()
    yield providers.Work(
        count=count,
        sentence=ngettext(
            "reported death waits to be verified; payments are held",
            "reported deaths wait to be verified; payments are held",
            count,
        ),
        url=reverse("registry:people") + "?death=REPORTED",
        oldest_at=queries.find_oldest_reported_death(rows),
    )


@providers.figures(queries.VIEW)
def registered(actor: Actor, on: date) -> Iterator[providers.Figure]:
    """Give how many households there are, and how many of them came this month."""
    rows = queries.list_groups(actor=actor).order_by()
    first = on.replace(day=1)
    new = rows.filter(registered_at__date__gte=first).count()
    trend = ngettext("%(n)s new this month", "%(n)s new this month", new) % {"n": say_number(new)}
    yield providers.Figure(
        label=_("Households in your areas"),
        value=say_number(rows.count()),
        url=reverse("registry:households"),
        trend=trend,
    )
