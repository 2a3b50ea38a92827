"""The privacy class of every column of the registry."""

from amana.access.privacy import classify

classify("registry.CodeList", public="id code title codes core")
classify(
    "registry.Variable",
    public="id code grain type code_list title unit minimum maximum validity_months period is_list"
    " purposes privacy means core",
)
classify(
    "registry.Submission",
    internal="id reference form form_version source channel author office run received_at"
    " legal_basis sha256 redacted_at redacted_reason",
    linked="external_id collected_on outcomes",
    personal="personal",
    sensitive="answers",
)
classify(
    "registry.Group",
    internal="id reference kind serving_office organisation submission registered_at",
    linked="area facts_on provenance usual_count dissolved_on",
    personal="display_name search_tokens",
    sensitive="facts",
)
classify(
    "registry.Person",
    internal="id reference survivor submission registered_at",
    linked="group area facts_on provenance sex birth_known birth_calendar death_status",
    personal="display_name search_tokens birth_earliest birth_latest birth_stated",
    sensitive="facts",
)
classify("registry.SourceKey", internal="id source row_sha256", linked="external_id person group")
classify("registry.SubmissionSubject", internal="id", linked="submission person group line")
classify(
    "registry.Membership",
    internal="id recorded_at ended_at submission",
    linked="person group role presence valid_from valid_to",
)
classify(
    "registry.Relationship",
    internal="id recorded_at submission",
    linked="person other type valid_from valid_to",
)
classify(
    "registry.PersonName",
    internal="id kind script valid_from valid_to submission",
    linked="person",
    personal="full given family parts",
)
classify(
    "registry.Death",
    internal="id recorded_at submission",
    linked="person status died_on reported_on",
)
classify(
    "registry.Residence",
    internal="id recorded_at submission accuracy_m",
    linked="person group kind area valid_from valid_to",
    personal="address landmark position",
)
classify(
    "registry.Phone",
    internal="id valid_from valid_to may_write",
    linked="person number_hash",
    personal="number whose",
)
classify(
    "registry.Account",
    internal="id reference channel status preference recorded_at submission",
    linked="person organisation number_hash valid_from valid_to",
    personal="number number_end holder",
)
classify(
    "registry.Receipt",
    internal="id source recorded_at submission",
    linked="person group programme valid_from valid_to amount_minor currency every status",
)
classify(
    "registry.Consent",
    internal="id text legal_basis purposes recipients expressed recorded_at submission",
    linked="person on_behalf_by state on",
)
classify(
    "registry.Snapshot",
    internal="id reference run taken_at as_of folder sha256 dictionary_sha256 household_count"
    " person_count",
)
