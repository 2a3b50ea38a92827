"""Payrolls, payments, files for providers and their answers, over the API."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from amana.api.access import allows
from amana.api.pages import Page, page_of
from amana.kernel import clock
from amana.kernel.errors import NotFound
from amana.kernel.home import make_folder
from amana.payments import commands, queries
from amana.payments.models import Payment, Payroll
from amana.payments.reconciliation import Tally

router = Router(tags=["Payments"])


class PrepareIn(Schema):
    """Which programme and which month, such as 2026-11."""

    programme: str
    period: str


class ApproveIn(Schema):
    """What the approver was shown; the payroll is refused when it differs by now."""

    expected_count: int | None = None
    expected_minor: int | None = None


class ReasonIn(Schema):
    """Why, for those who ask later."""

    reason: str


def payroll_as_dict(row: Payroll) -> dict[str, Any]:
    """Give a payroll as the API shows it."""
    figures = queries.payroll_figures(row)
    return {
        **queries.payroll_summary(row),
        "programme": row.programme.code,
        "period": row.period,
        "sequence": row.sequence,
        "state": row.state,
        "pay_on": row.pay_on.isoformat(),
        "by_state": {
            state.value: {"count": tally.count, "minor": tally.minor}
            for state, tally in figures.by_state.items()
        },
        "held_by_reason": {
            group.reason: {"says": group.says, "count": group.tally.count}
            for group in queries.held_groups(row)
        },
        "prepared_by": row.prepared_by,
        "approved_by": row.approved_by or None,
        "sha256": row.sha256 or None,
        "files": [
            {
                "name": file.name,
                "channel": file.channel_version.channel.code,
                "message_id": file.message_id,
                "count": file.count,
                "total_minor": file.total_minor,
                "sha256": file.sha256,
            }
            for file in queries.list_files(row)
        ],
    }


def payment_as_dict(row: Payment) -> dict[str, Any]:
    """Give a payment as the API shows it: without name or account."""
    person, organisation = row.payee_person, row.payee_organisation
    return {
        "payment": str(row.reference),
        "payroll": str(row.payroll.reference),
        "payee": str(person.reference) if person else organisation.code if organisation else None,
        "channel": row.channel_version.channel.code if row.channel_version else None,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "state": row.state,
        "held_reason": row.held_reason or None,
    }


@router.get("/payrolls", response=Page)
@allows(queries.VIEW)
def list_payrolls(
    request: HttpRequest,
    programme: str = "",
    period: str = "",
    state: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List payrolls."""
    rows = queries.list_payrolls(actor=request.actor)  # type: ignore[attr-defined]
    wanted = {"programme__code": programme, "period": period, "state": state}
    rows = rows.filter(**{key: value for key, value in wanted.items() if value})
    return page_of(rows, render=payroll_as_dict, cursor=cursor, limit=limit)


@router.post("/payrolls")
@allows("payments.prepare_payroll")
def prepare(request: HttpRequest, body: PrepareIn) -> dict[str, Any]:
    """Prepare a payroll; a second time answers the same one with `existing`."""
    prepared = commands.prepare_payroll(
        actor=request.actor,  # type: ignore[attr-defined]
        programme=body.programme,
        period=body.period,
        at=clock.now(),
    )
    return {**payroll_as_dict(prepared.payroll), "existing": prepared.existing}


