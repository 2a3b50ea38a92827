"""Database columns several rooms use: public references and closed choices."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Value


def reference_field(prefix: str) -> models.GeneratedField:
    """Give the generated column that holds a row's public reference, `PREFIX-XXXX-XXX`.

    The database computes it from the primary key with `amana_reference`, the twin of
    `amana.kernel.references.encode_reference`.
    """
    return models.GeneratedField(
        expression=Func(Value(prefix), F("id"), function="amana_reference"),
        output_field=models.CharField(max_length=14),
        db_persist=True,
        unique=True,
    )


def one_of(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """Give the check constraint that keeps an enum column to its codes."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": choices.values}), name=name)
