"""The table of evidence: what was told, sealed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from amana.access.models import Run
from amana.places.fields import reference_field
from amana.places.models import Office


class Submission(models.Model):
    """Sealed evidence: what was told, by whom, when, through which channel and on what basis.

    `answers` holds what was said of the household and each member, by variable; `personal` holds
    names, numbers, accounts, phones, exact positions, encrypted. A trigger refuses every change but
    redaction, which empties both and leaves `redacted_sha256` and a reason. `outcomes` keeps what
    became of answers that did not simply take effect: {line: {variable: [code, reason]}}.
    """

    reference = reference_field("SB")
    form = models.CharField(max_length=60)
    form_version = models.CharField(max_length=20)
    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=20)
    author = models.CharField(max_length=120, blank=True)
    office = models.ForeignKey(
        Office, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    collected_on = models.DateField()
    received_at = models.DateTimeField()
    legal_basis = models.CharField(max_length=200, blank=True)
    answers = models.JSONField(null=True)
    personal = models.BinaryField(null=True)
    sha256 = models.BinaryField(max_length=32)
    outcomes = models.JSONField(null=True)
    redacted_at = models.DateTimeField(null=True)
    redacted_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["source", "external_id"], name="submission_source"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(redacted_at__isnull=True)
                | (Q(answers__isnull=True) & Q(personal__isnull=True) & ~Q(redacted_reason="")),
                name="submission_redacted_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)
