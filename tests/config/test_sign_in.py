"""Nobody signs up, passwords and second factors do not lie open."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from amana.access.models import User

pytestmark = pytest.mark.django_db


def test_a_visitor_cannot_sign_up(client: Client) -> None:
    given = {
        "username": "visitor",
        "password1": "a long password 7",
        "password2": "a long password 7",
    }
    client.post("/accounts/signup/", given)
    assert not User.objects.filter(username="visitor").exists()


def test_the_secret_of_a_second_factor_is_sealed() -> None:
    user = User.objects.create(username="amina")
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    stored = Authenticator.objects.get(user=user).data["secret"]
    assert secret not in stored
    found = Authenticator.objects.get(user=user).wrap()
    assert found.validate_code(_code_of(secret))
    assert not found.validate_code("000000") or _code_of(secret) == "000000"


def _code_of(secret: str) -> str:
    from allauth.mfa.totp.internal.auth import (
        format_hotp_value,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def test_wrong_passwords_say_nothing_about_who_exists(client: Client) -> None:
    user = User.objects.create(username="amina")
    user.set_password("a long password 7")
    user.save()
    answers = [
        client.post("/accounts/login/", {"login": name, "password": "wrong"})
        for name in ("amina", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    errors = [str(answer.context["form"].errors) for answer in answers]
    assert errors[0] == errors[1] != ""
