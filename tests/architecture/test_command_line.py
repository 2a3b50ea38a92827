"""The command line keeps the words others script, and starts fast."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from amana.cli import app
from amana.cli.session import CLI_COMMANDS

#: Words and options that others script; none may go away.
PROMISED = {
    "demo": {"--households", "--no-serve"},
    "serve": {"--port"},
    "doctor": set(),
    "apply": {"--plan"},
    "import": {"--form", "--mapping"},
    "snapshot": set(),
    "score": {"--snapshot"},
    "target": {"--snapshot"},
    "explain": set(),
    "results": {"--out"},
    "list approve": set(),
    "enrol": set(),
    "payroll prepare": {"--period"},
    "payroll approve": set(),
    "user add": {"--role", "--area"},
    "payments export": {"--out"},
    "payments ingest": set(),
    "payments reconcile": set(),
    "bench": {"--households"},
    "migrate": set(),
}


def options_of(words: str) -> set[str]:
    found = typer.main.get_command(app)
    for word in words.split(" "):
        found = found.commands[word]  # type: ignore[attr-defined]
    return {option for parameter in found.params for option in parameter.opts}


@pytest.mark.parametrize("words", sorted(PROMISED))
def test_a_promised_command_is_there_with_its_options(words: str) -> None:
    assert words in CLI_COMMANDS
    missing = (PROMISED[words] | {"--json", "--as"}) - options_of(words)
    assert missing == set()


@pytest.mark.parametrize("words", sorted(CLI_COMMANDS))
def test_every_command_says_what_it_does_and_speaks_json(words: str) -> None:
    assert (CLI_COMMANDS[words].function.__doc__ or "").strip().endswith(".")
    assert {"--json", "--as"} <= options_of(words)


def test_help_needs_neither_django_nor_a_database() -> None:
    script = (
        "import sys\nfrom amana.cli import app\n"
        "heavy = {'django', 'duckdb', 'pyarrow', 'psycopg'} & set(sys.modules)\n"
        "import json; print(json.dumps(sorted(heavy)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
