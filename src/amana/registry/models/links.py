"""Tables that tie people and groups to what was said of them: source keys, subjects."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from amana.registry.models.evidence import Submission
from amana.registry.models.people import Group, Person


class SourceKey(models.Model):
    """The key a person or group has in the source it came from; makes imports repeatable.

    `row_sha256` is the hash of the row last taken from that source, so that an unchanged row costs
    a comparison and writes nothing.
    """

    source = models.CharField(max_length=60)
    external_id = models.CharField(max_length=120)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="source_keys"
    )
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, related_name="source_keys"
    )
    row_sha256 = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=Q(group__isnull=False),
                name="source_key_group",
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=Q(person__isnull=False),
                name="source_key_person",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(group__isnull=False),
                name="source_key_one_subject",
            ),
        ]


class SubmissionSubject(models.Model):
    """Whom a submission is about, and the line of its answers that speaks of them.

    The group's row has an empty `line`; a member's `line` is the key under `answers.members`.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="subjects")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="evidence")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="evidence")
    line = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(group__isnull=False),
                name="subject_one",
            ),
        ]
