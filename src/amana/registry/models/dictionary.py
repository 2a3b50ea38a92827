"""Tables of the dictionary: code lists and variables."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from amana.places.fields import one_of


class CodeList(models.Model):
    """A closed list of codes a variable may take, with titles by language.

    `codes` lists them in order: [{"code", "title": {lang: text}, "means": core code or ""}, …].
    """

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField(default=dict)
    codes = models.JSONField(default=list)
    core = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code


class VariableGrain(models.TextChoices):
    """Grain of Variable; told in its docstring."""

    PERSON = "person"
    HOUSEHOLD = "household"
    AREA = "area"


class VariableType(models.TextChoices):
    """Type of Variable; told in its docstring."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CODE = "code"
    TEXT = "text"
    DATE = "date"
    MONEY = "money"


class VariablePrivacy(models.TextChoices):
    """Privacy of Variable; told in its docstring."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"


class Variable(models.Model):
    """A thing that can be known of a person, a group or an area.

    `validity_months` says how long a fact stays fresh (null: for ever); `period` and `is_list` mark
    variables with a value per month, term or year, and those that hold a list of records (jobs,
    plots). `means` names the core variable this one is a country's version of. `purposes` say what
    the variable is asked for.
    """

    Grain = VariableGrain
    Type = VariableType
    Privacy = VariablePrivacy

    code = models.SlugField(max_length=60, unique=True)
    grain = models.CharField(max_length=10, choices=Grain.choices)
    type = models.CharField(max_length=10, choices=Type.choices)
    code_list = models.ForeignKey(CodeList, on_delete=models.PROTECT, null=True)
    title = models.JSONField(default=dict)
    unit = models.CharField(max_length=40, blank=True)
    minimum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    maximum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    validity_months = models.PositiveSmallIntegerField(null=True)
    period = models.CharField(max_length=10, blank=True)
    is_list = models.BooleanField(default=False)
    purposes = ArrayField(models.CharField(max_length=40), default=list)
    privacy = models.CharField(max_length=10, choices=Privacy.choices, default=Privacy.ORDINARY)
    means = models.CharField(max_length=60, blank=True)
    core = models.BooleanField(default=False)

    class Meta:
        constraints = [
            one_of("grain", VariableGrain, "variable_grain"),
            one_of("type", VariableType, "variable_type"),
            one_of("privacy", VariablePrivacy, "variable_privacy"),
            models.CheckConstraint(
                condition=Q(period__in=["", "month", "term", "year"]), name="variable_period"
            ),
            models.CheckConstraint(
                condition=~Q(type="code") | Q(code_list__isnull=False), name="variable_code_list"
            ),
        ]

    def __str__(self) -> str:
        return self.code
