"""Tables of payments. What must never happen is refused here and by the triggers of migration 2."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from amana.access.models import Run
from amana.payments import states
from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Organisation
from amana.programmes.models import Enrolment, Programme, ProgrammeVersion
from amana.registry.models import Account, Person


class ChannelKind(models.TextChoices):
    """How a provider is told to pay."""

    ISO20022 = "ISO20022"
    MOBILE_MONEY_CSV = "MOBILE_MONEY_CSV"


class Channel(models.Model):
    """A way for money to reach people, from the blueprint; `current` is the version in use."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField(default=dict)
    kind = models.CharField(max_length=20, choices=ChannelKind.choices)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [one_of("kind", ChannelKind, "channel_kind")]

    def __str__(self) -> str:
        return self.code


class ChannelVersion(models.Model):
    """A channel as it was published: never altered (a trigger refuses), only superseded.

    A payment names the version it was prepared with, so that its file is the same whenever it is
    written.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "version"], name="channel_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}/{self.version}"


class PayrollState(models.TextChoices):
    """The life of a payroll; explained on `Payroll`."""

    PREPARED = "PREPARED"
    APPROVED = "APPROVED"
    INSTRUCTED = "INSTRUCTED"
    DISCARDED = "DISCARDED"


class Payroll(models.Model):
    """The payments of one programme for one period.

    PREPARED (for review; payments are held and released) → APPROVED (by another person; frozen, and
    hashed in `sha256`) → INSTRUCTED (files written). DISCARDED is a prepared payroll that nobody
    approved. `sequence` is 1 for the regular payroll of a period; later ones are supplementary and
    carry what earlier ones did not pay. `counts` tells what the preparation found.
    """

    State = PayrollState

    reference = reference_field("PR")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="payrolls")
    period = models.CharField(max_length=20)
    covers_from = models.DateField()
    covers_to = models.DateField()
    sequence = models.PositiveSmallIntegerField(default=1)
    supplements = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="supplements_made"
    )
    version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    minor_digits = models.PositiveSmallIntegerField(default=2)
    pay_on = models.DateField()
    state = models.CharField(
        max_length=10, choices=PayrollState.choices, default=PayrollState.PREPARED
    )
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    basis = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    prepared_at = models.DateTimeField()
    prepared_by = models.CharField(max_length=60)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=60, blank=True)
    approved_count = models.BigIntegerField(null=True)
    approved_minor = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            one_of("state", PayrollState, "payroll_state"),
            models.UniqueConstraint(
                fields=["programme", "period", "sequence"],
                condition=~Q(state="DISCARDED"),
                name="payroll_once",
            ),
            models.CheckConstraint(
                condition=Q(covers_to__gt=F("covers_from")), name="payroll_period"
            ),
            models.CheckConstraint(
                condition=~Q(prepared_by=F("approved_by")), name="payroll_two_people"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PREPARED", "DISCARDED"], approved_by="", sha256="")
                | (
                    Q(state__in=["APPROVED", "INSTRUCTED"], approved_at__isnull=False)
                    & ~Q(approved_by="")
                    & ~Q(sha256="")
                ),
                name="payroll_approved_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="payroll_state_index")]

    def __str__(self) -> str:
        return str(self.reference)


class Entitlement(models.Model):
    """What one enrolment is due for one benefit component and one coverage period.

    Insert-only but for `voided_at`, set when the payroll that found it was discarded before anybody
    approved it. `coverage` is the code of the period it covers (`2026-11`, `2026-Q4`, `ONCE`),
    which may be longer than the payroll's.
    """

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, db_index=False, related_name="entitlements"
    )
    component = models.CharField(max_length=63)
    coverage = models.CharField(max_length=20)
    covers_from = models.DateField()
    covers_to = models.DateField(null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    version = models.ForeignKey(
        ProgrammeVersion, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "component", "coverage"],
                condition=Q(voided_at__isnull=True),
                name="entitlement_once",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="entitlement_positive"),
        ]


class PaymentState(models.TextChoices):
    """The life of a payment; explained in `amana.payments.states`."""

    PREPARED = states.PaymentState.PREPARED.value
    HELD = states.PaymentState.HELD.value
    APPROVED = states.PaymentState.APPROVED.value
    INSTRUCTED = states.PaymentState.INSTRUCTED.value
    ACCEPTED = states.PaymentState.ACCEPTED.value
    PAID = states.PaymentState.PAID.value
    REJECTED = states.PaymentState.REJECTED.value
    RETURNED = states.PaymentState.RETURNED.value
    CANCELLED = states.PaymentState.CANCELLED.value


class HoldReason(models.TextChoices):
    """Why a payment is kept back; the words are in `amana.payments.holds`."""

    NONE = ""
    NO_RECIPIENT = "NO_RECIPIENT"
    NO_ACCOUNT = "NO_ACCOUNT"
    ACCOUNT_REFUSED = "ACCOUNT_REFUSED"
    DEATH_REPORTED = "DEATH_REPORTED"
    SUSPENDED = "SUSPENDED"
    SAME_PERSON_TWICE = "SAME_PERSON_TWICE"
    PAYEE_MERGED = "PAYEE_MERGED"
    PAID_LATE = "PAID_LATE"
    BY_HAND = "BY_HAND"


class InstructionFile(models.Model):
    """One file that tells a provider to pay, or would again: the same payroll gives the same bytes.

    `message_id` is what the provider knows it by; `count` and `total_minor` are its control sums.
    """

    payroll = models.ForeignKey(Payroll, on_delete=models.PROTECT, related_name="files")
    channel_version = models.ForeignKey(ChannelVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    message_id = models.CharField(max_length=35, unique=True)
    count = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payroll", "channel_version", "number"], name="instruction_file_once"
            ),
            models.CheckConstraint(
                condition=Q(count__gt=0, total_minor__gt=0), name="instruction_file_sums"
            ),
        ]

    def __str__(self) -> str:
        return self.message_id


class Payment(models.Model):
    """One amount to one payee on one account, for one or more entitlements.

    Its reference is also the end-to-end id the provider sends back. Payee, name, account and amount
    never change once the payroll is approved. A payment without payee or account is always held.
    """

    State = PaymentState

    reference = reference_field("PM")
    payroll = models.ForeignKey(
        Payroll, on_delete=models.PROTECT, db_index=False, related_name="payments"
    )
    payee_person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="payments"
    )
    payee_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="payments"
    )
    payee_name = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    channel_version = models.ForeignKey(
        ChannelVersion, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=PaymentState.choices)
    held_reason = models.CharField(max_length=20, blank=True, choices=HoldReason.choices)
    file = models.ForeignKey(
        InstructionFile,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="payments",
    )

    class Meta:
        constraints = [
            one_of("state", PaymentState, "payment_state"),
            one_of("held_reason", HoldReason, "payment_held_reason"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=Q(payee_person__isnull=True) | Q(payee_organisation__isnull=True),
                name="payment_one_payee",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["HELD", "CANCELLED"])
                | (
                    (Q(payee_person__isnull=False) | Q(payee_organisation__isnull=False))
                    & Q(channel_version__isnull=False)
                    & Q(held_reason="")
                ),
                name="payment_payable",
            ),
            models.CheckConstraint(
                condition=~Q(state="HELD") | ~Q(held_reason=""), name="payment_held_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PREPARED", "HELD", "APPROVED", "CANCELLED"])
                | Q(file__isnull=False),
                name="payment_instructed_in_a_file",
            ),
        ]
        indexes = [
            models.Index(fields=["payroll", "state"], name="payment_payroll"),
            models.Index(fields=["file"], condition=Q(file__isnull=False), name="payment_file"),
        ]

    @property
    def end_to_end_id(self) -> str:
        """Give the id by which the provider speaks of this payment."""
        return str(self.reference)

    def __str__(self) -> str:
        return str(self.reference)


class PaymentLine(models.Model):
    """One entitlement within one payment. At most one line of an entitlement is live.

    A line stops being live, for ever, when its payment did not reach the payee and another payment
    takes the entitlement over.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="lines")
    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, db_index=False, related_name="lines"
    )
    amount_minor = models.BigIntegerField()
    live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(live=True), name="entitlement_paid_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="line_positive"),
        ]


