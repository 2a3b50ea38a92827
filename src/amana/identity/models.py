"""Tables of identity: schemes, identifiers, merges and the pairs that may be one human."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from amana.places.fields import one_of
from amana.registry.models import Person, Submission


class IdentifierScheme(models.Model):
    """A kind of number: national ID, refugee card, birth certificate, tax number."""

    code = models.SlugField(max_length=40, unique=True)
    title = models.JSONField(default=dict)
    issuer = models.CharField(max_length=120, blank=True)
    check_with = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return self.code


class IdentifierStatus(models.TextChoices):
    """Status of Identifier; told in its docstring."""

    CLAIMED = "CLAIMED"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"


class Identifier(models.Model):
    """A number of a person in a scheme, claimed until somebody verified it.

    A conflict among verified numbers is refused by the database and becomes a duplicate pair.
    """

    Status = IdentifierStatus

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identifiers")
    scheme = models.ForeignKey(IdentifierScheme, on_delete=models.PROTECT, db_index=False)
    issuer = models.CharField(max_length=120, blank=True)
    number = models.BinaryField()
    number_hash = models.BinaryField(max_length=32)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CLAIMED)
    verified_by = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["number_hash"], name="identifier_hash")]
        constraints = [
            one_of("status", IdentifierStatus, "identifier_status"),
            models.UniqueConstraint(
                fields=["scheme", "issuer", "number_hash"],
                condition=Q(status="VERIFIED", valid_to__isnull=True),
                name="identifier_verified_once",
            ),
            models.UniqueConstraint(
                fields=["person", "scheme", "issuer", "number_hash"],
                name="identifier_person_once",
            ),
        ]


class NoIdentifierReason(models.TextChoices):
    """Reason of NoIdentifier; told in its docstring."""

    NEVER_ISSUED = "NEVER_ISSUED"
    LOST = "LOST"
    REFUSED = "REFUSED"
    CHILD = "CHILD"
    UNKNOWN = "UNKNOWN"


class NoIdentifier(models.Model):
    """Why a person has no number of a scheme: never issued, lost, refused, or still a child."""

    Reason = NoIdentifierReason

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="no_identifiers")
    scheme = models.ForeignKey(IdentifierScheme, on_delete=models.PROTECT)
    reason = models.CharField(max_length=14, choices=Reason.choices)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("reason", NoIdentifierReason, "no_identifier_reason"),
            models.UniqueConstraint(fields=["person", "scheme"], name="no_identifier_once"),
        ]


class DuplicatePairState(models.TextChoices):
    """State of DuplicatePair; told in its docstring."""

    OPEN = "OPEN"
    MERGED = "MERGED"
    DISTINCT = "DISTINCT"


class DuplicatePair(models.Model):
    """Two rows that may be one human, why we think so, and what a registrar decided."""

    State = DuplicatePairState

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("state", DuplicatePairState, "duplicate_state"),
            models.CheckConstraint(condition=Q(person__lt=F("other")), name="duplicate_ordered"),
            models.UniqueConstraint(fields=["person", "other"], name="duplicate_once"),
        ]


class Merge(models.Model):
    """A merge of one person into another, and its undoing."""

    loser = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    survivor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    undone_by = models.CharField(max_length=60, blank=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(loser=F("survivor")), name="merge_two"),
            models.UniqueConstraint(
                fields=["loser"], condition=Q(undone_at__isnull=True), name="merge_once"
            ),
        ]
