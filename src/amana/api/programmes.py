"""Programmes, targeting runs, decisions and enrolments, over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from amana.api.access import allows
from amana.api.pages import Page, page_of
from amana.kernel import clock
from amana.programmes import commands, queries
from amana.programmes.models import Enrolment, Programme, TargetingRun
from amana.programmes.queries import enrolments as enrolled
from amana.programmes.queries import results

router = Router(tags=["Programmes"])


class TargetIn(Schema):
    """What to target: the snapshot's reference, or the latest one."""

    snapshot: str | None = None


class ApplicationIn(Schema):
    """Who applies (reference or source:external-id), for what (none: everything), when."""

    reference: str
    programmes: list[str] = []
    received_on: date


class MoveIn(Schema):
    """Why an enrolment is suspended or closed, and what the people were told, and when."""

    reason: str
    notice: str
    notice_on: date


class ReasonIn(Schema):
    """Why an enrolment is reinstated."""

    reason: str
    words: str = ""


class RecipientIn(Schema):
    """Who collects from a day on: a person's reference, or an organisation's code."""

    relation: str
    person: str | None = None
    organisation: str | None = None
    proof: str = ""


def programme_as_dict(row: Programme) -> dict[str, Any]:
    """Give a programme as the API shows it."""
    version = queries.find_version(row, clock.today())
    return {
        "programme": row.code,
        "title": row.title,
        "agency": row.agency,
        "assists": row.unit_kind.lower(),
        "external": row.external,
        "version": version.version if version else None,
    }


def run_as_dict(row: TargetingRun) -> dict[str, Any]:
    """Give a targeting run as the API shows it."""
    return {
        "run": row.reference,
        "programme": row.programme.code,
        "version": row.version.version,
        "snapshot": str(row.snapshot.reference),
        "state": row.state,
        "on": row.on.isoformat(),
        "seed": row.seed,
        "assessed": row.assessed_count,
        "eligible": row.eligible_count,
        "ineligible": row.ineligible_count,
        "undetermined": row.undetermined_count,
        "selected": row.selected_count,
        "results_sha256": row.results_sha256,
        "assessed_by": row.assessed_by,
        "approved_by": row.approved_by or None,
    }


def enrolment_as_dict(row: Enrolment) -> dict[str, Any]:
    """Give an enrolment as the API shows it."""
    unit = row.group or row.person
    return {
        "enrolment": str(row.reference),
        "programme": row.programme.code,
        "reference": str(unit.reference) if unit else None,
        "state": row.state,
        "since": row.since.isoformat(),
        "active_from": row.active_from.isoformat() if row.active_from else None,
        "exited_on": row.exited_on.isoformat() if row.exited_on else None,
        "reason": row.reason,
        "area": row.area.code if row.area else None,
    }


