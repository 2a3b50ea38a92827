"""Django's entry for the programmes room."""

from __future__ import annotations

from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    """Register the room's tables, permissions, privacy classes and columns of the snapshot."""

    name = "amana.programmes"
    label = "programmes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.programmes import permissions, privacy, snapshot_columns  # noqa: F401
