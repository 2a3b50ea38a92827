"""One run of a command: who asks, how the answer is printed, how a refusal is told.

A command is a function marked with `@command`; its first parameter is the session, its answer a
dictionary:

    @command("payroll prepare")
    def prepare(
        session: Session,
        programme: Annotated[str, typer.Argument(help="Code of the programme.")],
        period: Annotated[str, typer.Option(help="Such as 2026-11.")],
    ) -> dict[str, object]:
        "Prepare a payroll for one period."
        from amana.payments import commands as payments
        payroll = payments.prepare_payroll(actor=session.actor, programme=programme, ...)
        session.say(f"{payroll.reference}: {payroll.count} payments.")
        return {"payroll": payroll.reference, ...}

The mark adds `--json` and `--as`, sets Django up, brings an embedded database up to date, shows
the progress of runs that the command starts, and turns every `AmanaError` into
`{"error": {"code", "message", "where", "mend"}}` and an exit code.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import threading
import time
import traceback
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer

from amana.cli import app
from amana.kernel.errors import AmanaError, BadInput, Conflict, NotFound, NotPermitted

if typing.TYPE_CHECKING:
    from amana.kernel.command import Actor

OPERATOR: Final = "operator"

#: Exit codes; `docs/reference/command-line.md` explains them.
USAGE: Final = 2
UNEXPECTED: Final = 70
INSTALLATION: Final = 6
EXIT_CODES: Final[tuple[tuple[type[AmanaError], int], ...]] = (
    (BadInput, 3),
    (NotFound, 4),
    (NotPermitted, 5),
    (Conflict, 1),
)

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
AsOption = Annotated[str, typer.Option("--as", metavar="USER", help="Act as this user of Amana.")]


@dataclass(frozen=True, slots=True)
class CliCommand:
    """A registered command: its words, its function, and whether it opens the database."""

    name: str
    function: Callable[..., Any]
    needs_database: bool


CLI_COMMANDS: dict[str, CliCommand] = {}
_groups: dict[str, typer.Typer] = {}


@dataclass
class Session:
    """What a command gets: the actor, a way to speak, and the time it takes."""

    username: str
    wants_json: bool
    started_s: float = field(default_factory=time.perf_counter)
    _actor: Actor | None = None

    @property
    def actor(self) -> Actor:
        """Give who acts; the local operator is made when absent.

        Raises:
            NotFound: there is no such user.
        """
        if self._actor is None:
            from amana.access.bootstrap import get_actor

            self._actor = get_actor(self.username, channel="cli")
        return self._actor

    def say(self, words: str) -> None:
        """Tell people something, on standard error."""
        print(words, file=sys.stderr, flush=True)

    def seconds(self) -> float:
        """Give the seconds since the command began, to the millisecond."""
        return round(time.perf_counter() - self.started_s, 3)


def command(
    words: str, *, needs_database: bool = True, hidden: bool = False
) -> Callable[[Callable[..., Mapping[str, Any] | None]], Callable[..., None]]:
    """Mark a function as the command `amana <words>`.

    Args:
        words: one word, or a group and a word (`payroll prepare`).
        needs_database: False for commands that must work before there is one.
        hidden: True for commands that only Amana itself starts.
    """

    def mark(function: Callable[..., Mapping[str, Any] | None]) -> Callable[..., None]:
        hints = typing.get_type_hints(function, include_extras=True)
        given = list(inspect.signature(function).parameters.values())
        if not given or given[0].name != "session":
            raise TypeError(f"{function.__qualname__}: the first parameter is the session")

        def run(*, as_json: bool, as_user: str, **arguments: Any) -> None:
            session = Session(username=as_user, wants_json=as_json)
            code = _answer(session, function, arguments, needs_database=needs_database)
            if code:
                raise typer.Exit(code)

        own = [
            inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False),
            inspect.Parameter("as_user", inspect.Parameter.KEYWORD_ONLY, default=OPERATOR),
        ]
        annotations = {**hints, "as_json": JsonOption, "as_user": AsOption}
        annotations.pop("session", None)
        annotations["return"] = None
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                parameter.replace(
                    kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotations[parameter.name]
                )
                for parameter in (*given[1:], *own)
            ]
        )
        run.__annotations__ = annotations
        run.__doc__ = function.__doc__
        run.__name__ = function.__name__
        *group, word = words.split(" ")
        owner = _group(group[0]) if group else app
        owner.command(word, hidden=hidden)(run)
        CLI_COMMANDS[words] = CliCommand(words, function, needs_database)
        return run

    return mark


def _group(name: str) -> typer.Typer:
    if name not in _groups:
        _groups[name] = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
        app.add_typer(_groups[name], name=name, help=f"Commands about: {name}.")
    return _groups[name]


def set_up(*, needs_database: bool = True) -> None:
    """Set Django up for a command; bring an embedded database up to date.

    Raises:
        BadInputs: settings that are missing or cannot be read.
        DatabaseNotMigrated: a named database is behind.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amana.config.settings")
    import django

    django.setup()
    if needs_database:
        from amana.config import migrating

        migrating.ensure_migrated()


