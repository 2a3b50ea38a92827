"""The API as a whole: its routers, its documentation and how its errors read."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

import amana.api as package
from amana import __version__
from amana.api.access import AUTH
from amana.kernel.errors import AmanaError

CORE = {"access", "apps", "main", "urls", "pages"}

api = NinjaAPI(
    title="Amana",
    version=__version__,
    description="Everything the site can do, for other systems. Errors are problem documents "
    "(RFC 9457): `code` for machines, `detail` and `mend` for people, `where` for the place.",
    auth=AUTH,
    urls_namespace="api",
    docs_url="/docs",
)


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    where: dict[str, Any] | None = None,
    mend: str = "",
    errors: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    """Answer with a problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "where": where or {},
        "mend": mend,
    }
    if errors is not None:
        body["errors"] = errors
    return HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")


@api.exception_handler(AmanaError)
def _refusal(request: HttpRequest, error: AmanaError) -> HttpResponse:
    told = error.as_dict()
    return problem(
        status=error.http_status,
        code=error.code,
        title=error.code.replace("_", " ").capitalize(),
        detail=error.message,
        where=told["where"],
        mend=error.mend,
        errors=told.get("errors"),
    )


@api.exception_handler(ValidationError)
def _bad_shape(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {
            "code": "BAD_INPUT",
            "message": item["msg"],
            "where": {"field": ".".join(str(part) for part in item["loc"])},
        }
        for item in error.errors
    ]
    return problem(
        status=422,
        code="BAD_INPUT",
        title="Bad input",
        detail="The request does not have the expected shape.",
        where=errors[0]["where"] if errors else {},
        mend="Compare it with the documentation at /api/docs.",
        errors=errors,
    )


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        status=401,
        code="NOT_SIGNED_IN",
        title="Not signed in",
        detail="This address needs a signed-in user or a token.",
        mend="Send Authorization: Bearer TOKEN, or sign in to the site first.",
    )


@api.exception_handler(Http404)
def _absent(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(status=404, code="NOT_FOUND", title="Not found", detail="There is nothing here.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(
        status=error.status_code, code="HTTP_ERROR", title="Refused", detail=str(error.message)
    )


def add_routers() -> None:
    """Find the router of every room (`api/<room>.py`) and add it."""
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        router = getattr(module, "router", None)
        if router is not None:
            api.add_router("", router)


add_routers()
