"""The list of permissions: what there is to be allowed, in words.

Each room declares its own in `<room>/permissions.py`; a blueprint's roles are lists of these codes.
A role with `*` holds them all (the local operator of one installation).
"""

from __future__ import annotations

from typing import Final

EVERYTHING: Final = "*"

PERMISSIONS: dict[str, str] = {}


def declare(code: str, title: str) -> None:
    """Declare a permission, `room.act`, with the sentence people read when they give it.

    Raises:
        ValueError: when the code was declared before with another title.
    """
    if PERMISSIONS.get(code, title) != title:
        raise ValueError(f"permission {code} is declared twice with different titles")
    PERMISSIONS[code] = title


declare("access.manage_users", "Add users and give or take roles")
declare("access.view_users", "See users and their roles")
declare("access.view_audit", "Read the audit trail")
declare("access.view_runs", "See long-running work and its results")
declare("access.cancel_run", "Stop a long-running piece of work")
declare("access.apply_roles", "Change roles and separations from a blueprint")
declare("places.view_areas", "See areas, organisations and offices")
declare("places.apply_areas", "Change areas, organisations and offices from a blueprint")
