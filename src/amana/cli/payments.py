"""The command line of payments: payrolls, files, statuses, reconciliation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amana.cli.session import Session, command

PayrollArgument = Annotated[
    str, typer.Argument(metavar="PAYROLL", help="Reference of the payroll, such as PR-9H3H-2QP.")
]


@command("payroll prepare")
def prepare(
    session: Session,
    programme: Annotated[str, typer.Argument(metavar="PROGRAMME", help="Code of the programme.")],
    period: Annotated[str, typer.Option(help="The month, such as 2026-11.")],
) -> dict[str, Any]:
    """Prepare the payroll of a programme for a month; a second time answers the same payroll."""
    from amana.kernel import clock
    from amana.payments import commands as payments
    from amana.payments import queries

    prepared = payments.prepare_payroll(
        actor=session.actor, programme=programme, period=period, at=clock.now()
    )
    return _told(session, queries.payroll_summary(prepared.payroll), existing=prepared.existing)


@command("payroll retry")
def retry(session: Session, payroll: PayrollArgument) -> dict[str, Any]:
    """Prepare a supplementary payroll for what was rejected, returned or held."""
    from amana.kernel import clock
    from amana.payments import commands as payments
    from amana.payments import queries

    prepared = payments.retry_rejected(actor=session.actor, payroll=payroll, at=clock.now())
    return _told(session, queries.payroll_summary(prepared.payroll), existing=prepared.existing)


@command("payroll approve")
def approve(session: Session, payroll: PayrollArgument) -> dict[str, Any]:
    """Approve and freeze a payroll; refused for the one who prepared it."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    approved = payments.approve_payroll(actor=session.actor, payroll=payroll, at=clock.now())
    session.say(f"{approved.reference}: {approved.approved_count} payments approved.")
    return {
        "payroll": str(approved.reference),
        "state": approved.state,
        "payments": approved.approved_count,
        "total_minor": approved.approved_minor,
        "currency": approved.currency,
        "approved_by": approved.approved_by,
        "sha256": approved.sha256,
    }


@command("payroll recheck")
def recheck(session: Session, payroll: PayrollArgument) -> dict[str, Any]:
    """Hold the payments for which something came up since the payroll was prepared."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    held = payments.recheck_payroll(actor=session.actor, payroll=payroll, at=clock.now())
    return {"payroll": payroll, "held": held}


@command("payroll discard")
def discard(
    session: Session,
    payroll: PayrollArgument,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
) -> dict[str, Any]:
    """Discard a payroll that nobody has approved, so that it can be prepared anew."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    found = payments.discard_payroll(
        actor=session.actor, payroll=payroll, reason=reason, at=clock.now()
    )
    return {"payroll": str(found.reference), "state": found.state}


@command("payments hold")
def hold(
    session: Session,
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="Reference, PM-…")],
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
) -> dict[str, Any]:
    """Keep one payment of a payroll back."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    found = payments.hold_payment(
        actor=session.actor, payment=payment, reason=reason, at=clock.now()
    )
    return {"payment": str(found.reference), "state": found.state}


@command("payments release")
def release(
    session: Session,
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="Reference, PM-…")],
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
) -> dict[str, Any]:
    """Let a held payment go with its payroll."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    found = payments.release_held(
        actor=session.actor, payment=payment, reason=reason, at=clock.now()
    )
    return {"payment": str(found.reference), "state": found.state}


@command("payments export")
def export(
    session: Session,
    payroll: PayrollArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")],
) -> dict[str, Any]:
    """Write the providers' files of an approved payroll; the same bytes every time."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    files = payments.export_payroll(
        actor=session.actor, payroll=payroll, folder=out, at=clock.now()
    )
    for file in files:
        session.say(f"{file.path}: {file.count} payments.")
    return {
        "payroll": payroll.strip().upper(),
        "files": [
            {
                "path": str(file.path),
                "channel": file.channel,
                "count": file.count,
                "total_minor": file.total_minor,
                "sha256": file.sha256,
                "message_id": file.message_id,
            }
            for file in files
        ],
    }


@command("payments ingest")
def ingest(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Status file of a provider.")],
) -> dict[str, Any]:
    """Read a status file (pain.002, or CSV of a mobile money channel); twice changes nothing."""
    from amana.kernel import clock
    from amana.payments import commands as payments

    told = payments.ingest_status(actor=session.actor, path=file, at=clock.now())
    for warning in told.warnings:
        session.say(warning)
    return {
        "run": told.run,
        "payroll": told.payroll,
        "statuses": told.statuses,
        "paid": told.paid,
        "rejected": told.rejected,
        "pending": told.pending,
        "unmatched": told.unmatched,
        "conflicts": told.conflicts,
        "warnings": told.warnings,
        "existing": told.existing,
    }


@command("payments reconcile")
def reconcile(session: Session, payroll: PayrollArgument) -> dict[str, Any]:
    """Compare files, statuses and ledger of a payroll, to the cent; counts, and sums in `minor`."""
    from amana.payments import queries

    found = queries.reconcile_payroll(actor=session.actor, reference=payroll)
    parts = {
        "instructed": found.instructed,
        "paid": found.paid,
        "rejected": found.rejected,
        "pending": found.pending,
        "returned": found.returned,
    }
    return {
        "payroll": payroll.strip().upper(),
        **{name: tally.count for name, tally in parts.items()},
        "difference_minor": found.difference_minor,
        "not_instructed": found.not_instructed.count,
        "held": found.held.count,
        "minor": {name: tally.minor for name, tally in parts.items()},
        "differences": found.differences,
    }


def _told(session: Session, summary: dict[str, Any], *, existing: bool) -> dict[str, Any]:
    session.say(
        f"{summary['payroll']}: {summary['payments']} payments, {summary['held']} of them held"
        f"{' (prepared before)' if existing else ''}."
    )
    return {**summary, "existing": existing}
