"""What it is to run a command: permission, one transaction, one audit event.

Every write to Amana is a *command*: a keyword-only function with an `actor`, marked with
`@command("room.permission")`. The mark checks that the actor holds the permission, opens a
transaction, runs the function, and writes its audit event in the same transaction. The function
itself checks the scope (this area, this programme) as soon as it knows the subject.

The kernel knows neither users nor tables, so checking and recording are done by an `Authority`
that the access room installs when Django starts.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which face, and for which purpose.

    Args:
        user_id: primary key of the user.
        username: the name they sign in with; goes into the audit trail.
        channel: `web`, `api`, `cli` or `job`.
        purpose: why personal data is read or written, from the blueprint's list of purposes.
    """

    user_id: int
    username: str
    channel: str = "cli"
    purpose: str = "administration"


@dataclass
class Event:
    """The audit event of one command, filled while it runs. Never holds personal data."""

    command: str
    permission: str
    actor: Actor
    subject: str = ""
    programme: str = ""
    area_id: int | None = None
    digest: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command: where it lives and the permission it asks for."""

    name: str
    permission: str
    function: Callable[..., Any]


class Authority(Protocol):
    """What the access room does for every command."""

    def check(self, actor: Actor, permission: str) -> None:
        """Raise `NotPermitted` unless the actor holds the permission somewhere."""

    def transaction(self, actor: Actor) -> AbstractContextManager[None]:
        """Open an atomic block that tells the database who acts and why."""

    def record(self, events: Sequence[Event]) -> None:
        """Append the events to the audit trail, in order, in the current transaction."""


COMMANDS: dict[str, Command] = {}
_authority: Authority | None = None
_open_events: ContextVar[tuple[Event, ...]] = ContextVar("amana_open_events", default=())
_closed_events: ContextVar[list[Event] | None] = ContextVar("amana_closed_events", default=None)


def install_authority(authority: Authority) -> None:
    """Name who checks permissions and keeps the audit trail; called once, by the access room."""
    global _authority
    _authority = authority


def command(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a command that asks for `permission`.

    A command called inside another joins its transaction; the events of both are written together
    when the outermost one ends, inner ones first, so that the audit chain is locked only briefly.

    Args:
        permission: `room.act`, declared with `amana.access.permissions.declare`.

    Raises:
        TypeError: when the function is not keyword-only or has no `actor`.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        if "actor" not in parameters or any(
            p.kind is not inspect.Parameter.KEYWORD_ONLY for p in parameters.values()
        ):
            raise TypeError(f"{function.__qualname__}: a command is keyword-only and has an actor")
        room = function.__module__.removeprefix("amana.").split(".")[0]
        name = f"{room}.{function.__name__}"

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if _authority is None:
                raise RuntimeError("No authority is installed: Django has not been set up.")
            actor = kwargs["actor"]
            if not isinstance(actor, Actor):
                raise TypeError(f"{name}: actor must be an Actor, not {type(actor).__name__}")
            _authority.check(actor, permission)
            event = Event(command=name, permission=permission, actor=actor)
            outer = _open_events.get()
            closed = _closed_events.get() if outer else []
            assert closed is not None
            mark_open = _open_events.set((*outer, event))
            mark_closed = _closed_events.set(closed)
            count_before = len(closed)
            try:
                with _authority.transaction(actor):
                    result = function(*args, **kwargs)
                    closed.append(event)
                    if not outer:
                        _authority.record(closed)
                    return result
            except BaseException:
                del closed[count_before:]
                raise
            finally:
                _open_events.reset(mark_open)
                _closed_events.reset(mark_closed)

        run.__amana_permission__ = permission  # type: ignore[attr-defined]
        COMMANDS[name] = Command(name=name, permission=permission, function=run)
        return run

    return mark


def note(
    *,
    subject: str = "",
    programme: str = "",
    area_id: int | None = None,
    digest: str = "",
    **details: Any,
) -> None:
    """Add to the audit event of the command now running.

    Args:
        subject: public reference of what the command is about (`HH-…`, a run, a payroll).
        programme: programme code, when there is one.
        area_id: area of the subject, so that the trail can be scoped.
        digest: hash of what was written, for bulk commands.
        details: counts and codes, JSON-ready; never names, numbers or other personal data.
    """
    events = _open_events.get()
    if not events:
        raise RuntimeError("note() is for the body of a command.")
    event = events[-1]
    event.subject = subject or event.subject
    event.programme = programme or event.programme
    event.area_id = area_id if area_id is not None else event.area_id
    event.digest = digest or event.digest
    event.details.update(details)
