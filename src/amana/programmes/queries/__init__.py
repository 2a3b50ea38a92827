"""Every read of programmes that others use.

`judging` (compiled rules, snapshots), `results` (rows of a run) and `live` (one unit now) are
modules of their own.
"""

from amana.programmes.queries.catalogue import (
    currency_of,
    definition_of,
    find_version,
    get_programme,
    get_version,
    list_programmes,
)
from amana.programmes.queries.explaining import (
    Explained,
    evaluate_live,
    explain,
    explain_unit,
    explain_units,
    find_last_run,
)
from amana.programmes.queries.results import export_results
from amana.programmes.queries.units import find_person, find_unit, get_enrolment, get_targeting_run

__all__ = [
    "Explained",
    "currency_of",
    "definition_of",
    "evaluate_live",
    "explain",
    "explain_unit",
    "explain_units",
    "export_results",
    "find_last_run",
    "find_person",
    "find_unit",
    "find_version",
    "get_enrolment",
    "get_programme",
    "get_targeting_run",
    "get_version",
    "list_programmes",
]
