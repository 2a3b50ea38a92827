"""Tables of the registry, by what they speak of."""

from __future__ import annotations

import pghistory

from amana.registry.models.dictionary import (
    CodeList,
    Variable,
    VariableGrain,
    VariablePrivacy,
    VariableType,
)
from amana.registry.models.evidence import Submission
from amana.registry.models.links import SourceKey, SubmissionSubject
from amana.registry.models.living import (
    Account,
    AccountStatus,
    Consent,
    ConsentState,
    Phone,
    Receipt,
    ReceiptStatus,
    Residence,
    ResidenceKind,
)
from amana.registry.models.people import (
    Death,
    DeathStatus,
    Group,
    GroupKind,
    Membership,
    MembershipPresence,
    Person,
    PersonBirthKnown,
    PersonDeathStatus,
    PersonName,
    PersonNameKind,
    PersonSex,
    Relationship,
    RelationshipType,
)
from amana.registry.models.snapshot import Snapshot

#: Tables whose rows change; the state before each change is kept, written by statement triggers.
TRACKED = (Group, Person, Membership, Residence, Account, Variable, CodeList)
for _model in TRACKED:
    pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pghistory.Statement)(
        _model
    )

__all__ = [
    "Account",
    "AccountStatus",
    "CodeList",
    "Consent",
    "ConsentState",
    "Death",
    "DeathStatus",
    "Group",
    "GroupKind",
    "Membership",
    "MembershipPresence",
    "Person",
    "PersonBirthKnown",
    "PersonDeathStatus",
    "PersonName",
    "PersonNameKind",
    "PersonSex",
    "Phone",
    "Receipt",
    "ReceiptStatus",
    "Relationship",
    "RelationshipType",
    "Residence",
    "ResidenceKind",
    "Snapshot",
    "SourceKey",
    "Submission",
    "SubmissionSubject",
    "Variable",
    "VariableGrain",
    "VariablePrivacy",
    "VariableType",
]
