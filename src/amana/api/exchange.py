"""The applied blueprint and the dictionary, over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from amana.api.access import allows
from amana.exchange import queries
from amana.kernel.errors import NotFound
from amana.registry.dictionary import Variable
from amana.registry.live_dictionary import get_dictionary

router = Router(tags=["Blueprint"])


@router.get("/blueprint")
@allows(queries.VIEW)
def get_blueprint(request: HttpRequest) -> dict[str, Any]:
    """Get what is applied: the country, the files with their hashes, every published version."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.find_blueprint(actor=actor)
    if found is None:
        raise NotFound("No blueprint was applied yet.", mend="Run: amana apply DIR")
    return {
        "blueprint": found.blueprint,
        "version": found.version,
        "title": found.title,
        "country": found.country,
        "currency": found.currency,
        "minor_digits": found.minor_digits,
        "languages": found.languages,
        "sha256": found.sha256,
        "applied_at": found.applied_at.isoformat(),
        "applied_by": found.applied_by,
        "files": found.files,
        "untranslated": found.untranslated,
        "unread_variables": queries.list_unread_variables(),
        "published": [
            {
                "kind": one.kind,
                "code": one.code,
                "version": one.version,
                "title": one.title,
                "sha256": one.sha256,
                "published_at": one.published_at.isoformat(),
                "published_by": one.published_by,
                "in_force": one.is_last,
            }
            for one in queries.list_published(actor=actor)
        ],
    }


@router.get("/dictionary")
@allows(queries.VIEW)
def get_dictionary_in_force(request: HttpRequest, of: str = "") -> dict[str, Any]:
    """Get the variables in force with their code lists, perhaps of one grain (`of`)."""
    known = get_dictionary()
    variables = [v for v in known.variables.values() if of in ("", v.of)]
    named = {v.codes for v in variables if v.codes}
    return {
        "sha256": known.sha256,
        "variables": [_variable(v) for v in variables],
        "code_lists": {
            code: {
                "title": dict(code_list.title),
                "codes": [
                    {"code": name, "title": dict(entry.title), "means": entry.means}
                    for name, entry in code_list.codes.items()
                ],
            }
            for code, code_list in known.code_lists.items()
            if code in named
        },
    }


def _variable(v: Variable) -> dict[str, Any]:
    return {
        "code": v.code,
        "of": v.of,
        "type": v.type,
        "codes": v.codes,
        "title": dict(v.title),
        "unit": v.unit,
        "minimum": None if v.minimum is None else str(v.minimum.normalize()),
        "maximum": None if v.maximum is None else str(v.maximum.normalize()),
        "validity_months": v.validity_months,
        "per": v.per,
        "list": v.is_list,
        "purposes": list(v.purposes),
        "privacy": v.privacy,
        "means": v.means,
        "core": v.core,
    }
