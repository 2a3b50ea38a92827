"""Write the reference pages that are made from the code: `make docs`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from amana.cli.session import Session, command, set_up
from amana.kernel.errors import NotFound
from amana.kernel.home import find_checkout


class CheckoutMissing(NotFound):
    """Amana runs from an installed package, where there is no documentation to write."""

    code = "CHECKOUT_MISSING"


MADE: Final = "<!-- Made from the code by `make docs`; changes here are lost. -->\n"
ROOM_TITLES: Final = {
    "places": "Places",
    "access": "Users and access",
    "registry": "Registry",
    "identity": "Identity",
    "intake": "Intake",
    "scoring": "Scoring",
    "programmes": "Programmes",
    "payments": "Payments",
    "exchange": "Blueprints",
}


def settings_page() -> str:
    """Give `settings.md`: every environment variable Amana reads."""
    from amana.config.environment import SETTINGS

    lines = [
        MADE,
        "# Settings\n",
        _ABOUT_SETTINGS,
        "| variable | what it does | expected | when not set |",
        "|---|---|---|---|",
    ]
    for setting in SETTINGS:
        default = "found by Amana" if setting.default is None else f"`{setting.default}`"
        lines.append(f"| `{setting.name}` | {setting.says} | {setting.expected} | {default} |")
    lines.append(
        "\nBeside an embedded database the two keys are made once and kept in `keys.json` of the"
        " home, readable by its owner alone. With `DATABASE_URL` they must be given.\n"
    )
    return "\n".join(lines)


def permissions_page() -> str:
    """Give `permissions.md`: what a role may hold."""
    from amana.access.permissions import PERMISSIONS

    lines = [
        MADE,
        "# Permissions\n",
        _ABOUT_PERMISSIONS,
    ]
    for room, title in ROOM_TITLES.items():
        mine = sorted(code for code in PERMISSIONS if code.startswith(f"{room}."))
        if mine:
            lines += [f"## {title}\n", "| code | lets a person |", "|---|---|"]
            lines += [f"| `{code}` | {_lower(PERMISSIONS[code])} |" for code in mine]
            lines.append("")
    return "\n".join(lines)


def command_line_page() -> str:
    """Give `command-line.md`: how commands answer, their exit codes, and each with its options."""
    import typer

    from amana.cli import app

    lines = [MADE, _HOW_COMMANDS_ANSWER]
    root: Any = typer.main.get_command(app)
    for words, found in _walk(root, ""):
        lines += [f"## amana {words}\n", (found.help or "").strip() + "\n", "```"]
        lines += [f"amana {words}{_usage(found)}", "```\n"]
        described = [p for p in found.params if p.help and p.name not in {"as_json", "as_user"}]
        for parameter in described:
            name = (
                parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name.upper()
            )
            lines.append(f"- `{name}`: {_words_of(parameter)}")
        if described:
            lines.append("")
    return "\n".join(lines)


def _walk(group: Any, prefix: str) -> list[tuple[str, Any]]:
    found = []
    for name in sorted(group.commands):
        entry = group.commands[name]
        if getattr(entry, "hidden", False):
            continue
        words = f"{prefix}{name}"
        if hasattr(entry, "commands"):
            found += _walk(entry, f"{words} ")
        else:
            found.append((words, entry))
    return found


def _usage(found: Any) -> str:
    parts = []
    for parameter in found.params:
        if parameter.name in {"as_json", "as_user"}:
            continue
        if parameter.opts[0].startswith("-"):
            value = "" if parameter.is_flag else f" {parameter.name.upper()}"
            text = f"{parameter.opts[0]}{value}"
        else:
            text = parameter.name.upper()
        parts.append(f" {text}" if parameter.required else f" [{text}]")
    return "".join(parts)


def _words_of(parameter: Any) -> str:
    shown = parameter.default
    plain = isinstance(shown, str | int) and not isinstance(shown, bool) and shown != ""
    return f"{parameter.help} Default: `{shown}`." if plain else str(parameter.help)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_ABOUT_SETTINGS: Final = """\
