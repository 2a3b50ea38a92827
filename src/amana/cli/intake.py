"""Commands of intake: import a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from amana.cli.session import Session, command


@command("import")
def import_file(
    session: Session,
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX or Parquet, each also as .gz; the households' of two.")
    ],
    form: Annotated[str, typer.Option(help="Code of the form, which says source and basis.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file; default: the form's own mapping.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="The people file of two; default: FILE.people.* beside it.")
    ] = None,
    collected_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Date of the interviews, when the mapping does not tell it; default: today.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Import households and people; refused rows go to an errors file."""
    from amana.intake import commands as intake
    from amana.kernel import clock

    result = intake.import_file(
        actor=session.actor,
        form=form,
        path=file,
        people_path=people,
        mapping_path=mapping,
        collected_on=collected_on.date() if collected_on else None,
        on=clock.today(),
        at=clock.now(),
    )
    counts = result.counts
    session.say(
        f"{result.run.reference}: {result.accepted:,} of {result.rows:,} rows accepted. "
        f"Households: {counts.households_new:,} new, {counts.households_changed:,} changed, "
        f"{counts.households_unchanged:,} unchanged. People: {counts.people_new:,} new, "
        f"{counts.people_changed:,} changed, {counts.people_unchanged:,} unchanged."
    )
    if result.errors_file is not None:
        session.say(f"{result.rejected:,} rows were refused; see {result.errors_file}.")
    return {**result.as_dict(), "seconds": session.seconds()}
