"""Tables of where people live, how they are reached and paid, what they get and agreed to."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from amana.access.models import ConsentText
from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Organisation
from amana.registry.models.evidence import Submission
from amana.registry.models.people import Group, Person


class ResidenceKind(models.TextChoices):
    """Kind of Residence; told in its docstring."""

    FIXED = "FIXED"
    MOVING = "MOVING"
    NONE = "NONE"


class Residence(models.Model):
    """Where a group or a person without group lives, dated; or the fact that they live nowhere.

    `kind` NONE is a homeless person or a family without address; `area` is then where they are
    served. The open residence of most households says no more than their `area` and needs no row.
    """

    Kind = ResidenceKind

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="residences"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="residences")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.FIXED)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True)
    address = models.CharField(max_length=300, blank=True)
    landmark = models.CharField(max_length=200, blank=True)
    position = models.BinaryField(null=True)
    accuracy_m = models.PositiveIntegerField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [
            one_of("kind", ResidenceKind, "residence_kind"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(group__isnull=False),
                name="residence_one_subject",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(valid_to__isnull=True, person__isnull=False),
                name="residence_open_person",
            ),
            models.UniqueConstraint(
                fields=["group"],
                condition=Q(valid_to__isnull=True, group__isnull=False),
                name="residence_open_group",
            ),
        ]


class Phone(models.Model):
    """A phone number a person can be reached on: whose it is, and whether we may write."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="phones")
    number = models.BinaryField()
    number_hash = models.BinaryField(max_length=32)
    whose = models.CharField(max_length=40, blank=True)
    may_write = models.BooleanField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["number_hash"], name="phone_hash")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "number_hash"],
                condition=Q(valid_to__isnull=True),
                name="phone_open_once",
            ),
        ]


class AccountStatus(models.TextChoices):
    """Status of Account; told in its docstring."""

    CLAIMED = "CLAIMED"
    VERIFIED = "VERIFIED"
    REJECTED = "REJECTED"


class Account(models.Model):
    """An account on which a payee can be paid: bank account, wallet, card or pay point.

    Belongs to a person or an organisation, never to an enrolment. `channel` is the code of a
    payment channel of the blueprint; `number` is encrypted and found by its keyed hash; `holder` is
    the name the provider knows, encrypted too.
    """

    Status = AccountStatus

    reference = reference_field("AC")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="accounts")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="accounts"
    )
    channel = models.CharField(max_length=60)
    number = models.BinaryField()
    number_hash = models.BinaryField(max_length=32)
    number_end = models.CharField(max_length=4, blank=True)
    holder = models.BinaryField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CLAIMED)
    preference = models.PositiveSmallIntegerField(default=1)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["number_hash"], name="account_hash")]
        constraints = [
            one_of("status", AccountStatus, "account_status"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(organisation__isnull=False),
                name="account_one_payee",
            ),
            models.UniqueConstraint(
                fields=["person", "channel", "number_hash"],
                condition=Q(valid_to__isnull=True, person__isnull=False),
                name="account_open_once",
            ),
        ]


class ReceiptStatus(models.TextChoices):
    """Status of Receipt; told in its docstring."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


class Receipt(models.Model):
    """What anyone receives, from us, from another MIS or from social insurance; fed as evidence."""

    Status = ReceiptStatus

    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="receipts")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="receipts")
    programme = models.CharField(max_length=60)
    source = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    every = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [
            one_of("status", ReceiptStatus, "receipt_status"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(group__isnull=False),
                name="receipt_one_subject",
            ),
            models.UniqueConstraint(
                fields=["person", "group", "programme", "source", "valid_from"],
                nulls_distinct=False,
                name="receipt_once",
            ),
        ]
        indexes = [models.Index(fields=["programme", "status"], name="receipt_programme")]


class ConsentState(models.TextChoices):
    """State of Consent; told in its docstring."""

    GIVEN = "GIVEN"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Consent(models.Model):
    """Whose consent or which legal basis, for which purposes and recipients, and how expressed."""

    State = ConsentState

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    on_behalf_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="consents_for_others"
    )
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, null=True)
    legal_basis = models.CharField(max_length=200, blank=True)
    purposes = ArrayField(models.CharField(max_length=60), default=list)
    recipients = ArrayField(models.CharField(max_length=120), default=list)
    expressed = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State.choices)
    on = models.DateField()
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [one_of("state", ConsentState, "consent_state")]
