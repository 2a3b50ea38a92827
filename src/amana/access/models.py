"""Tables of access: users, roles, the audit trail, runs, consent texts and the outbox."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Office, Organisation


class UserManager(BaseUserManager["User"]):
    """Look-up of users by the name they sign in with; users are made by `commands.add_user`."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Find the user whatever the case they typed."""
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """Someone who works with Amana. What they may do stands in their role assignments."""

    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        """Tell Django's own admin that nobody enters by it: Amana has no second door."""
        return False


class Role(models.Model):
    """A named set of permissions, from the blueprint."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField(default=dict)
    permissions = ArrayField(models.CharField(max_length=80), default=list)

    def __str__(self) -> str:
        return self.code


class RoleAssignment(models.Model):
    """A role held by a user within a scope; no area means the whole country.

    No programme means all of them. Dated, half-open; a revoked one keeps its row with `valid_to`.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, blank=True)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, blank=True)
    programme = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area", "office", "programme"],
                condition=Q(valid_to__isnull=True),
                nulls_distinct=False,
                name="assignment_once",
            ),
        ]


class Separation(models.Model):
    """Two acts on the same thing that no one may do both (prepare and approve a payroll).

    `programme` is empty for a rule of the house and names one programme otherwise.
    """

    act = models.CharField(max_length=80)
    not_with = models.CharField(max_length=80)
    programme = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["act", "not_with", "programme"], name="separation_once"
            ),
        ]


class AuditEvent(models.Model):
    """One command that was run: who, what, when, about what, with a digest of what it wrote.

    Append-only. Each event carries the hash of the one before it, so that a removed or altered
    event breaks the chain (`queries.verify_audit_chain`).
    """

    at = models.DateTimeField()
    username = models.CharField(max_length=60)
    channel = models.CharField(max_length=10)
    purpose = models.CharField(max_length=60, blank=True)
    command = models.CharField(max_length=80)
    permission = models.CharField(max_length=80)
    subject = models.CharField(max_length=80, blank=True)
    programme = models.CharField(max_length=60, blank=True)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(fields=["username", "id"], name="audit_user"),
            models.Index(fields=["command", "id"], name="audit_command"),
        ]


class RunState(models.TextChoices):
    """State of Run; told in its docstring."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Run(models.Model):
    """A long operation (import, snapshot, targeting, payroll) with its progress and its end.

    WAITING → RUNNING → DONE, or FAILED (with the error, may be run again), or CANCELLED.
    `result` is what the command answered; `params` what it was asked.
    """

    State = RunState

    reference = reference_field("RUN")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)
    programme = models.CharField(max_length=60, blank=True)
    username = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.JSONField(null=True)
    done_count = models.BigIntegerField(default=0)
    total_count = models.BigIntegerField(null=True)
    message = models.CharField(max_length=300, blank=True)
    cancel_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [one_of("state", RunState, "run_state")]
        indexes = [
            models.Index(fields=["kind", "-id"], name="run_kind"),
            models.Index(fields=["kind", "subject"], name="run_subject"),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class ConsentText(models.Model):
    """A version of the words people consent to, in one language."""

    code = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=10)
    text = models.TextField()
    purposes = ArrayField(models.CharField(max_length=60), default=list)
    recipients = ArrayField(models.CharField(max_length=120), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version", "language"], name="consent_text_once"
            ),
        ]


class OutboxMessage(models.Model):
    """News for rooms above, written with the change it tells of and delivered at least once."""

    at = models.DateTimeField()
    topic = models.CharField(max_length=80)
    payload = models.JSONField()
    delivered_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=Q(delivered_at__isnull=True), name="outbox_waiting"
            ),
        ]


class ApiToken(models.Model):
    """A bearer token of a user for the API; only its SHA-256 is kept, it is shown once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=80)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_on = models.DateField()
    revoked_at = models.DateTimeField(null=True)


class IdempotentRequest(models.Model):
    """An answered write of the API, so that the same request sent again gets the same answer.

    Written in the transaction of the write itself; unique by user and key. The answer is sealed.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=120)
    request_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    answer = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotent_once"),
        ]