@router.get("/programmes", response=Page)
@allows("programmes.view")
def list_programmes(
    request: HttpRequest, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List programmes."""
    rows = queries.list_programmes(actor=request.actor)  # type: ignore[attr-defined]
    return page_of(rows, render=programme_as_dict, cursor=cursor, limit=limit)


@router.get("/programmes/{code}")
@allows("programmes.view")
def get_programme(request: HttpRequest, code: str) -> dict[str, Any]:
    """Give a programme with the definition in force today."""
    actor = request.actor  # type: ignore[attr-defined]
    row = enrolled.get_programme_for(actor=actor, code=code)
    version = queries.find_version(row, clock.today())
    return {**programme_as_dict(row), "definition": version.definition if version else None}


@router.post("/programmes/{code}/target")
@allows("programmes.target_programme")
def target(request: HttpRequest, code: str, body: TargetIn) -> dict[str, Any]:
    """Judge everybody for a programme; nobody is enrolled by it."""
    row = commands.target_programme(
        actor=request.actor,  # type: ignore[attr-defined]
        programme=code,
        snapshot=body.snapshot,
        on=clock.today(),
        at=clock.now(),
    )
    return run_as_dict(row)


@router.get("/programmes/{code}/decisions/{reference}")
@allows("programmes.view_decisions")
def explain(request: HttpRequest, code: str, reference: str, now: bool = False) -> dict[str, Any]:
    """Say what was decided about a household or person, and why; `now` judges it anew."""
    actor = request.actor  # type: ignore[attr-defined]
    if now:
        row = enrolled.get_programme_for(actor=actor, code=code)
        unit = enrolled.get_unit_for(actor=actor, programme=row, reference=reference)
        return queries.evaluate_live(row, unit, on=clock.today()).as_dict()
    return queries.explain(
        actor=actor, programme=code, reference=reference, on=clock.today()
    ).as_dict()


@router.get("/targeting-runs", response=Page)
@allows("programmes.view")
def list_runs(
    request: HttpRequest, programme: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List targeting runs, perhaps of one programme."""
    rows = enrolled.list_runs(actor=request.actor)  # type: ignore[attr-defined]
    if programme:
        rows = rows.filter(programme__code=programme)
    return page_of(rows, render=run_as_dict, cursor=cursor, limit=limit)


@router.get("/targeting-runs/{reference}")
@allows("programmes.view")
def get_run(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give a targeting run with how each criterion came out and what would settle the rest."""
    actor = request.actor  # type: ignore[attr-defined]
    row = enrolled.get_run_for(actor=actor, reference=reference)
    return {
        **run_as_dict(row),
        "criteria": [
            {"id": c.id, "says": c.says, "met": c.met, "failed": c.failed, "unknown": c.unknown}
            for c in results.count_criteria(row)
        ],
        "missing": [{"name": name, "units": count} for name, count in results.count_missing(row)],
    }


@router.get("/targeting-runs/{reference}/results", response=Page)
@allows("programmes.view_decisions")
def list_results(
    request: HttpRequest,
    reference: str,
    outcome: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List the units of a run: the selected first, then by rank."""
    actor = request.actor  # type: ignore[attr-defined]
    row = enrolled.get_run_for(actor=actor, reference=reference)
    offset = int(cursor) if cursor and cursor.isdigit() else 0
    size = max(1, min(limit, results.PAGE_ROWS_MAX))
    count, rows = results.page(
        row, actor=actor, where=results.Filter(outcome=outcome), offset=offset, limit=size
    )
    return {
        "items": [_result_as_dict(one) for one in rows],
        "next_cursor": str(offset + size) if offset + size < count else None,
    }


def _result_as_dict(row: dict[str, Any]) -> dict[str, Any]:
    words = {True: "met", False: "failed", None: "unknown"}
    return {
        "reference": row["reference"],
        "external_id": row["external_id"],
        "outcome": row["outcome"],
        "criteria": {
            name.removeprefix("c_"): words[value]
            for name, value in row.items()
            if name.startswith("c_")
        },
        "missing": list(row["missing"] or ()),
        "score": None if row["score"] is None else float(row["score"]),
        "rank": row["rank"],
        "rank_of": row["rank_of"],
        "selected": row["selected"],
    }


@router.post("/targeting-runs/{reference}/approve")
@allows("programmes.approve_list")
def approve(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Approve the list of a run, so that it can be enrolled."""
    actor = request.actor  # type: ignore[attr-defined]
    return run_as_dict(commands.approve_list(actor=actor, run=reference, at=clock.now()))


@router.post("/targeting-runs/{reference}/enrol")
@allows("programmes.enrol_run")
def enrol(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Enrol the selected units of an approved list."""
    actor = request.actor  # type: ignore[attr-defined]
    return commands.enrol_run(actor=actor, run=reference, on=clock.today(), at=clock.now())


@router.get("/enrolments", response=Page)
@allows("programmes.view_decisions")
def list_enrolments(
    request: HttpRequest,
    programme: str = "",
    state: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List enrolments within the caller's programmes and areas."""
    rows = enrolled.list_enrolments(actor=request.actor)  # type: ignore[attr-defined]
    if programme:
        rows = rows.filter(programme__code=programme)
    if state:
        rows = rows.filter(state=state)
    return page_of(rows, render=enrolment_as_dict, cursor=cursor, limit=limit)


@router.get("/enrolments/{reference}")
@allows("programmes.view_decisions")
def get_enrolment(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give an enrolment with its moves."""
    actor = request.actor  # type: ignore[attr-defined]
    row = enrolled.get_enrolment_for(actor=actor, reference=reference)
    return {
        **enrolment_as_dict(row),
        "moves": [
            {
                "before": move.before or None,
                "after": move.after,
                "on": move.on.isoformat(),
                "at": move.at.isoformat(),
                "reason": move.reason,
                "by": move.username,
            }
            for move in row.moves.order_by("id")
        ],
    }


@router.post("/enrolments/{reference}/suspend")
@allows("programmes.change_enrolment")
def suspend(request: HttpRequest, reference: str, body: MoveIn) -> dict[str, Any]:
    """Hold an enrolment for a time, after notice."""
    row = commands.suspend_enrolment(
        actor=request.actor,  # type: ignore[attr-defined]
        enrolment=reference,
        reason=body.reason,
        notice=body.notice,
        notice_on=body.notice_on,
        on=clock.today(),
        at=clock.now(),
    )
    return enrolment_as_dict(row)


@router.post("/enrolments/{reference}/reinstate")
@allows("programmes.change_enrolment")
def reinstate(request: HttpRequest, reference: str, body: ReasonIn) -> dict[str, Any]:
    """Let a suspended enrolment be paid again."""
    row = commands.reinstate_enrolment(
        actor=request.actor,  # type: ignore[attr-defined]
        enrolment=reference,
        reason=body.reason,
        words=body.words,
        on=clock.today(),
        at=clock.now(),
    )
    return enrolment_as_dict(row)


@router.post("/enrolments/{reference}/exit")
@allows("programmes.change_enrolment")
def exit_(request: HttpRequest, reference: str, body: MoveIn) -> dict[str, Any]:
    """Close an enrolment for ever, after notice."""
    row = commands.exit_enrolment(
        actor=request.actor,  # type: ignore[attr-defined]
        enrolment=reference,
        reason=body.reason,
        notice=body.notice,
        notice_on=body.notice_on,
        on=clock.today(),
        at=clock.now(),
    )
    return enrolment_as_dict(row)


@router.post("/enrolments/{reference}/recipient")
@allows("programmes.change_recipient")
def change_recipient(request: HttpRequest, reference: str, body: RecipientIn) -> dict[str, Any]:
    """Let somebody else collect from today on."""
    row = commands.change_recipient(
        actor=request.actor,  # type: ignore[attr-defined]
        enrolment=reference,
        relation=body.relation,
        person=body.person,
        organisation=body.organisation,
        proof=body.proof,
        on=clock.today(),
        at=clock.now(),
    )
    payee = row.person.reference if row.person else row.organisation and row.organisation.code
    return {
        "enrolment": reference,
        "recipient": str(payee),
        "relation": row.relation,
        "from": row.valid_from.isoformat(),
    }


@router.post("/applications")
@allows("programmes.record_application")
def apply(request: HttpRequest, body: ApplicationIn) -> dict[str, Any]:
    """Record that a household or person applies for one programme, several or all."""
    row = commands.record_application(
        actor=request.actor,  # type: ignore[attr-defined]
        reference=body.reference,
        programmes=body.programmes,
        received_on=body.received_on,
        at=clock.now(),
    )
    return {"application": str(row.reference), "state": row.state}
