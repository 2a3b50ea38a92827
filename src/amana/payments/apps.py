"""Django's entry for the payments room."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Register the room's tables."""

    name = "amana.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"
