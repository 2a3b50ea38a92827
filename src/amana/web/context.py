"""What base.html needs on every page: menu, role and place of the user, languages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from amana.access.models import RoleAssignment
from amana.kernel import clock
from amana.web import menu, pages
from amana.web.words import in_language

#: Each language under its own name.
LANGUAGE_NAMES = {
    "en": "English",
    "fr": "Français",
    "pt": "Português",
    "es": "Español",
    "sw": "Kiswahili",
    "ar": "العربية",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give the parts of the page around its content; nothing is read until a template asks."""
    user = getattr(request, "user", None)
    here = translation.get_language() or settings.LANGUAGE_CODE
    values: dict[str, Any] = {
        "languages": [
            {"code": code, "name": LANGUAGE_NAMES.get(code, name), "current": code == here}
            for code, name in settings.LANGUAGES
        ],
        "right_to_left": translation.get_language_bidi(),
    }
    if user is not None and user.is_authenticated:
        actor = getattr(request, "actor", None) or pages.actor_of(request)
        values["menu"] = SimpleLazyObject(lambda: menu.items_for(request, actor))
        values["standing"] = SimpleLazyObject(lambda: _standing(user.pk))
    return values


def _standing(user_id: int) -> str:
    """Say in a few words as what and where somebody works: “Caseworker · Kisumu East”."""
    today = clock.today()
    words: list[str] = []
    rows = (
        RoleAssignment.objects.filter(user_id=user_id, valid_from__lte=today)
        .exclude(valid_to__lte=today)
        .select_related("role", "area")
        .order_by("id")[:3]
    )
    for row in rows:
        title = in_language(row.role.title) or row.role.code
        words.append(f"{title} · {row.area.name}" if row.area else title)
    return ", ".join(dict.fromkeys(words))
