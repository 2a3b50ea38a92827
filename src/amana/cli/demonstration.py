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
    from amana.demonstration import generator, population
    from amana.demonstration.blueprints import find_blueprint
    from amana.kernel import clock

    country = population.Country.read(find_blueprint("demo") / "areas.csv")
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


@command("demo", needs_database=False)
def demo(
    session: Session,
    households: Annotated[int, typer.Option(min=1, max=50_000_000, help="How many.")] = 5000,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop when the story is told.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")] = 8000,
) -> dict[str, Any] | None:
    """Play the whole chain in an invented country, then serve it with a user for each part."""
    from amana.cli import serving
    from amana.cli.session import set_up

    set_up(needs_database=False)
    from django.conf import settings

    from amana.config import migrating
    from amana.demonstration import chain
    from amana.kernel import clock

    if not no_serve:
        serving.check_port("127.0.0.1", port)
    migrating.migrate()
    answer = chain.play(
        households=households,
        today=clock.today(),
        home=settings.AMANA_HOME,
        secret=settings.SECRET_KEY,
        say=session.say,
    )
    answer["users"] = chain.list_users(secret=settings.SECRET_KEY)
    if session.wants_json or not no_serve:  # else the answer itself is printed for people
        session.say("\nDemonstration users, and what they do here:")
        for user in answer["users"]:
            session.say(f"  {user['user']:<20} {user['password']:<26} {user['name']}")
    answer["seconds"] = session.seconds()
    if no_serve:
        return answer
    serving.collect_static()
    session.say(f"\nAmana is at http://127.0.0.1:{port}/ (stop with Ctrl-C)")
    serving.serve(host="127.0.0.1", port=port, threads=8)
    return None


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
