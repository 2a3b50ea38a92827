"""The table of snapshots taken."""

from __future__ import annotations

from django.db import models

from amana.access.models import Run
from amana.places.fields import reference_field


class Snapshot(models.Model):
    """A dated, immutable, columnar copy of the registry without names or numbers, on disk.

    `folder` is relative to the snapshots' home; `sha256` is the manifest's.
    """

    reference = reference_field("SNP")
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="snapshot")
    taken_at = models.DateTimeField()
    as_of = models.DateField()
    folder = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    dictionary_sha256 = models.CharField(max_length=64)
    household_count = models.BigIntegerField()
    person_count = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.reference)