Amana is configured by environment variables alone; policy (amounts, thresholds, calendars) stands
in blueprints. `amana doctor` tells each value and where it came from.
"""

_ABOUT_PERMISSIONS: Final = """\
A role in a blueprint's `roles.yaml` is a list of these codes; `*` holds them all. A role is held
within a scope: an area, an office, a programme, or the whole country.
"""

_HOW_COMMANDS_ANSWER: Final = """\
# The command line

Every command takes two options:

- `--json`: print one JSON object on standard output. Words and progress go to standard error.
- `--as USER`: act as this user of Amana. Without it the local operator acts.

A refusal is one JSON object too, `{"error": {"code", "message", "where", "mend"}}`, and the exit
code says of which kind it is:

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the present state does not allow it (a period already paid, a list already approved) |
| 2 | the command line was not understood |
| 3 | what was given does not fit: a file, a blueprint, an option's value |
| 4 | there is no such thing, or it is not yours to see |
| 5 | the user's roles do not allow it |
| 6 | the installation must be mended: a setting, the database, its migrations (`amana doctor`) |
| 70 | a mistake in Amana itself; nothing half done was kept |
| 130 | stopped from the keyboard |

With an embedded database, the first command makes it and brings its tables up to date; with
`DATABASE_URL`, run `amana migrate` first. A REFERENCE is the one on the card or page
(`HH-4K7Q-2XM`), or the key a record had in its source (`survey:12/3`).
"""

_GRAINS: Final = {"person": "People", "household": "Households", "area": "Areas"}
_ABOUT_CORE: Final = """\
What Amana can know from the first day, in any country. A blueprint's `dictionary.yaml` adds
variables of its own and says with `means:` which core variable each stands for; see
[blueprints](blueprint.md). It covers what guidance lists as typical of a social registry and what
a national single registry was found to hold.
"""


def core_dictionary_page() -> str:
    """Give `core-dictionary.md`: the variables and code lists that Amana ships."""
    from amana.registry.dictionary import PURPOSES, core_attributes, core_dictionary

    core = core_dictionary()
    lines = [MADE, "# The core dictionary\n", _ABOUT_CORE]
    lines += ["## What has a column of its own\n", "| code | of | what | asked for |"]
    lines += ["|---|---|---|---|"]
    for item in core_attributes():
        asked = ", ".join(item["purpose"])  # type: ignore[arg-type]
        lines.append(f"| `{item['code']}` | {item['of']} | {item['title']} | {asked} |")
    for grain, title in _GRAINS.items():
        lines += [f"\n## {title}\n", "| code | what | answer | fresh for | asked for | privacy |"]
        lines += ["|---|---|---|---|---|---|"]
        for variable in core.variables.values():
            if variable.of != grain:
                continue
            kind = variable.type
            if variable.codes:
                heading = core.code_lists[variable.codes].title[""]
                kind = f"one of [{variable.codes}](#{_anchor(heading)})"
            months = variable.validity_months
            lines.append(
                f"| `{variable.code}` | {variable.title['']} | {kind}"
                f" | {f'{months} months' if months else 'ever'}"
                f" | {', '.join(variable.purposes)} | {variable.privacy} |"
            )
    lines += ["\n## Purposes\n", "| purpose | in words |", "|---|---|"]
    lines += [f"| `{code}` | {words} |" for code, words in PURPOSES.items()]
    lines += ["\n## Code lists\n"]
    for code_list in core.code_lists.values():
        lines += [f"### {code_list.title['']}\n", f"Code list `{code_list.code}`.\n"]
        lines += ["| code | means |"]
        lines += ["|---|---|"]
        lines += [f"| `{code}` | {one.title['']} |" for code, one in code_list.codes.items()]
        lines.append("")
    return "\n".join(lines)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "permissions.md": permissions_page,
    "command-line.md": command_line_page,
    "core-dictionary.md": core_dictionary_page,
}


@command("write-reference", needs_database=False, hidden=True)
def write_reference(session: Session) -> dict[str, Any]:
    """Write the reference pages that are made from the code; `make docs` calls it."""
    set_up(needs_database=False)
    checkout = find_checkout()
    if checkout is None:
        raise CheckoutMissing(
            "The documentation is written in a source checkout.", mend="Run it in a clone."
        )
    folder: Path = checkout / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
        session.say(f"docs/reference/{name}")
    return {"pages": sorted(PAGES)}
