"""The privacy class of every column of payments."""

from amana.access.privacy import classify

classify("payments.Channel", public="id code title kind currency")
classify(
    "payments.ChannelVersion",
    internal="id channel version definition sha256 published_at published_by",
)
classify(
    "payments.Payroll",
    internal="id reference programme period covers_from covers_to sequence supplements version"
    " currency minor_digits pay_on state run basis counts prepared_at prepared_by approved_at"
    " approved_by approved_count approved_minor sha256",
)
classify(
    "payments.Entitlement",
    internal="id component coverage covers_from covers_to currency version programme voided_at",
    linked="enrolment amount_minor area",
)
classify(
    "payments.InstructionFile",
    internal="id payroll channel_version number name message_id count total_minor currency sha256"
    " created_at",
)
classify(
    "payments.Payment",
    internal="id reference payroll channel_version currency file",
    linked="payee_person payee_organisation account area amount_minor state held_reason",
    personal="payee_name",
)
classify("payments.PaymentLine", internal="id payment live", linked="entitlement amount_minor")
classify("payments.Shortfall", internal="id payroll component", linked="enrolment reason")
classify(
    "payments.PaymentEvent",
    internal="id payment at before after kind username",
    linked="reason_code",
    personal="reason",
)
classify(
    "payments.StatusMessage",
    internal="id run channel file name message_id said_at received_at received_by sha256 counts",
)
classify(
    "payments.StatusLine",
    internal="id message position level end_to_end_id code outcome provider_reference said_at"
    " conflict",
    linked="payment reason_code",
    personal="reason",
)
classify("payments.LedgerAccount", internal="id kind programme channel currency")
classify(
    "payments.LedgerMovement",
    internal="id at debit credit currency kind payroll event",
    linked="payment amount_minor",
)
