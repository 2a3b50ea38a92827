"""What scoring adds to the side menu."""

from django.utils.translation import gettext_lazy as _

from amana.web import menu

menu.add(
    order=28,
    title=_("Scoring"),
    url="scoring:models",
    permission="scoring.view",
    icon="chart",
    covers="/scoring/",
)
