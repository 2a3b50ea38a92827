"""What payments add to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(
    order=40,
    title=_("Payments"),
    url="payments:payrolls",
    permission="payments.view",
    icon="coins",
)
