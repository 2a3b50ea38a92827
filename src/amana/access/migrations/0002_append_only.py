"""The audit trail only grows."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_auditevent
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""


class Migration(migrations.Migration):
    """Refuse changes to audit events."""

    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.RunSQL(TRIGGER, "DROP TRIGGER audit_append_only ON access_auditevent"),
    ]
