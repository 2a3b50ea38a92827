"""Commands about speed: run a benchmark, list them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amana.cli.session import Session, command

HOUSEHOLDS = 100_000


@command("bench", needs_database=False)
def bench(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the benchmark; `list` names them.")],
    households: Annotated[int, typer.Option(min=1, help="Households to invent.")] = HOUSEHOLDS,
) -> dict[str, Any]:
    """Measure a step against the least it could cost, in one process."""
    from amana import benchmarks

    if name == "list":
        names = benchmarks.names()
        session.say("\n".join(names))
        return {"benchmarks": names}
    module = benchmarks.find(name)
    session.say(f"Measuring {name} with {households:,} households; this takes a while.")
    answer: dict[str, Any] = module.run(households)
    ratio = answer.get("ratio")
    told = "" if ratio is None else f", {ratio} times the floor"
    session.say(f"{name}: {answer['seconds']} s, {answer['rate_per_s']:,} a second{told}.")
    return answer
