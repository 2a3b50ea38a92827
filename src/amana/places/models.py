"""Tables of places: areas through time, their lineage, organisations and offices."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from amana.places.fields import one_of


class Level(models.Model):
    """A level of the country's areas, from the blueprint; 1 is the top (province)."""

    code = models.SlugField(max_length=40, unique=True)
    title = models.JSONField(default=dict)
    depth = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        ordering = ["depth"]

    def __str__(self) -> str:
        return self.code


class Area(models.Model):
    """One area as it was between two dates; a split or a merger makes new areas with a lineage.

    `path` holds the keys of its ancestors from the top, ending with its own, so that "everything in
    this district" is one indexed condition. `variables` are facts of the area itself for rules
    (distance to a road, hazard, price level). `polygon` is a GeoJSON geometry.
    """

    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="areas")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    path = ArrayField(models.BigIntegerField(), default=list)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    variables = models.JSONField(default=dict)
    polygon = models.JSONField(null=True)
    centre_lat = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    centre_lon = models.DecimalField(max_digits=8, decimal_places=5, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to__isnull=True), name="area_code_once"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="area_not_own_parent"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="area_interval",
            ),
        ]
        indexes = [GinIndex(fields=["path"], name="area_path")]

    def __str__(self) -> str:
        return self.name


class AreaCode(models.Model):
    """A further code of an area in another scheme: statistical office, P-code, postal."""

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="codes")
    scheme = models.SlugField(max_length=40)
    code = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code"], name="area_code_in_scheme"),
        ]


class AreaLineageKind(models.TextChoices):
    """Kind of AreaLineage; told in its docstring."""

    SPLIT = "SPLIT"
    MERGED = "MERGED"
    RENAMED = "RENAMED"
    MOVED = "MOVED"


class AreaLineage(models.Model):
    """What became of an area: split into, merged into, renamed to, or moved under another."""

    Kind = AreaLineageKind

    before = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="successors")
    after = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="predecessors")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    on = models.DateField()

    class Meta:
        constraints = [
            one_of("kind", AreaLineageKind, "lineage_kind"),
            models.UniqueConstraint(fields=["before", "after", "on"], name="lineage_once"),
            models.CheckConstraint(condition=~Q(before=F("after")), name="lineage_two_areas"),
        ]


class Organisation(models.Model):
    """An agency, bank, school, care home or partner; users and programmes belong to one."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.SlugField(max_length=40, default="agency")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """A place where people are served, belonging to an organisation and serving an area."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="offices")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="offices")
    address = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class Country(models.Model):
    """What the applied blueprint says of the country as a whole: one row, none before the first.

    `files` maps each file of the blueprint to the hash of what was applied; `sha256` is over all.
    """

    blueprint = models.SlugField(max_length=60)
    version = models.CharField(max_length=20)
    title = models.JSONField(default=dict)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    currency_title = models.JSONField(default=dict)
    minor_digits = models.PositiveSmallIntegerField()
    languages = ArrayField(models.CharField(max_length=10), default=list)
    unit_kind = models.CharField(max_length=20, default="household")
    calendar = models.CharField(max_length=20, default="monthly")
    files = models.JSONField(default=dict)
    untranslated = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64)
    applied_at = models.DateTimeField()
    applied_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="country_one_row"),
            models.CheckConstraint(condition=Q(minor_digits__lte=6), name="country_minor_digits"),
        ]

    def __str__(self) -> str:
        return self.blueprint
