"""Django's entry for the places room."""

from __future__ import annotations

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Register the room's tables; its permissions are declared in access, which stands above."""

    name = "amana.places"
    label = "places"
    default_auto_field = "django.db.models.BigAutoField"
