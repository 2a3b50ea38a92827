"""Runs, audit events, areas and the signed-in user, over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from amana.access import commands as access
from amana.access import runs, scope
from amana.access.models import AuditEvent, Run
from amana.access.queries import verify_audit_chain
from amana.api.access import ApiRequest, allows
from amana.api.pages import Page, page_of
from amana.kernel import clock
from amana.places.models import Area

router = Router(tags=["House"])


def run_as_dict(run: Run) -> dict[str, Any]:
    """Give a run as the API shows it."""
    return {
        "run": run.reference,
        "kind": run.kind,
        "subject": run.subject,
        "programme": run.programme,
        "state": run.state,
        "done": run.done_count,
        "total": run.total_count,
        "message": run.message,
        "result": run.result,
        "error": run.error,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
    }


@router.get("/runs", response=Page)
@allows("access.view_runs")
def list_runs(
    request: ApiRequest, kind: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List long-running work, perhaps of one kind."""
    rows = scope.within_programmes(
        Run.objects.all(), request.actor, "access.view_runs", field="programme"
    )
    if kind:
        rows = rows.filter(kind=kind)
    return page_of(rows, render=run_as_dict, cursor=cursor, limit=limit)


@router.get("/runs/{reference}")
@allows("access.view_runs")
def get_run(request: ApiRequest, reference: str) -> dict[str, Any]:
    """Tell how far one run is, and its result when it is done."""
    return run_as_dict(runs.get_run(reference))


@router.get("/areas", response=Page)
@allows("places.view_areas")
def list_areas(
    request: ApiRequest,
    level: str = "",
    parent: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List the country's areas of today, perhaps of one level or below one area."""
    rows = Area.objects.filter(valid_to__isnull=True).select_related("level", "parent")
    if level:
        rows = rows.filter(level__code=level)
    if parent:
        rows = rows.filter(parent__code=parent)
    return page_of(
        rows,
        render=lambda area: {
            "code": area.code,
            "name": area.name,
            "level": area.level.code,
            "parent": area.parent.code if area.parent else None,
        },
        cursor=cursor,
        limit=limit,
    )


@router.get("/audit", response=Page)
@allows("access.view_audit")
def list_audit_events(
    request: ApiRequest,
    subject: str = "",
    username: str = "",
    command: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List what was done, oldest first."""
    rows = AuditEvent.objects.all()
    for field, value in (("subject", subject), ("username", username), ("command", command)):
        if value:
            rows = rows.filter(**{field: value})
    return page_of(
        rows,
        render=lambda event: {
            "at": event.at.isoformat(),
            "username": event.username,
            "channel": event.channel,
            "command": event.command,
            "subject": event.subject,
            "programme": event.programme,
            "details": event.details,
            "digest": event.digest,
            "sha256": event.sha256,
        },
        cursor=cursor,
        limit=limit,
    )


@router.get("/audit/chain")
@allows("access.view_audit")
def check_audit_chain(request: ApiRequest) -> dict[str, Any]:
    """Recompute the chain of the audit trail and tell where it breaks, if it does."""
    state = verify_audit_chain()
    return {"events": state.count, "broken_at": state.broken_at}


class TokenAsked(Schema):
    """A token to be issued: for whom, what for, for how many days."""

    username: str
    label: str
    days: int = 90


@router.post("/tokens")
@allows("access.manage_users")
def issue_token(request: ApiRequest, asked: TokenAsked) -> dict[str, Any]:
    """Give a user a bearer token; the answer is the only time it is shown."""
    token = access.issue_token(
        actor=request.actor,
        username=asked.username,
        label=asked.label,
        days=asked.days,
        at=clock.now(),
    )
    return {"username": asked.username, "label": asked.label, "token": token}


@router.post("/tokens/revoke")
@allows("access.manage_users")
def revoke_tokens(request: ApiRequest, asked: TokenAsked) -> dict[str, Any]:
    """Take back a user's tokens of one label."""
    count = access.revoke_tokens(
        actor=request.actor, username=asked.username, label=asked.label, at=clock.now()
    )
    return {"username": asked.username, "label": asked.label, "revoked": count}
