"""What one may be allowed to do at intake."""

from amana.access.permissions import declare

declare("intake.import_file", "Import a file of households and people")
declare("intake.view_imports", "See imports and their errors")
declare("intake.publish_form", "Change forms from a blueprint")
