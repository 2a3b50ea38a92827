"""Tables of the registry. The shapes follow the people a careless model leaves out."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from amana.access.models import ConsentText, Run
from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Office, Organisation


class CodeList(models.Model):
    """A closed list of codes a variable may take, with titles by language.

    `codes` lists them in order: [{"code", "title": {lang: text}, "means": core code or ""}, …].
    """

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField(default=dict)
    codes = models.JSONField(default=list)
    core = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code


class VariableGrain(models.TextChoices):
    """Grain of Variable; told in its docstring."""

    PERSON = "person"
    HOUSEHOLD = "household"
    AREA = "area"


class VariableType(models.TextChoices):
    """Type of Variable; told in its docstring."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CODE = "code"
    TEXT = "text"
    DATE = "date"
    MONEY = "money"


class VariablePrivacy(models.TextChoices):
    """Privacy of Variable; told in its docstring."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"


class Variable(models.Model):
    """A thing that can be known of a person, a group or an area.

    `validity_months` says how long a fact stays fresh (null: for ever); `period` and `is_list` mark
    variables with a value per month, term or year, and those that hold a list of records (jobs,
    plots). `means` names the core variable this one is a country's version of. `purposes` say what
    the variable is asked for.
    """

    Grain = VariableGrain
    Type = VariableType
    Privacy = VariablePrivacy

    code = models.SlugField(max_length=60, unique=True)
    grain = models.CharField(max_length=10, choices=Grain.choices)
    type = models.CharField(max_length=10, choices=Type.choices)
    code_list = models.ForeignKey(CodeList, on_delete=models.PROTECT, null=True)
    title = models.JSONField(default=dict)
    unit = models.CharField(max_length=40, blank=True)
    minimum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    maximum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    validity_months = models.PositiveSmallIntegerField(null=True)
    period = models.CharField(max_length=10, blank=True)
    is_list = models.BooleanField(default=False)
    purposes = ArrayField(models.CharField(max_length=40), default=list)
    privacy = models.CharField(max_length=10, choices=Privacy.choices, default=Privacy.ORDINARY)
    means = models.CharField(max_length=60, blank=True)
    core = models.BooleanField(default=False)

    class Meta:
        constraints = [
            one_of("grain", VariableGrain, "variable_grain"),
            one_of("type", VariableType, "variable_type"),
            one_of("privacy", VariablePrivacy, "variable_privacy"),
            models.CheckConstraint(
                condition=Q(period__in=["", "month", "term", "year"]), name="variable_period"
            ),
            models.CheckConstraint(
                condition=~Q(type="code") | Q(code_list__isnull=False), name="variable_code_list"
            ),
        ]

    def __str__(self) -> str:
        return self.code


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


class GroupKind(models.TextChoices):
    """Kind of Group; told in its docstring."""

    HOUSEHOLD = "HOUSEHOLD"
    FAMILY = "FAMILY"
    INSTITUTION = "INSTITUTION"
    OTHER = "OTHER"


class Group(models.Model):
    """People taken together: a household, a family, an institution, or another kind.

    Facts are in `facts` {variable: value}; they come from `submission` and were true on `facts_on`,
    except those named in `provenance` {variable: [submission id, date]}. `area` and the number of
    usual members stand here for the fast path; `Residence` tells the whole story.
    """

    Kind = GroupKind

    reference = reference_field("HH")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.HOUSEHOLD)
    display_name = models.CharField(max_length=200, blank=True)
    search_tokens = ArrayField(models.CharField(max_length=60), default=list)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True)
    serving_office = models.ForeignKey(
        Office, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="groups"
    )
    facts = models.JSONField(default=dict)
    facts_on = models.DateField(null=True)
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    provenance = models.JSONField(null=True)
    usual_count = models.PositiveIntegerField(default=0)
    registered_at = models.DateTimeField()
    dissolved_on = models.DateField(null=True)

    class Meta:
        constraints = [one_of("kind", GroupKind, "group_kind")]
        indexes = [GinIndex(fields=["search_tokens"], name="group_tokens")]

    def __str__(self) -> str:
        return str(self.reference)


class PersonBirthKnown(models.TextChoices):
    """BirthKnown of Person; told in its docstring."""

    DOCUMENT = "DOCUMENT"
    STATED_DATE = "STATED_DATE"
    MONTH = "MONTH"
    YEAR = "YEAR"
    AGE = "AGE"
    GUESS = "GUESS"
    UNKNOWN = "UNKNOWN"


class PersonSex(models.TextChoices):
    """Sex of Person; told in its docstring."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"


class PersonDeathStatus(models.TextChoices):
    """DeathStatus of Person; told in its docstring."""

    NONE = ""
    REPORTED = "REPORTED"
    VERIFIED = "VERIFIED"


