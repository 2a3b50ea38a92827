"""What payments refuse, each with a stable code."""

from __future__ import annotations

from amana.kernel.errors import BadInput, Conflict, NotFound


class PayrollNotFound(NotFound):
    """There is no such payroll, or not within what the actor may see."""

    code = "PAYROLL_NOT_FOUND"


class PaymentNotFound(NotFound):
    """There is no such payment, or not within what the actor may see."""

    code = "PAYMENT_NOT_FOUND"


class NobodyEntitled(Conflict):
    """Nobody is due anything in this period, so there is no payroll to prepare."""

    code = "NOBODY_ENTITLED"


class NothingToRetry(Conflict):
    """Every payment of the payroll reached its payee, is on its way, or is still held."""

    code = "NOTHING_TO_RETRY"


class ChannelMissing(Conflict):
    """The programme names a payment channel that nobody has published."""

    code = "CHANNEL_MISSING"


class PayrollNotPrepared(Conflict):
    """The payroll is frozen or discarded, so this can no longer be done."""

    code = "PAYROLL_NOT_PREPARED"


class PayrollNotApproved(Conflict):
    """The payroll has not been approved, so nothing may leave the house."""

    code = "PAYROLL_NOT_APPROVED"


class PayrollApprovedByOther(Conflict):
    """Somebody else has already approved the payroll."""

    code = "PAYROLL_APPROVED_BY_OTHER"


class PayrollChanged(Conflict):
    """The payroll is no longer what the approver was shown."""

    code = "PAYROLL_CHANGED"


class NothingToApprove(Conflict):
    """Every payment of the payroll is held."""

    code = "NOTHING_TO_APPROVE"


class PayrollTampered(Conflict):
    """The payments are not those that were approved: their hash differs."""

    code = "PAYROLL_TAMPERED"


class PaymentNotHeld(Conflict):
    """The payment is not held, or not in a state in which it can be held."""

    code = "PAYMENT_NOT_HELD"


class StillHeld(Conflict):
    """What the payment is held for is still so."""

    code = "STILL_HELD"


class ReasonMissing(BadInput):
    """Money is held and released with a reason, for those who ask later."""

    code = "REASON_MISSING"


class StatusForUnknownMessage(BadInput):
    """A status file about a message that Amana did not send."""

    code = "STATUS_FOR_UNKNOWN_MESSAGE"


class StatusMessageAltered(Conflict):
    """A provider's message was read before with other content."""

    code = "STATUS_MESSAGE_ALTERED"
