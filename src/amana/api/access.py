"""Who calls the API: sessions and bearer tokens, the permission of a route, repeated writes."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth

from amana.access import scope
from amana.access.models import IdempotentRequest
from amana.access.permissions import PERMISSIONS
from amana.access.sealing import decrypt_text, encrypt_text
from amana.access.tokens import find_token
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import Conflict, NotPermitted

F = TypeVar("F", bound=Callable[..., Any])

#: Permission of every route, by the name of its function; a test reads it.
ROUTES: dict[str, str] = {}


class KeyUsedOtherwise(Conflict):
    """The idempotency key came before with another request."""

    code = "IDEMPOTENCY_KEY_USED_OTHERWISE"


class TokenAuth(HttpBearer):
    """A token in the `Authorization: Bearer …` header."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Give the token's user, or None."""
        found = find_token(token, on=clock.today())
        if found is None:
            return None
        request.user = found.user
        return found.user


class SignedInAuth(SessionAuth):
    """The session of somebody signed in to the site, with its CSRF token for writes."""


AUTH = [TokenAuth(), SignedInAuth()]


class ApiRequest(HttpRequest):
    """A request as the functions behind `@allows` get it, for type checking only."""

    actor: Actor


def user_key(request: HttpRequest) -> int:
    """Give the key of the user of an authenticated request."""
    key = request.user.pk
    assert key is not None, "a route is reached by somebody signed in or with a token"
    return key


def actor_of(request: HttpRequest) -> Actor:
    """Give the actor of an authenticated request; the purpose comes from `X-Amana-Purpose`."""
    return Actor(
        user_id=user_key(request),
        username=request.user.get_username(),
        channel="api",
        purpose=request.headers.get("X-Amana-Purpose", "administration")[:60],
    )


def allows(permission: str) -> Callable[[F], F]:
    """Name the permission a route asks for, and answer repeated writes once.

    The route's function gets `request.actor`. A POST, PUT, PATCH or DELETE with an
    `Idempotency-Key` is done once: the same request again gets the same answer, another request
    with the same key is refused.
    """

    def mark(function: F) -> F:
        @functools.wraps(function)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            actor = actor_of(request)
            if not scope.holds(actor, permission):
                title = PERMISSIONS.get(permission, permission)
                raise NotPermitted(
                    f"Your roles do not let you do this: {title[:1].lower()}{title[1:]}.",
                    mend="Ask an administrator for a role that includes it.",
                )
            request.actor = actor  # type: ignore[attr-defined]
            key = request.headers.get("Idempotency-Key", "")
            if request.method in {"GET", "HEAD", "OPTIONS"} or not key:
                return function(request, *args, **kwargs)
            return _answer_once(request, key, lambda: function(request, *args, **kwargs))

        run.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
        run.__amana_permission__ = permission  # type: ignore[attr-defined]
        ROUTES[f"{function.__module__}.{function.__name__}"] = permission
        return run  # type: ignore[return-value]

    return mark


def _answer_once(request: HttpRequest, key: str, act: Callable[[], Any]) -> Any:
    """Run a write and keep its answer in one transaction, or give the answer kept before."""
    body = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    digest = hashlib.sha256(body).hexdigest()
    row = IdempotentRequest(
        user_id=user_key(request), key=key[:120], request_sha256=digest, at=clock.now()
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            before = IdempotentRequest.objects.get(user_id=user_key(request), key=key[:120])
            if before.request_sha256 != digest:
                raise KeyUsedOtherwise(
                    "This idempotency key came before with another request.",
                    mend="Use a fresh key for each new request.",
                ) from None
            return json.loads(decrypt_text(before.answer or b""))
        answer = act()
        kept = answer.model_dump(mode="json") if hasattr(answer, "model_dump") else answer
        row.answer = encrypt_text(json.dumps(kept))
        row.save(update_fields=["answer"])
        return answer
