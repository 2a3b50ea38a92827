"""Tables of programmes: definitions, targeting runs, decisions, enrolments and recipients."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from amana.access.models import Run
from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Organisation
from amana.registry.models import Group, Person, Snapshot


def one_unit(name: str) -> models.CheckConstraint:
    """Give the constraint that a row speaks of exactly one person or one group."""
    return models.CheckConstraint(
        condition=Q(person__isnull=False) ^ Q(group__isnull=False), name=name
    )


class UnitKind(models.TextChoices):
    """What a programme assists."""

    PERSON = "PERSON"
    HOUSEHOLD = "HOUSEHOLD"
    FAMILY = "FAMILY"
    INSTITUTION = "INSTITUTION"
    OTHER = "OTHER"


class Programme(models.Model):
    """A programme of ours or, when `external`, of another system whose receipts we know.

    `code` is what blueprints, receipts and rules say; title, agency and unit are those of the
    version published last.
    """

    Unit = UnitKind

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField(default=dict)
    agency = models.CharField(max_length=200, blank=True)
    unit_kind = models.CharField(max_length=12, choices=UnitKind.choices)
    external = models.BooleanField(default=False)

    class Meta:
        constraints = [one_of("unit_kind", UnitKind, "programme_unit")]

    def __str__(self) -> str:
        return self.code


class ProgrammeVersion(models.Model):
    """One published version: never altered or deleted (a trigger refuses), only superseded.

    In force on a day is the version published last among those with `valid_from` up to that day.
    `definition` is `Definition.to_json`, hashed in `sha256`; `source` is the file as written.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=20)
    definition = models.JSONField()
    source = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    valid_from = models.DateField()
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "version"], name="programme_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id}/{self.version}"


class PlaceQuota(models.Model):
    """Places of one version for one area (none: the whole country) in one year (0: every year)."""

    version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="quotas")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+")
    year = models.PositiveSmallIntegerField(default=0)
    places = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "area", "year"],
                nulls_distinct=False,
                name="place_quota_once",
            ),
        ]


class TargetingState(models.TextChoices):
    """How far a targeting run is; explained on `TargetingRun`."""

    ASSESSED = "ASSESSED"
    APPROVED = "APPROVED"
    ENROLLED = "ENROLLED"
    SUPERSEDED = "SUPERSEDED"


class TargetingRun(models.Model):
    """One judgement of every unit of a snapshot by one version, with all that repeats it.

    ASSESSED (the list is for review) → APPROVED (by a person) → ENROLLED. SUPERSEDED is an assessed
    list that a later one has replaced. The row of every unit is in the Parquet file `results`
    (below the installation's home), hashed in `results_sha256`; `sql` is the query that made it.
    `seed` is the lottery's, printed on the list.
    """

    State = TargetingState

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="targeting")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="runs")
    version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="+")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    model_versions = models.JSONField(default=dict)
    seed = models.CharField(max_length=80)
    on = models.DateField()
    sql = models.TextField()
    results = models.CharField(max_length=300)
    results_sha256 = models.CharField(max_length=64)
    assessed_count = models.BigIntegerField()
    eligible_count = models.BigIntegerField()
    ineligible_count = models.BigIntegerField()
    undetermined_count = models.BigIntegerField()
    selected_count = models.BigIntegerField()
    state = models.CharField(
        max_length=12, choices=TargetingState.choices, default=TargetingState.ASSESSED
    )
    assessed_at = models.DateTimeField()
    assessed_by = models.CharField(max_length=60)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=60, blank=True)
    enrolled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("state", TargetingState, "targeting_state"),
            models.CheckConstraint(
                condition=Q(state__in=["ASSESSED", "SUPERSEDED"])
                | (Q(approved_at__isnull=False) & ~Q(approved_by="")),
                name="targeting_approved_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(
                    assessed_count=models.F("eligible_count")
                    + models.F("ineligible_count")
                    + models.F("undetermined_count")
                ),
                name="targeting_counts_add_up",
            ),
        ]
        indexes = [models.Index(fields=["programme", "-id"], name="targeting_programme")]

    @property
    def reference(self) -> str:
        """Give the public reference, that of the run."""
        return str(self.run.reference)

    def __str__(self) -> str:
        return self.reference


class ApplicationState(models.TextChoices):
    """How far an application is."""

    RECEIVED = "RECEIVED"
    DECIDED = "DECIDED"
    WITHDRAWN = "WITHDRAWN"


