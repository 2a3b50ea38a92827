"""Published versions, their places and the moves of enrolments are never changed."""

from django.db import migrations

TRIGGERS = """
CREATE TRIGGER programme_version_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON programmes_programmeversion
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();

CREATE TRIGGER place_quota_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON programmes_placequota
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();

CREATE TRIGGER enrolment_move_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON programmes_enrolmentmove
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""

BACK = """
DROP TRIGGER programme_version_append_only ON programmes_programmeversion;
DROP TRIGGER place_quota_append_only ON programmes_placequota;
DROP TRIGGER enrolment_move_append_only ON programmes_enrolmentmove;
"""


class Migration(migrations.Migration):
    """Refuse changes to what was published and to what happened."""

    dependencies = [("programmes", "0001_initial")]

    operations = [migrations.RunSQL(TRIGGERS, BACK)]
