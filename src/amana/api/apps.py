"""Django's entry for the api face."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Register the API's routes."""

    name = "amana.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"
