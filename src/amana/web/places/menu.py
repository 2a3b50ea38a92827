"""What places adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(order=80, title=_("Areas"), url="places:areas", permission="places.view_areas", icon="pin")
menu.add(
    order=82,
    title=_("Organisations"),
    url="places:organisations",
    permission="places.view_areas",
    icon="building",
)
