"""Commands about scoring: score a snapshot with a model, list the models."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amana.cli.session import Session, command


@command("score")
def score(
    session: Session,
    model: Annotated[str, typer.Argument(help="Code of the scoring model.")],
    snapshot: Annotated[
        str | None, typer.Option(help="Snapshot, SNP-XXXX-XXX; default: the latest.")
    ] = None,
) -> dict[str, Any]:
    """Score every household or person of a snapshot with a model."""
    from amana.kernel import clock
    from amana.scoring import commands as scoring

    found = scoring.score_snapshot(
        actor=session.actor, model=model, snapshot=snapshot, at=clock.now()
    )
    session.say(
        f"{found}: {found.scored_count:,} scored with {found.model}, {found.unknown_count:,} "
        f"unknown because something is not recorded."
    )
    return {
        "run": str(found),
        "households": found.unit_count,
        "scored": found.scored_count,
        "unknown": found.unknown_count,
        "seconds": session.seconds(),
    }


@command("model list")
def list_models(session: Session) -> dict[str, Any]:
    """List the published scoring models, the last version first."""
    from amana.scoring import queries

    rows = list(queries.list_models(actor=session.actor))
    for row in rows:
        session.say(f"{row.code} {row.version} ({row.kind}, {row.unit})")
    return {
        "models": [
            {
                "model": row.code,
                "version": row.version,
                "kind": row.kind,
                "of": row.unit,
                "sha256": row.sha256,
            }
            for row in rows
        ]
    }
