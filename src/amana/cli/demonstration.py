"""Commands that invent: a country's census, a bank's answers, and the whole demonstration."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from amana.cli.session import Session, command


@command("invent", needs_database=False)
def invent(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Where to write the census.")],
    households: Annotated[int, typer.Option(min=1, max=50_000_000, help="How many.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same people.")] = 1,
    on: Annotated[str, typer.Option(help="Last day of the census; today if left out.")] = "",
) -> dict[str, Any]:
    """Invent the census of a country that does not exist, hard cases included."""
    from amana.demonstration import generator
    from amana.demonstration.blueprints import find_blueprint
    from amana.kernel import clock

    country = generator.Country.read(find_blueprint("demo") / "areas.csv")
    day = date.fromisoformat(on) if on else clock.today()
    census = generator.generate(households=households, on=day, country=country, seed=seed)
    files = census.write(folder)
    session.say("Nobody in these files exists.")
    return {
        "households_file": str(files[0]),
        "people_file": str(files[1]),
        "households": census.households.num_rows,
        "people": len(census.people.column("person_no").unique()),
        "seconds": session.seconds(),
    }


@command("bank answer", needs_database=False)
def bank_answer(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A payment file, as `payments export` writes it.")],
    out: Annotated[Path, typer.Option(help="The answer to write, or a folder for it.")] = Path(),
    refuse: Annotated[int, typer.Option(min=0, help="Payments to refuse besides.")] = 0,
) -> dict[str, Any]:
    """Play the bank: answer a payment file with what became of each payment (for trials only)."""
    from amana.demonstration import bank
    from amana.kernel import clock

    answer = bank.answer(file, out=out, at=clock.now(), refuse=refuse)
    session.say(f"The pretended bank paid {answer.paid} and refused {answer.rejected}.")
    return {"path": str(answer.path), "paid": answer.paid, "rejected": answer.rejected}
