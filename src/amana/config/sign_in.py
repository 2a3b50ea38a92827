"""How people come in: accounts are made by an administrator, second factors are kept sealed."""

from __future__ import annotations

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from amana.access.sealing import decrypt_text, encrypt_text


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Refuse sign-up: `amana user add` or the users page makes accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Say no, whoever asks."""
        return False


class SealedFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keep the secrets of second factors encrypted with the data key."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return base64.b64encode(encrypt_text(text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return decrypt_text(base64.b64decode(encrypted_text))
