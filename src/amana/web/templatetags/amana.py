"""`{% load amana %}`: the parts every page is made of. Shown with examples in web/README.md."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms, template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from amana.kernel import clock
from amana.web import words
from amana.web.forms import first_id, kind_of, summary_of, widget_html
from amana.web.tables import Table

register = template.Library()

#: The sign that goes with a mark, so that colour never speaks alone.
SIGNS = {
    "done": "✓",
    "met": "✓",
    "failed": "✗",
    "harm": "✗",
    "waits": "!",
    "unknown": "?",
    "active": "",
    "none": "–",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite; always beside a word."""
    return format_html(
        '<svg class="am-icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("amana/icons.svg"),
        name,
    )


@register.simple_tag
def status(word: Any, mark: str = "none") -> SafeString:
    """Draw a state as a tag: its word, a sign and a colour (done, waits, harm, active, none)."""
    sign = SIGNS.get(mark, "") if mark in {"done", "harm", "waits"} else ""
    signed = format_html('<span aria-hidden="true">{}</span>', sign) if sign else ""
    return format_html('<strong class="am-tag am-tag-{}">{}{}</strong>', mark, signed, word)


@register.simple_tag
def mark(outcome: str) -> SafeString:
    """Draw ✓ met, ✗ failed, ? unknown, – none or ! waits, with its word for screen readers."""
    spoken = {
        "met": _("met"),
        "failed": _("not met"),
        "unknown": _("not known yet"),
        "done": _("yes"),
        "none": _("no"),
        "harm": _("problem"),
        "waits": _("waits"),
    }.get(outcome, outcome)
    return format_html(
        '<span class="am-mark am-mark-{}"><span aria-hidden="true">{}</span>'
        '<span class="govuk-visually-hidden">{}</span></span>',
        outcome,
        SIGNS.get(outcome, "·"),
        spoken,
    )


@register.simple_tag
def money(amount_minor: int | None, currency: str = "", minor_digits: int = 2) -> SafeString:
    """Write an amount in a sentence: 3,500 KES; cents only when there are some."""
    if amount_minor is None:
        return mark_safe("")
    text = words.say_amount(amount_minor, minor_digits, exact=False)
    return format_html('<span class="am-number am-nowrap">{} {}</span>', text, currency)


@register.filter
def amount(amount_minor: int | None, minor_digits: int = 2) -> str:
    """Write an amount for a column, always with its minor digits."""
    return words.say_amount(amount_minor, minor_digits)


@register.filter
def number(value: Any) -> str:
    """Write a number with the reader's separators."""
    return words.say_number(value)


@register.filter
def day(value: date | datetime | None) -> str:
    """Write a date as 20 Nov 2026."""
    return words.say_date(value)


@register.filter
def moment(value: datetime | None) -> str:
    """Write an instant as 20 Nov 2026, 14:05."""
    return words.say_moment(value)


@register.filter
def ago(value: datetime | date | None) -> str:
    """Write how long ago: “9 days”; goes beside a date, never instead of it."""
    return words.say_ago(value, clock.now())


@register.filter
def title(titles: Any) -> str:
    """Choose the reader's language from {language: text}."""
    return words.in_language(titles)


@register.simple_tag
def reference(text: str, url: str = "", copy: bool = False) -> SafeString:
    """Write a public reference, unbroken; linked when it leads somewhere, copyable when asked."""
    inner: SafeString = (
        format_html('<a class="am-reference" href="{}">{}</a>', url, text)
        if url
        else format_html('<span class="am-reference">{}</span>', text)
    )
    if not copy:
        return inner
    # The button stays hidden until the script that makes it work has loaded.
    return format_html(
        '{}<button type="button" class="am-copy" data-copy="{}" hidden>{}</button>',
        inner,
        text,
        _("Copy"),
    )


@register.inclusion_tag("amana/parts/table.html", takes_context=True)
def table(context: template.Context, table: Table) -> dict[str, Any]:
    """Draw a `Table` with filters, count, heads, rows, pages and export."""
    return {"table": table, "request": context.get("request")}


