"""Tables of people and groups, and how they belong together. Shaped after those whom a
careless model leaves out.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from amana.places.fields import one_of, reference_field
from amana.places.models import Area, Office, Organisation
from amana.registry.models.evidence import Submission


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
