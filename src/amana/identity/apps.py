"""Django's entry for the identity room."""

from __future__ import annotations

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Register the room's tables, permissions and privacy classes."""

    name = "amana.identity"
    label = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.identity import permissions, privacy  # noqa: F401
