"""What scoring refuses, each with a stable code."""

from __future__ import annotations

from amana.kernel.errors import Conflict, NotFound


class ModelNotFound(NotFound):
    """No scoring model of this code (and version) was published."""

    code = "SCORING_MODEL_NOT_FOUND"


class ModelVersionAltered(Conflict):
    """A published version of a model was given again with other content."""

    code = "SCORING_MODEL_VERSION_ALTERED"


class ScoringRunNotFound(NotFound):
    """There is no such scoring run."""

    code = "SCORING_RUN_NOT_FOUND"
