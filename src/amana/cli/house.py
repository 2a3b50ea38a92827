"""Commands about the installation itself: serve, doctor, migrate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amana.cli.session import Session, command, set_up
from amana.kernel.errors import AmanaError


class InstallationBroken(AmanaError):
    """`amana doctor` found something that must be mended."""

    code = "INSTALLATION_BROKEN"
    http_status = 503


class InvariantBroken(AmanaError):
    """`amana doctor --invariants` found records that break a rule of the house."""

    code = "INVARIANT_BROKEN"
    http_status = 500


@command("doctor", needs_database=False)
def doctor(
    session: Session,
    invariants: Annotated[
        bool, typer.Option("--invariants", help="Check the whole database, which takes longer.")
    ] = False,
) -> dict[str, Any]:
    """Tell what is configured, what is missing and how to mend it."""
    from amana.config import doctor as examination

    checks = []
    for check in examination.examine(lambda: set_up(needs_database=False)):
        checks.append(check)
        sign = {"ok": "ok     ", "warning": "look   ", "broken": "BROKEN "}[check.state]
        session.say(f"{sign} {check.name}: {check.says}")
        if check.mend:
            session.say(f"        {check.mend}")
    broken = [check for check in checks if check.state == "broken"]
    if broken:
        raise InstallationBroken(
            "; ".join(f"{check.name}: {check.says}" for check in broken),
            mend=" ".join(check.mend for check in broken),
        )
    answer: dict[str, Any] = {
        "checks": [check.as_dict() for check in checks],
        "settings": examination.list_settings(),
    }
    if invariants:
        answer["invariants"] = examination.check_invariants()
        failed = [one for one in answer["invariants"] if not one["holds"]]
        for one in answer["invariants"]:
            session.say(f"{'ok     ' if one['holds'] else 'BROKEN '} {one['says']}")
            for reference in one["found"]:
                session.say(f"        {reference}")
        if failed:
            raise InvariantBroken(
                "; ".join(f"{one['invariant']}: {', '.join(one['found'])}" for one in failed),
                mend="Tell the maintainers; nothing was changed.",
            )
    return answer if session.wants_json else {}  # people have read it above


@command("migrate", needs_database=False)
def migrate(session: Session) -> dict[str, Any]:
    """Bring the database to the shape this version expects, making its roles when missing."""
    set_up(needs_database=False)
    from amana.config import migrating

    applied = migrating.migrate()
    session.say(f"{len(applied)} migrations applied.")
    return {"applied": applied}


@command("serve")
def serve(
    session: Session,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    threads: Annotated[int, typer.Option(min=1, max=256, help="Requests at once.")] = 4,
) -> None:
    """Serve the site, and do its background work, until stopped."""
    from amana.cli import serving

    serving.check_port(host, port)
    serving.collect_static()
    session.say(f"Amana is at http://{host}:{port}/ (stop with Ctrl-C)")
    serving.serve(host=host, port=port, threads=threads)


@command("worker", hidden=True)
def worker(session: Session) -> None:
    """Do background work until stopped; `amana serve` starts one by itself."""
    from amana.cli import serving

    serving.work()
