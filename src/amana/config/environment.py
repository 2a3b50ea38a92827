"""What the environment may say: one table of settings, from which all else is made.

`settings.py` reads it, `docs/reference/settings.md` prints it, `amana doctor` tells each value and
where it came from. Every mistake is told at once.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from amana.kernel.errors import Problems, Where
from amana.kernel.home import find_home, make_folder

LANGUAGES: Final = ("en", "fr", "pt", "es", "sw", "ar")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable.

    Args:
        name: the variable.
        says: what it does, for people who run Amana.
        expected: its shape, in words.
        default: the text taken when it is not set; None when Amana finds a value itself.
        read: turns the text into the value, or raises ValueError.
        is_secret: never shown.
    """

    name: str
    says: str
    expected: str
    default: str | None
    read: Callable[[str], Any]
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a setting and where it came from: `environment`, `default` or `keys file`."""

    setting: Setting
    value: Any
    source: str


def _read_flag(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return words[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def _read_one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise ValueError(text)
        return text.strip()

    return read


def _read_count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1000:
        raise ValueError(text)
    return number


def _read_size(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*(MB|GB|TB)", text):
        raise ValueError(text)
    return text


def _read_hosts(text: str) -> list[str]:
    hosts = [part.strip() for part in text.split(",") if part.strip()]
    if not hosts or any("/" in host or " " in host for host in hosts):
        raise ValueError(text)
    return hosts


def _read_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(text)
    return ZoneInfo(text).key


def _read_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
    if len(key) != 32:
        raise ValueError(text)
    return key


def _read_secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError(text)
    return text


def read_database_url(text: str) -> dict[str, Any]:
    """Read a PostgreSQL address into Django's words.

    >>> read_database_url("postgresql://amana:pa%40ss@db.example:5433/amana")["PORT"]
    '5433'
    """
    parts = urlsplit(text)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"postgresql", "postgres"} or not name or "/" in name:
        raise ValueError(text)
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    port = options.pop("port", None) or (str(parts.port) if parts.port else "")
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
    }


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "DATABASE_URL",
        "The PostgreSQL to use (15 or later). Without it Amana runs one of its own in its home.",
        "postgresql://user:password@host:5432/database",
        None,
        read_database_url,
        is_secret=True,
    ),
    Setting(
        "AMANA_HOME",
        "Where Amana keeps its state: the embedded database, snapshots, files, keys.",
        "a folder; without it, var/ of the checkout",
        None,
        lambda text: Path(text).expanduser().resolve(),
    ),
    Setting(
        "AMANA_SECRET_KEY",
        "Signs sessions and forms. Changing it signs everybody out.",
        "at least 32 characters",
        None,
        _read_secret,
        is_secret=True,
    ),
    Setting(
        "AMANA_DATA_KEY",
        "Encrypts identity numbers, accounts and personal answers, and finds them again. Keep a"
        " copy apart from the database: without it they cannot be read by anyone.",
        "32 bytes in base64 (`amana doctor` proposes one)",
        None,
        _read_key,
        is_secret=True,
    ),
    Setting(
        "AMANA_DB_ROLE",
        "The database role taken: `app` owns nothing; `owner` is for migrations (`amana migrate`"
        " takes it by itself).",
        "app or owner",
        "app",
        _read_one_of("app", "owner"),
    ),
    Setting(
        "AMANA_DB_POOL",
        "Database connections kept open by a serving process; 0 opens one when needed.",
        "a number from 0 to 1000",
        "0",
        _read_count,
    ),
    Setting(
        "AMANA_HOSTS",
        "Names this site answers to.",
        "host names between commas",
        "localhost,127.0.0.1,[::1]",
        _read_hosts,
    ),
    Setting(
        "AMANA_HTTPS",
        "Whether people reach the site by https (through a proxy that sets X-Forwarded-Proto):"
        " cookies then travel by https only.",
        "yes or no",
        "no",
        _read_flag,
    ),
    Setting(
        "AMANA_LANGUAGE",
        "The language of the site until a person chooses another.",
        "one of " + ", ".join(LANGUAGES),
        "en",
        _read_one_of(*LANGUAGES),
    ),
    Setting(
        "AMANA_TIME_ZONE",
        "Where days begin and end, and in which times are shown.",
        "a name of the tz database, such as Africa/Nairobi",
        "UTC",
        _read_zone,
    ),
    Setting(
        "AMANA_TODAY",
        "Makes Amana believe that it is another day; for demonstrations and tests only.",
        "a date such as 2026-11-20",
        None,
        date.fromisoformat,
    ),
    Setting(
        "AMANA_STATIC",
        "How pages name style sheets: `hashed` after collectstatic (`amana serve` does it), else"
        " `plain`.",
        "plain or hashed",
        "plain",
        _read_one_of("plain", "hashed"),
    ),
    Setting(
        "AMANA_ENGINE_THREADS",
        "How many threads mass decisions may use.",
        "a number from 1; without it, one for each core",
        None,
        _read_count,
    ),
    Setting(
        "AMANA_ENGINE_MEMORY",
        "How much memory mass decisions may use before they go to disk.",
        "a size such as 4GB",
        "4GB",
        _read_size,
    ),
    Setting(
        "AMANA_DEBUG",
        "Shows Django's own error pages. Never where real people's data are.",
        "yes or no",
        "no",
        _read_flag,
    ),
)

_KEYS: Final[Mapping[str, Callable[[], str]]] = {
    "AMANA_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "AMANA_DATA_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
}


def propose_key(name: str) -> str:
    """Make a fresh value for a key setting."""
    return _KEYS[name]()


def read_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Value]:
    """Read every setting; keys are made once into `<home>/keys.json` beside an embedded database.

    Raises:
        BadInputs: every setting that is missing or cannot be read, each with its mend.
    """
    problems = Problems("The environment does not fit.")
    found: dict[str, Value] = {}
    for setting in SETTINGS:
        given = environment.get(setting.name, "").strip()
        text = given or setting.default
        value = None
        if text is not None:
            try:
                value = setting.read(text)
            except ValueError:
                shown = "its value" if setting.is_secret else f"“{text}”"
                problems.add(
                    f"{setting.name}: {shown} cannot be read.",
                    where=Where(field=setting.name),
                    mend=f"Expected: {setting.expected}.",
                    code="SETTING_UNREADABLE",
                )
        found[setting.name] = Value(setting, value, "environment" if given else "default")
    home = found["AMANA_HOME"]
    if home.value is None:
        home = found["AMANA_HOME"] = Value(home.setting, find_home(environment), "default")
    missing = [name for name in _KEYS if not environment.get(name, "").strip()]
    if missing and environment.get("DATABASE_URL", "").strip():
        for name in missing:
            problems.add(
                f"{name} is missing.",
                where=Where(field=name),
                mend="A database of its own (DATABASE_URL) needs its key from the environment. A"
                f" fresh one: {name}={propose_key(name)}",
                code="SETTING_MISSING",
            )
    problems.raise_if_any()
    if missing:
        kept = _keep_keys(home.value / "keys.json", missing)
        for name in missing:
            setting = found[name].setting
            found[name] = Value(setting, setting.read(kept[name]), "keys file")
    return found


def _keep_keys(path: Path, names: list[str]) -> dict[str, str]:
    """Read the keys file, adding the keys it lacks; two processes at once agree on one file."""
    make_folder(path.parent)
    for _ in range(2):
        try:
            kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            kept = {}
        if all(name in kept for name in names):
            break
        whole = kept | {name: propose_key(name) for name in _KEYS if name not in kept}
        fresh = path.with_suffix(f".{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(whole, file, indent=2)
        if kept:
            fresh.replace(path)
        else:
            with contextlib.suppress(FileExistsError):  # another process was first: its keys count
                os.link(fresh, path)
            fresh.unlink()
    return kept if all(name in kept for name in names) else json.loads(path.read_text("utf-8"))
