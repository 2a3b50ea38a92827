"""Django's entry for the scoring room."""

from __future__ import annotations

from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """Register the room's tables, permissions and privacy classes."""

    name = "amana.scoring"
    label = "scoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.scoring import permissions, privacy  # noqa: F401
