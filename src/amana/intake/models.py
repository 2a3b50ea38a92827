"""Tables of intake: forms with their versions, and the files that were imported."""

from __future__ import annotations

from django.db import models

from amana.access.models import Run


class Form(models.Model):
    """One published version of a form: never altered, only superseded by a later version.

    `definition` is the form as its blueprint wrote it, the mapping included; `source` is the code
    of the system its keys come from, the first half of `source:external-id`. In force is the
    version published last.
    """

    code = models.SlugField(max_length=60)
    version = models.CharField(max_length=20)
    title = models.JSONField(default=dict)
    source = models.CharField(max_length=60)
    channel = models.CharField(max_length=20, default="file")
    legal_basis_kind = models.CharField(max_length=40, blank=True)
    legal_basis = models.CharField(max_length=200, blank=True)
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="form_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class FileImport(models.Model):
    """A file that was imported to its end, what was in it, and what became of its rows.

    Append-only. `errors_file` is relative to the installation's home, empty when no row was
    refused.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="file_import")
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=255)
    people_file_name = models.CharField(max_length=255, blank=True)
    file_sha256 = models.CharField(max_length=64)
    mapping_sha256 = models.CharField(max_length=64)
    row_count = models.BigIntegerField()
    accepted_count = models.BigIntegerField()
    rejected_count = models.BigIntegerField()
    household_count = models.BigIntegerField()
    person_count = models.BigIntegerField()
    errors_file = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["file_sha256"], name="file_import_sha256")]

    def __str__(self) -> str:
        return self.file_name
