"""What exchange adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(
    order=86,
    title=_("Blueprint"),
    url="exchange:blueprint",
    permission="exchange.view_blueprint",
    icon="list",
)
