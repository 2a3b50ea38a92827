"""The command line: parses words, runs one command or query, prints one JSON object.

Each room's commands stand in `cli/<room>.py`; every module here is found and registered by
itself. Modules are loaded to answer `--help`, so they import Django and the rooms inside their
functions. See `amana.cli.session` for how a command is written, and
`docs/reference/command-line.md` for exit codes.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import typer

app = typer.Typer(
    name="amana",
    help="Amana: an integrated social protection information system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


def _register() -> None:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        if not module.name.startswith("__"):
            import_module(f"{__name__}.{module.name}")


def main() -> None:
    """Run the command line and leave with its exit code."""
    from amana.cli.session import run_app

    raise SystemExit(run_app(app))


_register()
