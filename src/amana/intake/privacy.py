"""The privacy class of every column of intake."""

from amana.access.privacy import classify

classify(
    "intake.Form",
    public="id code version title source channel legal_basis_kind legal_basis definition sha256"
    " published_at published_by",
)
classify(
    "intake.FileImport",
    internal="id run form file_name people_file_name file_sha256 mapping_sha256 row_count"
    " accepted_count rejected_count household_count person_count errors_file at",
)
