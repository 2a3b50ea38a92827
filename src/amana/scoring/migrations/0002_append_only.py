"""Published models and finished scoring runs are never changed."""

from django.db import migrations

TRIGGERS = """
CREATE TRIGGER scoring_model_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON scoring_scoringmodel
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
CREATE TRIGGER scoring_run_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON scoring_scoringrun
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""

BACK = """
DROP TRIGGER scoring_model_append_only ON scoring_scoringmodel;
DROP TRIGGER scoring_run_append_only ON scoring_scoringrun;
"""


class Migration(migrations.Migration):
    """Refuse changes to what was published and to what was computed."""

    dependencies = [("scoring", "0001_initial")]

    operations = [migrations.RunSQL(TRIGGERS, BACK)]
