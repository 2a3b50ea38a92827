"""Django's entry for the access room."""

from __future__ import annotations

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Install the authority behind every command and load what the room declares."""

    name = "amana.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the kernel who checks and records; end progress connections with requests."""
        from django.core.signals import request_finished

        from amana.access import permissions, privacy_classes  # noqa: F401
        from amana.access.authority import DatabaseAuthority
        from amana.kernel.command import install_authority

        install_authority(DatabaseAuthority())
        request_finished.connect(_end_progress, dispatch_uid="amana.access.progress")


def _end_progress(**_signal: object) -> None:
    """Close the connection on which this thread told of its run."""
    from amana.access.runs import close_side_connection

    close_side_connection()
