"""Published forms and finished imports are never changed."""

from django.db import migrations

TRIGGERS = """
CREATE TRIGGER form_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_form
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
CREATE TRIGGER file_import_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake_fileimport
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""

BACK = """
DROP TRIGGER form_append_only ON intake_form;
DROP TRIGGER file_import_append_only ON intake_fileimport;
"""


class Migration(migrations.Migration):
    """Refuse changes to what was published and to what happened."""

    dependencies = [("intake", "0001_initial")]

    operations = [migrations.RunSQL(TRIGGERS, BACK)]