@register.inclusion_tag("amana/parts/summary.html")
def summary_list(pairs: Any) -> dict[str, Any]:
    """Draw a list of (term, value) or (term, value, url, link words); empty values are left out."""
    drawn = []
    for pair in pairs:
        term, value, url, link = (*pair, "", "")[:4] if len(pair) < 4 else pair
        if value not in (None, ""):
            drawn.append({"term": term, "value": value, "url": url, "link": link})
    return {"pairs": drawn}


@register.inclusion_tag("amana/parts/empty.html")
def empty_state(title: Any, words: Any = "", url: str = "", link: Any = "") -> dict[str, Any]:
    """Say why nothing is here and what to do."""
    return {"empty": {"title": title, "words": words, "url": url, "link": link}}


@register.inclusion_tag("amana/parts/sentences.html")
def sentences(items: Any) -> dict[str, Any]:
    """Draw what matters first, one `providers.Sentence` a line."""
    return {"items": items}


@register.inclusion_tag("amana/parts/criteria.html")
def criteria(items: Any) -> dict[str, Any]:
    """Draw criteria with ✓ ✗ ?.

    Each item: `id`, `says`, `outcome` (met, failed, unknown), and where known `values`
    [{name, value, source, on, stale}], `missing` [names], `change` (what would change it), `rule`.
    """
    spoken = {"met": _("met"), "failed": _("not met"), "unknown": _("we do not know yet")}
    drawn = [{**item, "spoken": spoken.get(item["outcome"], item["outcome"])} for item in items]
    return {"items": drawn}


@register.inclusion_tag("amana/parts/history.html")
def history(events: Any) -> dict[str, Any]:
    """Draw what happened, newest first: each `at`, `text`, and where known `by`, `url`, `note`."""
    return {"events": events}


@register.inclusion_tag("amana/parts/progress.html")
def progress(run: Any) -> dict[str, Any]:
    """Draw a run's progress: bar, counts, rate and time left while it works."""
    now = clock.now()
    ends = run.ended_at or now
    seconds = max((ends - run.started_at).total_seconds(), 0.0)
    rate = run.done_count / seconds if seconds > 1 and run.done_count else 0.0
    left = None
    if run.state == "RUNNING" and rate and run.total_count and run.total_count > run.done_count:
        left = words.say_seconds((run.total_count - run.done_count) / rate)
    return {
        "run": run,
        "rate": words.say_number(round(rate)) if rate else "",
        "left": left,
        "took": words.say_seconds(seconds),
        "silent": run.state == "RUNNING" and (now - run.heard_at).total_seconds() > 60,
    }


@register.inclusion_tag("amana/parts/tabs.html")
def tabs(items: Any, label: Any) -> dict[str, Any]:
    """Draw tabs as links: each `title`, `url`, `current`."""
    return {"items": items, "label": label}


@register.inclusion_tag("amana/forms/form.html")
def form(form: forms.BaseForm) -> dict[str, Any]:
    """Draw the fields of a form (within your own <form> with its button)."""
    return {"form": form}


@register.inclusion_tag("amana/forms/field.html")
def field(bound: Any, hint: bool = True) -> dict[str, Any]:
    """Draw one field with its label, hint, error and input."""
    if not hint:
        bound.help_text = ""
    kind = kind_of(bound)
    return {
        "field": bound,
        "kind": kind,
        "widget": mark_safe(widget_html(bound)),  # noqa: S308 - drawn by Django
        "first_id": first_id(bound),
        "known": getattr(bound.field, "known", ""),
    }


@register.inclusion_tag("amana/forms/summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, Any]:
    """Draw the summary of a form's errors; stands at the top of the page's content."""
    return {"errors": summary_of(form) if form.is_bound else []}


@register.inclusion_tag("amana/parts/post_button.html", takes_context=True)
def post_button(
    context: template.Context, url: str, label: Any, kind: str = "", **hidden: Any
) -> dict[str, Any]:
    """Draw a form of one button: `kind` is "", "secondary" or "warning"; hidden values follow."""
    return {
        "url": url,
        "label": label,
        "kind": kind,
        "hidden": hidden.items(),
        "csrf_token": context.get("csrf_token"),
    }
