"""Every column of every table has a privacy class, said once."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field, Model

from amana.access.privacy import PrivacyClass, find_class, listed_fields


def own_models() -> Iterator[type[Model]]:
    """Give Amana's tables; history tables repeat the fields of the table they follow."""
    for model in apps.get_models():
        if model.__module__.startswith("amana.") and not hasattr(model, "pgh_tracked_model"):
            yield model


def columns(model: type[Model]) -> set[str]:
    return {field.name for field in model._meta.get_fields() if isinstance(field, Field)}


def test_every_field_has_a_privacy_class() -> None:
    without = [
        f"{model._meta.app_label}.{model.__name__}.{name}"
        for model in own_models()
        for name in sorted(columns(model))
        if find_class(f"{model._meta.app_label}.{model.__name__}", name) is None
    ]
    assert without == []


def test_no_class_is_kept_for_a_field_that_is_gone() -> None:
    gone = [
        f"{model._meta.app_label}.{model.__name__}.{name}"
        for model in own_models()
        for name in sorted(
            listed_fields(f"{model._meta.app_label}.{model.__name__}") - columns(model)
        )
    ]
    assert gone == []


def test_passwords_and_tokens_are_secret() -> None:
    assert find_class("access.User", "password") is PrivacyClass.SECRET
    assert find_class("access.ApiToken", "token_sha256") is PrivacyClass.SECRET
