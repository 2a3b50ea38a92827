"""How people come in: accounts are made by an administrator, never by a visitor."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Refuse sign-up: `amana user add` or the users page makes accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Say no, whoever asks."""
        return False
