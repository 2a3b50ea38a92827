"""Django's entry for the intake room."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Register the room's tables, permissions and privacy classes."""

    name = "amana.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.intake import permissions, privacy  # noqa: F401
