"""What tests of pages share: signed-in clients, and a small invented registry.

Models are imported inside the fixtures: this file is read before Django is set up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.web.people import Registry


@pytest.fixture
def client_of(db: None) -> Callable[..., Client]:
    """Give a client signed in as a new user who holds the permissions, within an area."""
    from django.test import Client

    from amana.access.models import User
    from tests.making import make_user

    def make(*permissions: str, area: Any = None, username: str = "") -> Client:
        name = username or f"user{User.objects.count()}"
        user = make_user(name, permissions, area=area)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


@pytest.fixture
def registry(db: None) -> Registry:
    """Give one province with two districts and the people of `tests.web.people.make_registry`."""
    from tests.web.people import make_registry

    return make_registry()
