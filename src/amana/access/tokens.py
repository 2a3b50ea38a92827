"""Bearer tokens of the API: a random secret, shown once and kept as its hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from amana.access.models import ApiToken

PREFIX = "amana_"


def new_token() -> str:
    """Make a fresh secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Give the hash under which a token is kept; it is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_token(token: str, *, on: date) -> ApiToken | None:
    """Find a live token of an active user."""
    return (
        ApiToken.objects.filter(
            token_sha256=hash_token(token),
            revoked_at__isnull=True,
            expires_on__gt=on,
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )
