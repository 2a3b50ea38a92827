"""Django's entry for the access room."""

from __future__ import annotations

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Install the authority behind every command and load what the room declares."""

    name = "amana.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the kernel who checks and records."""
        from amana.access import permissions, privacy_classes  # noqa: F401
        from amana.access.authority import DatabaseAuthority
        from amana.kernel.command import install_authority

        install_authority(DatabaseAuthority())