class Shortfall(models.Model):
    """An enrolment that got no payment for a component of a payroll, and why: nobody falls silent.

    Insert-only. AMOUNT_UNKNOWN: a fact the amount needs is not known. NOT_ASSESSED: the unit is not
    in the snapshot the amounts come from.
    """

    class Reason(models.TextChoices):
        AMOUNT_UNKNOWN = "AMOUNT_UNKNOWN"
        NOT_ASSESSED = "NOT_ASSESSED"

    payroll = models.ForeignKey(Payroll, on_delete=models.PROTECT, related_name="shortfalls")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+")
    component = models.CharField(max_length=63)
    reason = models.CharField(max_length=20, choices=Reason.choices)


class PaymentEvent(models.Model):
    """One move of a payment: when, by whom, from which state to which, and why. Insert-only.

    The row of the move into PREPARED or HELD at preparation is the payroll's own audit event; here
    stand the moves after it.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    kind = models.CharField(max_length=20)
    reason_code = models.CharField(max_length=35, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    username = models.CharField(max_length=60)


class StatusMessage(models.Model):
    """One status file of a provider, as it was read. Insert-only; the same file is read once."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey(InstructionFile, on_delete=models.PROTECT, related_name="messages")
    name = models.CharField(max_length=200)
    message_id = models.CharField(max_length=35)
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64, unique=True)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "message_id"], name="status_message_once"),
        ]