@router.get("/payrolls/{reference}")
@allows(queries.VIEW)
def get_payroll(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give one payroll with its figures and files."""
    actor = request.actor  # type: ignore[attr-defined]
    return payroll_as_dict(queries.get_payroll(actor=actor, reference=reference))


@router.post("/payrolls/{reference}/approve")
@allows("payments.approve_payroll")
def approve(request: HttpRequest, reference: str, body: ApproveIn) -> dict[str, Any]:
    """Approve and freeze a payroll; refused for the one who prepared it."""
    row = commands.approve_payroll(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        at=clock.now(),
        expected_count=body.expected_count,
        expected_minor=body.expected_minor,
    )
    return payroll_as_dict(row)


@router.post("/payrolls/{reference}/recheck")
@allows("payments.hold_payment")
def recheck(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Hold the payments for which something came up since the payroll was prepared."""
    held = commands.recheck_payroll(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        at=clock.now(),
    )
    return {"payroll": reference.strip().upper(), "held": held}


@router.post("/payrolls/{reference}/discard")
@allows("payments.discard_payroll")
def discard(request: HttpRequest, reference: str, body: ReasonIn) -> dict[str, Any]:
    """Discard a payroll that nobody has approved."""
    row = commands.discard_payroll(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        reason=body.reason,
        at=clock.now(),
    )
    return payroll_as_dict(row)


@router.post("/payrolls/{reference}/retry")
@allows("payments.prepare_payroll")
def retry(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Prepare a supplementary payroll for what was rejected, returned or held."""
    prepared = commands.retry_rejected(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        at=clock.now(),
    )
    return {**payroll_as_dict(prepared.payroll), "existing": prepared.existing}


@router.post("/payrolls/{reference}/export")
@allows("payments.export_payroll")
def export(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Write the providers' files of an approved payroll, to be fetched under `files`."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.export_payroll"
    )
    commands.export_payroll(
        actor=actor,
        payroll=str(row.reference),
        folder=commands.exports_folder(str(row.reference)),
        at=clock.now(),
    )
    row.refresh_from_db()
    return payroll_as_dict(row)


@router.get("/payrolls/{reference}/files/{name}")
@allows("payments.export_payroll")
def get_file(request: HttpRequest, reference: str, name: str) -> FileResponse:
    """Give one exported file; it is written again, the same, when it is gone."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.export_payroll"
    )
    file = queries.list_files(row).filter(name=name).first()
    if file is None:
        raise NotFound("This payroll has no such file.", mend="See `files` of the payroll.")
    path = commands.exports_folder(str(row.reference)) / file.name
    if not path.is_file():
        commands.export_payroll(
            actor=actor, payroll=str(row.reference), folder=path.parent, at=clock.now()
        )
    kind = "text/csv" if path.suffix == ".csv" else "application/xml"
    return FileResponse(path.open("rb"), as_attachment=True, filename=file.name, content_type=kind)


@router.get("/payrolls/{reference}/reconciliation")
@allows(queries.VIEW)
def reconcile(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Compare files, statuses and ledger of a payroll, to the cent."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.reconcile_payroll(actor=actor, reference=reference)
    return {
        "payroll": reference.strip().upper(),
        **{
            name: asdict(value) if isinstance(value, Tally) else value
            for name in (
                "instructed",
                "paid",
                "rejected",
                "pending",
                "returned",
                "not_instructed",
                "held",
                "difference_minor",
                "differences",
            )
            for value in (getattr(found, name),)
        },
    }


@router.post("/payment-statuses")
@allows("payments.ingest_status")
def ingest(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    """Read a status file (pain.002, or CSV of a mobile money channel); twice changes nothing."""
    folder = Path(settings.AMANA_HOME) / "incoming"
    make_folder(folder)
    with tempfile.NamedTemporaryFile(prefix="statuses-", dir=folder) as target:
        shutil.copyfileobj(file, target)
        target.flush()
        told = commands.ingest_status(
            actor=request.actor,  # type: ignore[attr-defined]
            path=Path(target.name),
            name=file.name or "",
            at=clock.now(),
        )
    return asdict(told)


@router.get("/payments", response=Page)
@allows(queries.VIEW)
def list_payments(
    request: HttpRequest,
    payroll: str = "",
    state: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List payments within the caller's programmes and areas."""
    rows = queries.list_payments(actor=request.actor)  # type: ignore[attr-defined]
    if payroll:
        rows = rows.filter(payroll__reference=payroll.strip().upper())
    if state:
        rows = rows.filter(state=state)
    return page_of(rows, render=payment_as_dict, cursor=cursor, limit=limit)


@router.get("/payments/{reference}")
@allows(queries.VIEW)
def get_payment(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give one payment with its entitlements and its trail."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.get_payment(actor=actor, reference=reference)
    return {
        **payment_as_dict(row),
        "lines": [
            {
                "enrolment": str(line.entitlement.enrolment.reference),
                "component": line.entitlement.component,
                "coverage": line.entitlement.coverage,
                "amount_minor": line.amount_minor,
                "live": line.live,
            }
            for line in queries.list_lines(row)
        ],
        "events": [
            {
                "at": event.at.isoformat(),
                "before": event.before,
                "after": event.after,
                "kind": event.kind,
                "reason_code": event.reason_code or None,
                "by": event.username,
            }
            for event in row.events.order_by("id")
        ],
    }


@router.post("/payments/{reference}/hold")
@allows("payments.hold_payment")
def hold(request: HttpRequest, reference: str, body: ReasonIn) -> dict[str, Any]:
    """Keep one payment of a payroll back."""
    row = commands.hold_payment(
        actor=request.actor,  # type: ignore[attr-defined]
        payment=reference,
        reason=body.reason,
        at=clock.now(),
    )
    return payment_as_dict(row)


@router.post("/payments/{reference}/release")
@allows("payments.hold_payment")
def release(request: HttpRequest, reference: str, body: ReasonIn) -> dict[str, Any]:
    """Let a held payment go with its payroll."""
    row = commands.release_held(
        actor=request.actor,  # type: ignore[attr-defined]
        payment=reference,
        reason=body.reason,
        at=clock.now(),
    )
    return payment_as_dict(row)
