"""Django's entry for the exchange room, which has no tables yet."""

from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Load what the room declares."""

    name = "amana.exchange"
    label = "exchange"

    def ready(self) -> None:
        """Declare the room's permissions."""
        from amana.exchange import permissions  # noqa: F401
