"""Where the blueprints that come with Amana are: in the checkout, or beside the installation."""

from __future__ import annotations

import sys
from pathlib import Path

from amana.kernel.errors import NotFound
from amana.kernel.home import find_checkout


class BlueprintNotShipped(NotFound):
    """This installation has no blueprint of that name."""

    code = "BLUEPRINT_NOT_SHIPPED"


def find_blueprint(name: str) -> Path:
    """Give the folder of a blueprint that comes with Amana.

    Raises:
        BlueprintNotShipped: there is none of that name here.
    """
    installed = Path(sys.prefix) / "share" / "amana" / "blueprints"
    checkout = find_checkout()
    places = [installed] if checkout is None else [checkout / "blueprints", installed]
    for place in places:
        if (place / name / "blueprint.yaml").is_file():
            return place / name
    raise BlueprintNotShipped(
        f"The blueprint “{name}” is not part of this installation.",
        mend="Run from a checkout of the source, which has it under blueprints/.",
    )
