"""Every write to programmes: publish, target, approve, enrol, and the life of an enrolment."""

from amana.programmes.commands.applications import record_application
from amana.programmes.commands.enrolling import enrol_run
from amana.programmes.commands.lists import approve_list
from amana.programmes.commands.moves import (
    change_recipient,
    exit_enrolment,
    reinstate_enrolment,
    suspend_enrolment,
)
from amana.programmes.commands.publishing import publish_programme
from amana.programmes.commands.targeting import target_programme

__all__ = [
    "approve_list",
    "change_recipient",
    "enrol_run",
    "exit_enrolment",
    "publish_programme",
    "record_application",
    "reinstate_enrolment",
    "suspend_enrolment",
    "target_programme",
]
