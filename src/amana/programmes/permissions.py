"""What one may be allowed to do with programmes."""

from amana.access.permissions import declare

declare("programmes.view", "See programmes, their rules and the counts of their runs")
declare("programmes.view_decisions", "See what was decided about a household or person, and why")
declare("programmes.publish_programme", "Publish a version of a programme from a blueprint")
declare("programmes.target_programme", "Judge all households or people for a programme")
declare("programmes.approve_list", "Approve the list of a targeting run")
declare("programmes.enrol_run", "Enrol the selected units of an approved list")
declare("programmes.change_enrolment", "Suspend, reinstate and exit enrolments")
declare("programmes.change_recipient", "Change who collects for an enrolment")
declare("programmes.record_application", "Record an application")
declare("programmes.export_results", "Export the results of a targeting run")