class Application(models.Model):
    """Somebody asks for one programme, for several, or (none named) for all they may get.

    The day it was received counts for the order of need, not the day it was typed.
    """

    State = ApplicationState

    reference = reference_field("AP")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="applications"
    )
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, related_name="applications"
    )
    programmes = ArrayField(models.CharField(max_length=60), default=list)
    received_on = models.DateField()
    state = models.CharField(
        max_length=10, choices=ApplicationState.choices, default=ApplicationState.RECEIVED
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            one_of("state", ApplicationState, "application_state"),
            one_unit("application_one_unit"),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class DecisionOutcome(models.TextChoices):
    """What the criteria came to; explained in the room's words."""

    ELIGIBLE = "ELIGIBLE"
    INELIGIBLE = "INELIGIBLE"
    UNDETERMINED = "UNDETERMINED"


class Decision(models.Model):
    """What was decided about one unit that applied, was selected, changed or was told.

    `criteria` is a list of {"id", "outcome": met|failed|unknown, "missing": [], "values": {}}; the
    sentences are made from the version's texts, so that every face says the same words. Mass
    results of all other units stay in the run's Parquet file.
    """

    Outcome = DecisionOutcome

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="decisions")
    version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="+")
    targeting_run = models.ForeignKey(
        TargetingRun, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="decisions"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="decisions")
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    outcome = models.CharField(max_length=12, choices=DecisionOutcome.choices)
    selected = models.BooleanField(default=False)
    criteria = models.JSONField(default=list)
    score = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    rank = models.BigIntegerField(null=True)
    rank_of = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("outcome", DecisionOutcome, "decision_outcome"),
            one_unit("decision_one_unit"),
            models.CheckConstraint(
                condition=Q(selected=False) | Q(outcome="ELIGIBLE"),
                name="decision_selected_is_eligible",
            ),
            models.UniqueConstraint(
                fields=["targeting_run", "group", "person"],
                condition=Q(targeting_run__isnull=False),
                nulls_distinct=False,
                name="decision_once_in_run",
            ),
        ]


class EnrolmentState(models.TextChoices):
    """The life of an enrolment; explained on `Enrolment`."""

    PENDING = "PENDING"
    WAITLISTED = "WAITLISTED"
    STAND_BY = "STAND_BY"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXITED = "EXITED"


class Enrolment(models.Model):
    """One unit in one programme; at most one is open per unit and programme.

    PENDING (approved, something still wanted before it is paid) → ACTIVE; WAITLISTED (eligible, no
    place yet); STAND_BY (registered, paid only under a named trigger); ACTIVE (entitled);
    SUSPENDED (held for a time, with a reason); EXITED (closed, for ever; a return is a new row).
    `since` is the day the present state began and `active_from` the first day of entitlement.
    `area` is where it is counted and paid; `moves` tell its life.
    """

    State = EnrolmentState

    reference = reference_field("EN")
    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, db_index=False, related_name="enrolments"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="enrolments"
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="enrolments")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=EnrolmentState.choices)
    since = models.DateField()
    active_from = models.DateField(null=True)
    exited_on = models.DateField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    targeting_run = models.ForeignKey(
        TargetingRun, on_delete=models.PROTECT, null=True, related_name="enrolments"
    )

    class Meta:
        constraints = [
            one_of("state", EnrolmentState, "enrolment_state"),
            one_unit("enrolment_one_unit"),
            models.UniqueConstraint(
                fields=["programme", "person"],
                condition=Q(person__isnull=False) & ~Q(state="EXITED"),
                name="enrolment_open_person",
            ),
            models.UniqueConstraint(
                fields=["programme", "group"],
                condition=Q(group__isnull=False) & ~Q(state="EXITED"),
                name="enrolment_open_group",
            ),
            models.CheckConstraint(
                condition=Q(state="EXITED", exited_on__isnull=False)
                | (~Q(state="EXITED") & Q(exited_on__isnull=True)),
                name="enrolment_exit_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state="ACTIVE") | Q(active_from__isnull=False),
                name="enrolment_active_dated",
            ),
        ]
        indexes = [models.Index(fields=["programme", "state"], name="enrolment_programme")]

    def __str__(self) -> str:
        return str(self.reference)


class EnrolmentMove(models.Model):
    """One step in the life of an enrolment; insert-only (a trigger refuses the rest).

    `on` is the day it takes effect; a suspension or exit tells the day its notice was given and the
    words of it.
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12, choices=EnrolmentState.choices)
    on = models.DateField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=60)
    note = models.CharField(max_length=500, blank=True)
    notice_on = models.DateField(null=True)
    username = models.CharField(max_length=60)

    class Meta:
        constraints = [one_of("after", EnrolmentState, "move_after")]


class RecipientRelation(models.TextChoices):
    """What the recipient is to the unit."""

    SELF = "SELF"
    HEAD = "HEAD"
    PARENT = "PARENT"
    GUARDIAN = "GUARDIAN"
    CAREGIVER = "CAREGIVER"
    PROXY = "PROXY"
    INSTITUTION = "INSTITUTION"


class Recipient(models.Model):
    """Who collects for an enrolment from one day to another: a person, or an organisation.

    The recipient need not be the beneficiary: a mother for her child, a care home for those who
    live in it. At most one is open at a time; the payee's account belongs to the recipient.
    """

    Relation = RecipientRelation

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="recipients")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="collects_for"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="collects_for"
    )
    relation = models.CharField(max_length=12, choices=RecipientRelation.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    proof = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            one_of("relation", RecipientRelation, "recipient_relation"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(organisation__isnull=False),
                name="recipient_one_payee",
            ),
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(valid_to__isnull=True), name="recipient_open_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="recipient_interval",
            ),
        ]
