"""Django's entry for the payments room."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Register the room's tables, permissions and privacy classes."""

    name = "amana.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load what the room declares."""
        from amana.payments import permissions, privacy  # noqa: F401
