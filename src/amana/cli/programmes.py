"""Commands about programmes: target, explain, results, approve a list, enrol, and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amana.cli.session import Session, command

ProgrammeArgument = Annotated[str, typer.Argument(help="Code of the programme.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Targeting run, RUN-XXXX-XXX.")]
EnrolmentArgument = Annotated[str, typer.Argument(help="Enrolment, EN-XXXX-XXX.")]
ReasonOption = Annotated[str, typer.Option(help="Code of the reason, such as MOVED_AWAY.")]
NoticeOption = Annotated[str, typer.Option(help="What the people were told.")]


@command("target")
def target(
    session: Session,
    programme: ProgrammeArgument,
    snapshot: Annotated[
        str | None, typer.Option(help="Snapshot, SNP-XXXX-XXX; default: the latest.")
    ] = None,
) -> dict[str, Any]:
    """Judge every household or person of a snapshot for a programme."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    found = programmes.target_programme(
        actor=session.actor,
        programme=programme,
        snapshot=snapshot,
        on=clock.today(),
        at=clock.now(),
    )
    answer = {
        "run": found.reference,
        "assessed": found.assessed_count,
        "eligible": found.eligible_count,
        "ineligible": found.ineligible_count,
        "undetermined": found.undetermined_count,
        "selected": found.selected_count,
        "seconds": session.seconds(),
    }
    session.say(
        f"{found.reference}: {found.assessed_count:,} assessed, {found.eligible_count:,} eligible, "
        f"{found.ineligible_count:,} not eligible, {found.undetermined_count:,} not known yet; "
        f"{found.selected_count:,} selected. Lottery seed: {found.seed}."
    )
    return answer


@command("explain")
def explain(
    session: Session,
    programme: ProgrammeArgument,
    reference: Annotated[
        str, typer.Argument(help="Household or person: a reference, or source:external-id.")
    ],
) -> dict[str, Any]:
    """Say what was decided about a household or person for a programme, and why."""
    from amana.kernel import clock
    from amana.programmes import queries

    found = queries.explain(
        actor=session.actor, programme=programme, reference=reference, on=clock.today()
    )
    session.say(found.sentence)
    for criterion in found.criteria:
        sign = {"met": "✓", "failed": "✗", "unknown": "?"}[criterion["outcome"]]
        session.say(f"  {sign} {criterion['sentence']}")
    return found.as_dict()


@command("results")
def results(
    session: Session,
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", help="File to write: NAME.csv or NAME.parquet.")],
) -> dict[str, Any]:
    """Write one row per unit assessed: outcome, each criterion, score and rank."""
    from amana.programmes import queries

    answer = queries.export_results(actor=session.actor, run=run, out=out)
    session.say(f"{answer['rows']:,} rows in {answer['path']}.")
    return answer


@command("list approve")
def approve(session: Session, run: RunArgument) -> dict[str, Any]:
    """Approve the list of a targeting run, so that it can be enrolled."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    found = programmes.approve_list(actor=session.actor, run=run, at=clock.now())
    session.say(f"The list {found.reference} of {found.selected_count:,} is approved.")
    return {
        "run": found.reference,
        "state": found.state,
        "selected": found.selected_count,
        "approved_by": found.approved_by,
    }


@command("enrol")
def enrol(session: Session, run: RunArgument) -> dict[str, Any]:
    """Enrol the selected units of an approved list, each with a recipient."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    answer = programmes.enrol_run(actor=session.actor, run=run, on=clock.today(), at=clock.now())
    session.say(f"{answer['enrolled']:,} enrolled; {answer['existing']:,} were already.")
    if answer["held"]:
        session.say(f"{answer['held']:,} left out: something changed since the snapshot.")
    if answer["without_recipient"]:
        session.say(f"{answer['without_recipient']:,} have nobody who can collect yet.")
    return answer


@command("enrolment suspend")
def suspend(
    session: Session, enrolment: EnrolmentArgument, reason: ReasonOption, notice: NoticeOption
) -> dict[str, Any]:
    """Hold an enrolment for a time."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    today = clock.today()
    found = programmes.suspend_enrolment(
        actor=session.actor,
        enrolment=enrolment,
        reason=reason,
        notice=notice,
        notice_on=today,
        on=today,
        at=clock.now(),
    )
    return {"enrolment": str(found.reference), "state": found.state}


@command("enrolment reinstate")
def reinstate(
    session: Session, enrolment: EnrolmentArgument, reason: ReasonOption
) -> dict[str, Any]:
    """Let a suspended enrolment be paid again."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    found = programmes.reinstate_enrolment(
        actor=session.actor,
        enrolment=enrolment,
        reason=reason,
        words="",
        on=clock.today(),
        at=clock.now(),
    )
    return {"enrolment": str(found.reference), "state": found.state}


@command("enrolment exit")
def exit_(
    session: Session, enrolment: EnrolmentArgument, reason: ReasonOption, notice: NoticeOption
) -> dict[str, Any]:
    """Close an enrolment for ever."""
    from amana.kernel import clock
    from amana.programmes import commands as programmes

    today = clock.today()
    found = programmes.exit_enrolment(
        actor=session.actor,
        enrolment=enrolment,
        reason=reason,
        notice=notice,
        notice_on=today,
        on=today,
        at=clock.now(),
    )
    return {"enrolment": str(found.reference), "state": found.state}


@command("application record")
def application(
    session: Session,
    reference: Annotated[
        str, typer.Argument(help="Household or person: a reference, or source:external-id.")
    ],
    programme: Annotated[
        list[str] | None,
        typer.Option(help="Code of a programme, repeatable; none: all they may be entitled to."),
    ] = None,
    received: Annotated[
        str | None, typer.Option(help="The day it was received, 2026-11-20; default: today.")
    ] = None,
) -> dict[str, Any]:
    """Record that a household or person applies."""
    from datetime import date

    from amana.kernel import clock
    from amana.kernel.errors import BadInput, Where
    from amana.programmes import commands as programmes

    try:
        received_on = date.fromisoformat(received) if received else clock.today()
    except ValueError:
        raise BadInput(
            f"“{received}” is not a day.",
            mend="Write it as 2026-11-20.",
            where=Where(field="--received"),
        ) from None
    found = programmes.record_application(
        actor=session.actor,
        reference=reference,
        programmes=programme or [],
        received_on=received_on,
        at=clock.now(),
    )
    return {"application": str(found.reference), "state": found.state}
