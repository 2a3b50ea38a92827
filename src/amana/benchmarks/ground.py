"""The ground of benchmarks that need a database: an installation of their own, thrown away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from amana.kernel.errors import AmanaError, NotFound
from amana.kernel.home import find_checkout


class BenchmarkStopped(AmanaError):
    """The benchmark's own process stopped with an error."""

    code = "BENCHMARK_STOPPED"
    http_status = 500


def run_apart(module: str, households: int) -> dict[str, Any]:
    """Run a benchmark's module as a program whose home is a temporary folder; give its answer.

    The program gets the number of households and prints its answer as the last line.
    """
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AMANA_")}
        environment.pop("DATABASE_URL", None)
        environment |= {"AMANA_HOME": folder, "DJANGO_SETTINGS_MODULE": "amana.config.settings"}
        done = subprocess.run(
            [sys.executable, "-m", module, str(households)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BenchmarkStopped(
                "The benchmark stopped with an error.", mend="Read the lines above."
            )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def settle_country(households: int, home: Path) -> None:
    """Bring an installation up with the demonstration's blueprint and an invented census.

    Call it inside the benchmark's own process, before anything is measured.
    """
    import django

    django.setup()
    from amana.access.bootstrap import get_actor
    from amana.config.migrating import migrate
    from amana.demonstration import generator
    from amana.demonstration.population import Country
    from amana.exchange import commands as exchange
    from amana.intake import commands as intake
    from amana.kernel import clock, postgres

    checkout = find_checkout()
    blueprint = (checkout or Path()) / "blueprints" / "demo"
    if not blueprint.is_dir():
        raise NotFound(
            "The demonstration's blueprint is not here.", mend="Run this from a source checkout."
        )
    postgres.ensure_running(home)
    migrate()
    actor = get_actor("operator", channel="cli")
    exchange.apply_blueprint(actor=actor, folder=blueprint, at=clock.now(), on=clock.today())
    country = Country.read(blueprint / "areas.csv")
    census = generator.generate(households=households, on=clock.today(), country=country, seed=1)
    first, _people = census.write(home / "census")
    intake.import_file(actor=actor, form="census", path=first, on=clock.today(), at=clock.now())
