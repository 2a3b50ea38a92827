"""Django's entry for the registry room."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Register the room's tables, permissions and privacy classes."""

    name = "amana.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.registry import permissions, privacy  # noqa: F401
