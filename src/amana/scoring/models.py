"""Tables of scoring: published models and their runs."""

from __future__ import annotations

from django.db import models

from amana.access.models import Run
from amana.registry.models import Snapshot


class ScoringModel(models.Model):
    """One published version of a scoring model: never altered or deleted, only superseded.

    In force is the version published last. `definition` is the model as plain data (read back by
    `definition.parse_model`), hashed in `sha256`; `source` is the file as it was written.
    """

    code = models.SlugField(max_length=63)
    version = models.CharField(max_length=20)
    title = models.JSONField(default=dict)
    kind = models.CharField(max_length=10)
    unit = models.CharField(max_length=20)
    definition = models.JSONField()
    source = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="scoring_model_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code}/{self.version}"


class ScoringRun(models.Model):
    """The scores of every unit of a snapshot by one model version.

    The row of each unit (unit_id, area_id, score, missing) is in the Parquet file `results` below
    the installation's home, hashed in `results_sha256`; `sql` is the query that made it.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="scoring")
    model = models.ForeignKey(ScoringModel, on_delete=models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    sql = models.TextField()
    results = models.CharField(max_length=300)
    results_sha256 = models.CharField(max_length=64)
    unit_count = models.BigIntegerField()
    scored_count = models.BigIntegerField()
    unknown_count = models.BigIntegerField()
    scored_at = models.DateTimeField()
    scored_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(unit_count=models.F("scored_count") + models.F("unknown_count")),
                name="scoring_counts_add_up",
            ),
        ]
        indexes = [models.Index(fields=["model", "-id"], name="scoring_run_model")]

    def __str__(self) -> str:
        return str(self.run.reference)
