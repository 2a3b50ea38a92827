"""Why a payment is held: the words people read, and what lets it go."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from amana.payments.models import HoldReason

REASONS: Final[dict[str, Promise | str]] = {
    HoldReason.NO_RECIPIENT: _("Nobody is named who may collect"),
    HoldReason.NO_ACCOUNT: _("The recipient has no account in a channel of the programme"),
    HoldReason.ACCOUNT_REFUSED: _("The provider refused this account before"),
    HoldReason.DEATH_REPORTED: _("A death is reported"),
    HoldReason.SUSPENDED: _("The enrolment is suspended or closed"),
    HoldReason.SAME_PERSON_TWICE: _("The same person is enrolled twice"),
    HoldReason.PAYEE_MERGED: _("The recipient was found to be the same as another person"),
    HoldReason.PAID_LATE: _("The provider says that an earlier payment was made after all"),
    HoldReason.BY_HAND: _("Held by an officer"),
}

MENDS: Final[dict[str, Promise | str]] = {
    HoldReason.NO_RECIPIENT: _("Name a recipient of the enrolment."),
    HoldReason.NO_ACCOUNT: _("Add an account of the recipient."),
    HoldReason.ACCOUNT_REFUSED: _("Add another account of the recipient."),
    HoldReason.DEATH_REPORTED: _("Verify the death, or mark the report as mistaken."),
    HoldReason.SUSPENDED: _("Reinstate the enrolment, or let it end."),
    HoldReason.SAME_PERSON_TWICE: _("Close one of the two enrolments."),
    HoldReason.PAYEE_MERGED: _("Release it: it then goes to the one who stands for them."),
    HoldReason.PAID_LATE: _("Clear it up with the provider; the money may be there already."),
    HoldReason.BY_HAND: _("Release it with a reason, when it is settled."),
}
