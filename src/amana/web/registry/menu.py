"""What the registry adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.registry.queries import VIEW
from amana.web import menu

menu.add(
    order=10,
    title=_("Registry"),
    url="registry:households",
    permission=VIEW,
    icon="people",
    covers="/registry/",
)
menu.add(
    order=26,
    title=_("Snapshots"),
    url="registry:snapshots",
    permission="registry.view_snapshots",
    icon="clock",
    covers="/registry/snapshots/",
)
