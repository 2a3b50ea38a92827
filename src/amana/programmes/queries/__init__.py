"""Every read of programmes that others use."""

from amana.programmes.queries.catalogue import (
    currency_of,
    definition_of,
    find_version,
    get_programme,
    get_version,
    list_programmes,
)
from amana.programmes.queries.units import find_person, find_unit, get_enrolment, get_targeting_run

__all__ = [
    "currency_of",
    "definition_of",
    "find_person",
    "find_unit",
    "find_version",
    "get_enrolment",
    "get_programme",
    "get_targeting_run",
    "get_version",
    "list_programmes",
]
