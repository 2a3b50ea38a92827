"""What is configured, what is missing, and how to mend it: the answer of `amana doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from amana.config.environment import read_environment
from amana.kernel.errors import AmanaError

FREE_BYTES_MIN = 2 * 1024**3
POSTGRES_MIN = 150000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Args:
        name: what was looked at.
        state: `ok`, `warning` (works, but look) or `broken`.
        says: what was found.
        mend: how to mend it; empty when all is well.
    """

    name: str
    state: str
    says: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """Give the check for JSON."""
        return asdict(self)


def list_settings() -> list[dict[str, str]]:
    """List every setting with where its value comes from; secrets are not shown."""
    rows = []
    for name, entry in read_environment().items():
        shown = "(secret)" if entry.setting.is_secret else str(entry.value)
        if entry.value is None:
            shown = ""
        rows.append(
            {"name": name, "value": shown, "source": entry.source, "says": entry.setting.says}
        )
    return rows


def examine(set_up: Callable[[], None]) -> Iterator[Check]:
    """Look at the whole installation, from the ground up; stop where the next step cannot stand.

    Args:
        set_up: sets Django up (the command line's own), so that its failure is a finding.
    """
    yield Check("python", "ok", sys.version.split()[0])
    try:
        read_environment()
    except AmanaError as error:
        for one in getattr(error, "errors", [error]):
            yield Check("settings", "broken", one.message, one.mend)
        return
    yield Check("settings", "ok", "Every setting can be read.")
    try:
        set_up()
    except AmanaError as error:
        yield Check("database", "broken", error.message, error.mend)
        return
    yield from _examine_installation()
    yield from _examine_database()


def _examine_installation() -> Iterator[Check]:
    from django.conf import settings

    home: Path = settings.AMANA_HOME
    free = shutil.disk_usage(home).free
    state = "ok" if free >= FREE_BYTES_MIN else "warning"
    mend = "" if state == "ok" else "Free some space, or set AMANA_HOME to a larger disk."
    yield Check("home", state, f"{home}, {free / 1024**3:.1f} GiB free", mend)
    if (home / "keys.json").exists() and "AMANA_DATA_KEY" not in os.environ:
        yield Check(
            "data key",
            "ok" if not _has_people() else "warning",
            f"made by Amana, kept in {home / 'keys.json'}",
            "Keep a copy of this file apart from the database, or set AMANA_DATA_KEY."
            if _has_people()
            else "",
        )
    if settings.DEBUG:
        yield Check(
            "debug", "warning", "AMANA_DEBUG is on.", "Remove it where real people's data are."
        )
    from django.contrib.staticfiles import finders

    if finders.find("amana/amana.css"):
        yield Check("style sheet", "ok", "built")
    else:
        yield Check("style sheet", "broken", "not built", "Run `npm ci && npm run build`.")


def _has_people() -> bool:
    from django.apps import apps
    from django.db import DatabaseError

    try:
        return bool(apps.get_model("registry", "Person").objects.exists())
    except DatabaseError:
        return False


def _examine_database() -> Iterator[Check]:
    from django.conf import settings
    from django.db import DatabaseError, connection

    from amana.config import migrating

    kind = "embedded" if settings.AMANA_EMBEDDED else "DATABASE_URL"
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            version = cursor.fetchone()[0]
            cursor.execute(
                "SELECT session_user, current_user, rolsuper FROM pg_roles"
                " WHERE rolname = session_user"
            )
            login, role, is_super = cursor.fetchone()
    except DatabaseError as error:
        words = str(error).strip()
        mend = "Run `amana migrate`." if "role" in words else "Look at DATABASE_URL and the server."
        yield Check("database", "broken", words, mend)
        return
    told = f"{kind}, PostgreSQL {version // 10000}.{version % 10000}, {login} as {role}"
    if version < POSTGRES_MIN:
        yield Check("database", "broken", told, "Amana needs PostgreSQL 15 or later.")
        return
    if is_super:
        mend = "Let DATABASE_URL name a login that is a member of amana_owner and amana_app."
        yield Check("database", "warning", f"{told}; a superuser", mend)
    else:
        yield Check("database", "ok", told)
    if migrating.is_migrated():
        yield Check("migrations", "ok", "all applied")
        yield from _examine_blueprint()
    elif settings.AMANA_EMBEDDED:
        yield Check("migrations", "warning", "not all applied yet", "The next command does it.")
    else:
        yield Check("migrations", "broken", "some are not applied", "Run `amana migrate`.")


def _examine_blueprint() -> Iterator[Check]:
    from amana.exchange import queries as exchange
    from amana.places.country import find_country

    country = find_country()
    if country is None:
        yield Check(
            "blueprint", "warning", "none applied yet", "Run `amana apply blueprints/demo`."
        )
        return
    yield Check("blueprint", "ok", f"{country.blueprint} {country.version}")
    if unread := exchange.list_unread_variables():
        yield Check(
            "dictionary",
            "warning",
            f"asked for deciding and read by no rule: {', '.join(unread)}",
            "Stop asking for them, or give them another purpose.",
        )


def check_invariants() -> list[dict[str, Any]]:
    """Check every declared invariant over the whole database."""
    from django.utils.module_loading import autodiscover_modules

    from amana.kernel.invariants import FOUND_MAX, INVARIANTS

    autodiscover_modules("invariants")
    answers = []
    for code in sorted(INVARIANTS):
        found = INVARIANTS[code].find()[:FOUND_MAX]
        answers.append(
            {"invariant": code, "says": INVARIANTS[code].says, "holds": not found, "found": found}
        )
    return answers
