"""Django's entry for the web face."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Register the pages' templates, static files and template tags."""

    name = "amana.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
