"""The privacy class of every column of scoring."""

from amana.access.privacy import classify

classify(
    "scoring.ScoringModel",
    public="id code version title kind unit definition source sha256 published_at",
    internal="published_by",
)
classify(
    "scoring.ScoringRun",
    internal="id run model snapshot sql results results_sha256 unit_count scored_count"
    " unknown_count scored_at scored_by",
)