class Person(models.Model):
    """One human being, as far as we know; `survivor` points to the row that speaks for them.

    Birth is an interval: `birth_earliest` to `birth_latest`, both inclusive and equal when the day
    is known, both null when nothing is. `group` and `area` are the usual household and where it is,
    kept here for the fast path. A person needs no name, no number, no group and no area.
    """

    BirthKnown = PersonBirthKnown
    Sex = PersonSex
    DeathStatus = PersonDeathStatus

    reference = reference_field("PN")
    survivor = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    display_name = models.CharField(max_length=200, blank=True)
    search_tokens = ArrayField(models.CharField(max_length=60), default=list)
    sex = models.CharField(max_length=10, blank=True, choices=Sex.choices)
    birth_earliest = models.DateField(null=True)
    birth_latest = models.DateField(null=True)
    birth_known = models.CharField(
        max_length=12, choices=BirthKnown.choices, default=BirthKnown.UNKNOWN
    )
    birth_calendar = models.CharField(max_length=20, blank=True)
    birth_stated = models.CharField(max_length=120, blank=True)
    death_status = models.CharField(
        max_length=10, choices=DeathStatus.choices, default=DeathStatus.NONE, blank=True
    )
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, related_name="usual")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True)
    facts = models.JSONField(default=dict)
    facts_on = models.DateField(null=True)
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    provenance = models.JSONField(null=True)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("birth_known", PersonBirthKnown, "person_birth_known"),
            models.CheckConstraint(
                condition=Q(sex__in=["", "MALE", "FEMALE", "OTHER"]), name="person_sex"
            ),
            models.CheckConstraint(
                condition=Q(death_status__in=["", "REPORTED", "VERIFIED"]), name="person_death"
            ),
            models.CheckConstraint(
                condition=(Q(birth_earliest__isnull=True) & Q(birth_latest__isnull=True))
                | Q(birth_earliest__lte=F("birth_latest")),
                name="person_birth_interval",
            ),
            models.CheckConstraint(
                condition=Q(survivor__isnull=True) | ~Q(survivor=F("id")),
                name="person_not_own_survivor",
            ),
        ]
        indexes = [GinIndex(fields=["search_tokens"], name="person_tokens")]

    def __str__(self) -> str:
        return str(self.reference)


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


class MembershipPresence(models.TextChoices):
    """Presence of Membership; told in its docstring."""

    USUAL = "USUAL"
    ABSENT = "ABSENT"
    PART = "PART"
    VISITOR = "VISITOR"


class Membership(models.Model):
    """A person in a group from one date to another.

    `presence` says how they live there: USUAL, ABSENT (away, still of the household), PART (part of
    the time, as with a second wife's household) or VISITOR; empty for groups nobody lives in.
    `role` is the relation to the head (HEAD, SPOUSE, CHILD, …), from the core code list. A
    household may have one head, none or two.
    """

    Presence = MembershipPresence

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=40, blank=True)
    presence = models.CharField(max_length=10, blank=True, choices=Presence.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(presence="USUAL", valid_to__isnull=True),
                name="membership_one_usual",
            ),
            models.UniqueConstraint(
                fields=["group", "person"],
                condition=Q(valid_to__isnull=True),
                name="membership_open_once",
            ),
            models.CheckConstraint(
                condition=Q(presence__in=["", "USUAL", "ABSENT", "PART", "VISITOR"]),
                name="membership_presence",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="membership_interval",
            ),
        ]


class RelationshipType(models.TextChoices):
    """Type of Relationship; told in its docstring."""

    PARENT = "PARENT"
    SPOUSE = "SPOUSE"
    GUARDIAN = "GUARDIAN"
    CAREGIVER = "CAREGIVER"
    PROXY = "PROXY"


class Relationship(models.Model):
    """How two people are related: `person` is the `type` of `other` (PARENT of, GUARDIAN of)."""

    Type = RelationshipType

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="relationships")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="related_by")
    type = models.CharField(max_length=12, choices=Type.choices)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [
            one_of("type", RelationshipType, "relationship_type"),
            models.CheckConstraint(condition=~Q(person=F("other")), name="relationship_two"),
            models.UniqueConstraint(
                fields=["person", "other", "type"],
                condition=Q(valid_to__isnull=True),
                name="relationship_open_once",
            ),
        ]


class PersonNameKind(models.TextChoices):
    """Kind of PersonName; told in its docstring."""

    LEGAL = "LEGAL"
    BIRTH = "BIRTH"
    ALIAS = "ALIAS"
    OTHER_SCRIPT = "OTHER_SCRIPT"


class PersonName(models.Model):
    """A further name of a person: legal, at birth, alias, or in another script.

    Written only when there is more to say than the display name.
    """

    Kind = PersonNameKind

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="names")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    full = models.CharField(max_length=200)
    given = models.CharField(max_length=120, blank=True)
    family = models.CharField(max_length=120, blank=True)
    parts = models.JSONField(null=True)
    script = models.CharField(max_length=4, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [one_of("kind", PersonNameKind, "name_kind")]


class DeathStatus(models.TextChoices):
    """Status of Death; told in its docstring."""

    REPORTED = "REPORTED"
    VERIFIED = "VERIFIED"
    MISTAKEN = "MISTAKEN"


class Death(models.Model):
    """News of a death: REPORTED holds payments, VERIFIED exits, MISTAKEN reinstates.

    After a mistake the person is paid what was held meanwhile.
    """

    Status = DeathStatus

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deaths")
    status = models.CharField(max_length=10, choices=Status.choices)
    died_on = models.DateField(null=True)
    reported_on = models.DateField()
    recorded_at = models.DateTimeField()
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [one_of("status", DeathStatus, "death_status")]


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


#: Tables whose rows change; the state before each change is kept, written by statement triggers.
TRACKED = (Group, Person, Membership, Residence, Account, Variable, CodeList)
for _model in TRACKED:
    pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pghistory.Statement)(
        _model
    )
