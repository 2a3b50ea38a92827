"""Forms of the pages: Django's, with Amana's own rendering and refusals that land on their field.

A form checks shape only; the command decides. `form.refusals()` runs a command and turns what it
refuses into errors of the form, on the field the error names when the form has it, so that nothing
typed is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpRequest

from amana.kernel.errors import AmanaError, NotFound


class Form(forms.Form):
    """A form of Amana: render it with `{% form form %}`, run commands within `refusals()`."""

    error_css_class = "govuk-form-group--error"
    use_required_attribute = False

    #: From the field named in an AmanaError to the field of this form, where they differ.
    field_names: dict[str, str] = {}

    @classmethod
    def of(cls, request: HttpRequest, **kwargs: Any) -> Self:
        """Give the form filled in with what was posted, or empty when nothing was."""
        if request.method == "POST":
            return cls(request.POST, request.FILES, **kwargs)
        return cls(**kwargs)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Catch what the command inside refuses and add it to the form's errors.

        `NotFound` passes, since an absent subject is a page of its own, unless it names a field
        of this form.
        """
        try:
            yield
        except AmanaError as error:
            if isinstance(error, NotFound) and self._field_of(error) not in self.fields:
                raise
            self.add_refusal(error)

    def _field_of(self, error: AmanaError) -> str:
        named = error.where.field or ""
        return self.field_names.get(named, named)

    def add_refusal(self, error: AmanaError) -> None:
        """Add an AmanaError, or each of the several it holds, to the form."""
        for one in getattr(error, "errors", [error]):
            name = self._field_of(one)
            if name in self.fields:
                self.add_error(name, f"{one.message} {one.mend}".strip())
            else:
                self.add_error(None, str(one))


class ConfirmForm(Form):
    """A form without fields: the page says what will happen, the button does it."""


def summary_of(form: forms.BaseForm) -> list[dict[str, str]]:
    """List the errors of a form for the summary at its top, each with the field it links to."""
    listed = [{"text": str(text), "href": ""} for text in form.non_field_errors()]
    for bound in form:
        href = f"#{first_id(bound)}"
        listed.extend({"text": f"{bound.label}: {text}", "href": href} for text in bound.errors)
    return listed


def first_id(bound: BoundField) -> str:
    """Give the id of the first input of a field, where its error links to."""
    if kind_of(bound) in {"radios", "checkboxes"}:
        return f"{bound.auto_id}_0"
    return str(bound.auto_id)


def kind_of(bound: BoundField) -> str:
    """Name the template part a field is drawn with."""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    # The order matters: each of these is a kind of the ones below it.
    kinds: tuple[tuple[type[forms.Widget], str], ...] = (
        (forms.CheckboxSelectMultiple, "checkboxes"),
        (forms.RadioSelect, "radios"),
        (forms.CheckboxInput, "checkbox"),
        (forms.SelectMultiple, "select"),
        (forms.Select, "select"),
        (forms.Textarea, "textarea"),
        (forms.FileInput, "file"),
    )
    return next((kind for type_, kind in kinds if isinstance(widget, type_)), "input")


_CLASSES = {
    "input": "govuk-input",
    "select": "govuk-select",
    "textarea": "govuk-textarea",
    "file": "govuk-file-upload",
    "checkbox": "govuk-checkboxes__input",
}


def widget_html(bound: BoundField) -> str:
    """Draw the input of a field with its classes, hint and error tied to it for screen readers."""
    kind = kind_of(bound)
    attrs: dict[str, Any] = {"placeholder": False}
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}-hint")
    if bound.errors:
        described.append(f"{bound.auto_id}-error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if kind in _CLASSES:
        own = bound.field.widget.attrs.get("class", "")
        error = f" {_CLASSES[kind]}--error" if bound.errors else ""
        attrs["class"] = f"{_CLASSES[kind]}{error} {own}".strip()
    return str(bound.as_widget(attrs=attrs))


class DateInput(forms.DateInput):
    """A day, chosen with the browser's own calendar or typed."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            attrs={"class": "govuk-input--width-10", **(attrs or {})}, format="%Y-%m-%d"
        )