def _answer(
    session: Session,
    function: Callable[..., Mapping[str, Any] | None],
    arguments: dict[str, Any],
    *,
    needs_database: bool,
) -> int:
    """Run a command, print its answer or its refusal, give the exit code."""
    try:
        if needs_database:
            set_up()
            with _progress_shown(session):
                answer = function(session, **arguments)
        else:
            answer = function(session, **arguments)
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except KeyboardInterrupt:
        _print_error({"code": "INTERRUPTED", "message": "Stopped.", "where": {}}, session)
        return 130
    except AmanaError as error:
        told = error.as_dict()
        _print_error(told, session, words=str(error))
        return exit_code(error)
    except Exception as error:  # noqa: BLE001  the last door: told, with its trace, not hidden
        return _tell_unexpected(error, session)
    if answer is not None:
        _print(dict(answer), session)
    return 0


def exit_code(error: AmanaError) -> int:
    """Give the exit code of a refusal."""
    for kind, code in EXIT_CODES:
        if isinstance(error, kind):
            return INSTALLATION if error.code.startswith("SETTING_") else code
    return INSTALLATION if error.http_status >= 500 else 1


def _tell_unexpected(error: Exception, session: Session) -> int:
    """Tell of a database that cannot be reached, or of a mistake in Amana itself."""
    import psycopg

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__
    if isinstance(cause, psycopg.OperationalError):
        words = str(cause).strip()
        missing = "role" in words and ("does not exist" in words or "permission denied" in words)
        mend = "Run `amana migrate`." if missing else "Run `amana doctor`."
        code = "DATABASE_ROLES_MISSING" if missing else "DATABASE_UNREACHABLE"
        message = f"The database does not answer: {words}"
        _print_error({"code": code, "message": message, "where": {}, "mend": mend}, session)
        return INSTALLATION
    traceback.print_exception(error)
    message = f"Amana made a mistake ({type(error).__name__}); nothing half done was kept."
    mend = "Tell the maintainers, with the lines on standard error."
    _print_error({"code": "UNEXPECTED", "message": message, "where": {}, "mend": mend}, session)
    return UNEXPECTED


def _print(answer: dict[str, Any], session: Session) -> None:
    if session.wants_json:
        print(json.dumps(answer, default=str, ensure_ascii=False))
        return
    for key, value in answer.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            print(f"{key}:")
            _print_rows(value)
        elif isinstance(value, dict):
            print(f"{key}: {', '.join(f'{k} {_in_words(v)}' for k, v in value.items())}")
        else:
            print(f"{key}: {_in_words(value)}")


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Print rows under their headings, each column as wide as its widest value."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = [heads, *([_in_words(row.get(head)) for head in heads] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(heads))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {'  '.join(padded)}".rstrip())


def _in_words(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(_in_words(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_in_words(part)}" for key, part in value.items())
    return str(value)


def _print_error(told: dict[str, Any], session: Session, words: str = "") -> None:
    """Print a refusal: words for people on standard error, JSON for programs on standard output."""
    if session.wants_json or not sys.stdout.isatty():
        print(json.dumps({"error": told}, default=str, ensure_ascii=False), flush=True)
    if not session.wants_json:
        plain = words or f"{told['message']} {told.get('mend', '')}".strip()
        print(f"{plain} [{told['code']}]", file=sys.stderr)


def run_app(typer_app: typer.Typer) -> int:
    """Run the command line as a program; usage mistakes are told as errors too."""
    session = Session(username="", wants_json="--json" in sys.argv)
    try:
        code = typer_app(standalone_mode=False)
    except typer.TyperException as error:
        only_help = type(error).__name__ == "NoArgsIsHelpError"  # `amana` alone: show the help
        if only_help or not session.wants_json:
            print(error.format_message(), file=sys.stderr)
        if not only_help and (session.wants_json or not sys.stdout.isatty()):
            told = {"code": "USAGE", "message": error.format_message(), "where": {}}
            print(json.dumps({"error": told}, ensure_ascii=False), flush=True)
        return USAGE
    except typer.Abort:
        return 130
    finally:
        _close_connections()
    return code if isinstance(code, int) else 0


def _close_connections() -> None:
    """Close what a command opened, so that the last one out stops the embedded server at once."""
    if "django.apps" in sys.modules:
        from django.apps import apps
        from django.db import connections

        if apps.ready:
            connections.close_all()


# --- the progress of runs -----------------------------------------------------------------------


@contextmanager
def _progress_shown(session: Session) -> Iterator[None]:
    """Show on standard error how far the runs are that this user starts meanwhile.

    A run writes its progress over a connection of its own, so a second pair of eyes can follow it
    while the command works in one transaction. Silent when standard error is not a screen.
    """
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch_runs, args=(session.username, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join(timeout=2)


def _watch_runs(username: str, done: threading.Event) -> None:
    from django.db import connection, models
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from amana.access.models import Run

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    first = Run.objects.aggregate(last=models.Max("id"))["last"] or 0
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            tasks: dict[int, Any] = {}
            while not done.wait(0.4):
                for run in Run.objects.filter(username=username, id__gt=first).order_by("id"):
                    if run.pk not in tasks:
                        tasks[run.pk] = progress.add_task(run.kind, total=None)
                    words = f"{run.kind} {run.message}".strip()
                    progress.update(
                        tasks[run.pk],
                        description=words,
                        completed=run.done_count,
                        total=run.total_count,
                    )
    finally:
        connection.close()
