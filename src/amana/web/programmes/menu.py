"""What programmes add to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(
    order=30,
    title=_("Programmes"),
    url="programmes:programmes",
    permission="programmes.view",
    icon="list",
)
