"""Django's name for the web face."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The pages; no tables."""

    name = "amana.web"
    label = "web"