class StatusLine(models.Model):
    """What one status message says about one payment. Insert-only.

    `position` is the order inside the message. A line whose end-to-end id is none of ours in that
    file has no payment; `conflict` marks what a person must look at.
    """

    message = models.ForeignKey(StatusMessage, on_delete=models.PROTECT, related_name="lines")
    position = models.BigIntegerField()
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, related_name="statuses"
    )
    level = models.CharField(max_length=10)
    end_to_end_id = models.CharField(max_length=35, blank=True)
    code = models.CharField(max_length=4)
    outcome = models.CharField(max_length=10)
    reason_code = models.CharField(max_length=35, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    provider_reference = models.CharField(max_length=35, blank=True)
    said_at = models.DateTimeField()
    conflict = models.CharField(max_length=20, blank=True)


class LedgerAccountKind(models.TextChoices):
    """Accounts of the ledger; explained in docs/explanation/payments.md."""

    BUDGET = states.Account.BUDGET.value
    PAYABLE = states.Account.PAYABLE.value
    CLEARING = states.Account.CLEARING.value
    PAID = states.Account.PAID.value
    RETURNED = states.Account.RETURNED.value


class LedgerAccount(models.Model):
    """An account of the ledger: of a kind, a programme and, for CLEARING, a channel."""

    kind = models.CharField(max_length=10, choices=LedgerAccountKind.choices)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            one_of("kind", LedgerAccountKind, "ledger_account_kind"),
            models.UniqueConstraint(
                fields=["kind", "programme", "channel", "currency"],
                nulls_distinct=False,
                name="ledger_account_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="CLEARING", channel__isnull=False)
                | (~Q(kind="CLEARING") & Q(channel__isnull=True)),
                name="ledger_account_channel",
            ),
        ]


class LedgerMovement(models.Model):
    """One transfer between two accounts, made by one event: it balances by construction.

    Insert-only. A mistake is mended by another movement.
    """

    at = models.DateTimeField()
    debit = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    credit = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=20)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, db_index=False, related_name="movements"
    )
    payroll = models.ForeignKey(Payroll, on_delete=models.PROTECT, related_name="movements")
    event = models.OneToOneField(PaymentEvent, on_delete=models.PROTECT, related_name="movement")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="movement_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="movement_two_accounts"),
        ]
