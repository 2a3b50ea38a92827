"""The applied blueprint with its published versions, and the dictionary it brought."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext, pgettext_lazy

from amana.exchange import queries
from amana.kernel.errors import NotFound
from amana.registry.dictionary import PURPOSES, Variable
from amana.registry.live_dictionary import get_dictionary
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import in_language, say_moment, say_number

KINDS = {
    "form": pgettext_lazy("blueprint", "Form"),
    "model": pgettext_lazy("blueprint", "Scoring model"),
    "programme": pgettext_lazy("blueprint", "Programme"),
    "channel": pgettext_lazy("blueprint", "Payment channel"),
}
GRAINS = {
    "person": _l("Person"),
    "household": _l("Household"),
    "area": _l("Area"),
}
TYPES = {
    "integer": _l("whole number"),
    "decimal": _l("number"),
    "boolean": _l("yes or no"),
    "code": _l("one of a list"),
    "text": _l("text"),
    "date": _l("date"),
    "money": _l("amount of money"),
}


@page(queries.VIEW)
def blueprint(request: HttpRequest) -> HttpResponse:
    """Show what is applied: the country, every published version, the files with their hashes."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.find_blueprint(actor=actor)
    table = Table(
        request,
        rows=queries.list_published(actor=actor),
        columns=(
            Column("title", _l("Title"), value=lambda row: in_language(row.title)),
            Column("kind", _l("What"), value=lambda row: KINDS[row.kind]),
            Column("code", _l("Code"), kind="reference"),
            Column("version", _l("Version")),
            Column(
                "state",
                _l("State"),
                kind="status",
                status=lambda row: (
                    (_("in force"), "done") if row.is_last else (_("superseded"), "none")
                ),
            ),
            Column("published_at", _l("Published"), kind="moment"),
            Column("published_by", _l("By")),
        ),
        count_words=lambda n, text: (
            ngettext("%(n)s published version", "%(n)s published versions", n) % {"n": text}
        ),
        empty=Empty(
            _("No blueprint was applied yet"),
            _("At the command line: amana apply blueprints/demo"),
        ),
        filename="published-versions",
    )
    context: dict[str, Any] = {"table": table, "blueprint": found}
    if found is not None:
        context["summary"] = [
            (_("Blueprint"), f"{found.blueprint} {found.version}"),
            (_("Country"), found.country),
            (_("Currency"), f"{found.currency} {in_language(found.currency_title)}".strip()),
            (_("Languages"), ", ".join(found.languages)),
            (_("Applied"), say_moment(found.applied_at)),
            (_("By"), found.applied_by),
            (_("Texts not translated yet"), say_number(len(found.untranslated))),
        ]
        context["files"] = sorted(found.files.items())
        context["unread"] = queries.list_unread_variables()
    return table.export() or render(request, "exchange/blueprint.html", context)


def _origin(variable: Variable) -> str:
    return _("core") if variable.core else _("country")


@page(queries.VIEW)
def dictionary(request: HttpRequest) -> HttpResponse:
    """List what can be known of people, households and areas."""
    rows = sorted(
        get_dictionary().variables.values(),
        key=lambda v: (v.core, list(GRAINS).index(v.of), v.code),
    )
    table = Table(
        request,
        rows=rows,
        columns=(
            Column(
                "title",
                _l("Variable"),
                value=lambda row: in_language(row.title),
                link=lambda row: reverse("exchange:variable", args=[row.code]),
                sort=True,
            ),
            Column("code", _l("Code"), sort=True),
            Column("of", _l("Of"), value=lambda row: GRAINS[row.of], sort=True),
            Column("type", _l("Kind of answer"), value=lambda row: TYPES[row.type]),
            Column("purposes", _l("Asked for"), value=lambda row: ", ".join(row.purposes)),
            Column("validity_months", _l("Months fresh"), kind="number"),
            Column("origin", _l("Origin"), value=_origin),
        ),
        filters=(
            Filter(
                "of",
                _l("Of"),
                lambda rows, v: [row for row in rows if row.of == v],
                choices=list(GRAINS.items()),
            ),
            Filter(
                "origin",
                _l("Origin"),
                lambda rows, v: [row for row in rows if row.core == (v == "core")],
                choices=[("country", _l("country")), ("core", _l("core"))],
            ),
        ),
        count_words=lambda n, text: ngettext("%(n)s variable", "%(n)s variables", n) % {"n": text},
        empty=Empty(_("No variable fits"), _("Take a filter away.")),
        filename="dictionary",
    )
    return table.export() or render(request, "exchange/dictionary.html", {"table": table})


@page(queries.VIEW)
def variable(request: HttpRequest, code: str) -> HttpResponse:
    """Show one variable: what it means, what it is for, which answers it takes."""
    known = get_dictionary()
    found = known.variables.get(code)
    if found is None:
        raise NotFound(f"There is no variable “{code}”.", mend="Look in the dictionary.")
    bounds = [found.minimum, found.maximum]
    title = in_language(found.title)
    summary = [
        (_("Code in rules"), f"{'household' if found.of == 'household' else 'm'}.{found.code}"
         if found.of != "area" else f"area.{found.code}"),
        (_("Of"), GRAINS[found.of]),
        (_("Kind of answer"), TYPES[found.type]),
        (_("Unit"), found.unit),
        (
            _("Range"),
            " – ".join("…" if bound is None else f"{bound.normalize():f}" for bound in bounds)
            if any(bound is not None for bound in bounds)
            else "",
        ),
        (
            _("Stays fresh for"),
            ngettext("%(n)s month", "%(n)s months", found.validity_months)
            % {"n": say_number(found.validity_months)}
            if found.validity_months
            else _("ever"),
        ),
        (_("Asked for"), "; ".join(_(PURPOSES[purpose]) for purpose in found.purposes)),
        (_("Privacy"), _("sensitive") if found.privacy == "sensitive" else _("ordinary")),
        (_("Stands for"), found.means),
        (_("Origin"), _origin(found)),
    ]  # fmt: skip
    codes = []
    if found.codes:
        codes = [
            {"code": name, "title": in_language(entry.title), "means": entry.means}
            for name, entry in known.code_lists[found.codes].codes.items()
        ]
    return render(
        request,
        "exchange/variable.html",
        {"variable": found, "title": title, "summary": summary, "codes": codes},
    )
