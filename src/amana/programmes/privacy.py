"""The privacy class of every column of programmes."""

from amana.access.privacy import classify

classify("programmes.Programme", public="id code title agency unit_kind external")
classify(
    "programmes.ProgrammeVersion",
    public="id programme version definition source sha256 valid_from published_at",
    internal="published_by",
)
classify("programmes.PlaceQuota", public="id version area year places")
classify(
    "programmes.TargetingRun",
    internal="id run programme version snapshot model_versions seed on sql results results_sha256"
    " assessed_count eligible_count ineligible_count undetermined_count selected_count state"
    " assessed_at assessed_by approved_at approved_by enrolled_at",
)
classify(
    "programmes.Application",
    internal="id reference state recorded_at recorded_by",
    linked="person group programmes received_on",
)
classify(
    "programmes.Decision",
    internal="id programme version targeting_run application decided_at",
    linked="person group area outcome selected score rank rank_of",
    sensitive="criteria",
)
classify(
    "programmes.Enrolment",
    internal="id reference programme targeting_run",
    linked="person group area state since active_from exited_on reason",
)
classify(
    "programmes.EnrolmentMove",
    internal="id at username",
    linked="enrolment before after on reason notice_on",
    sensitive="note",
)
classify(
    "programmes.Recipient",
    internal="id recorded_at recorded_by",
    linked="enrolment person organisation relation valid_from valid_to proof",
)
