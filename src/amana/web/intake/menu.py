"""What intake adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(
    order=20,
    title=_("Imports"),
    url="intake:imports",
    permission="intake.view_imports",
    icon="tray",
)
