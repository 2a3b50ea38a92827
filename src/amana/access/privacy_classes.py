"""The privacy class of every column of places and access."""

from amana.access.privacy import classify

classify("places.Level", public="id code title depth")
classify(
    "places.Area",
    public="id level code name parent path valid_from valid_to variables polygon centre_lat"
    " centre_lon",
)
classify("places.AreaCode", public="id area scheme code")
classify("places.AreaLineage", public="id before after kind on")
classify("places.Organisation", public="id code name kind area")
classify("places.Office", public="id code name organisation area address")
classify(
    "access.User",
    internal="id username organisation office language is_active created_at last_login",
    personal="name email",
    secret="password",
)
classify("access.Role", internal="id code title permissions")
classify("access.RoleAssignment", internal="id user role area office programme valid_from valid_to")
classify("access.Separation", internal="id act not_with programme")
classify(
    "access.AuditEvent",
    internal="id at username channel purpose command permission subject programme area details"
    " digest previous_sha256 sha256",
)
classify(
    "access.Run",
    internal="id reference kind subject programme username state params result error done_count"
    " total_count message cancel_asked started_at heard_at ended_at",
)
classify("access.ConsentText", public="id code version language text purposes recipients")
classify("access.OutboxMessage", internal="id at topic payload delivered_at attempts last_error")
classify(
    "places.Country",
    public="id blueprint version title country currency currency_title minor_digits languages"
    " unit_kind calendar files untranslated sha256 applied_at",
    internal="applied_by",
)
classify(
    "access.ApiToken",
    internal="id user label created_at expires_on revoked_at",
    secret="token_sha256",
)
classify("access.IdempotentRequest", internal="id user key request_sha256 at", sensitive="answer")
