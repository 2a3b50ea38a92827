"""Django's entry for the scoring room."""

from __future__ import annotations

from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """Register the room's tables."""

    name = "amana.scoring"
    label = "scoring"
    default_auto_field = "django.db.models.BigAutoField"
