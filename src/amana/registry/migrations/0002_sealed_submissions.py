"""A submission is sealed: nothing of it changes but by redaction, and its outcomes once."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION registry_submission_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'submission % is sealed: redact it instead of removing it', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL
       AND NEW.answers IS NULL AND NEW.personal IS NULL AND NEW.redacted_reason <> ''
       AND (NEW.id, NEW.form, NEW.form_version, NEW.source, NEW.channel, NEW.run_id,
            NEW.collected_on, NEW.received_at, NEW.legal_basis, NEW.sha256)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.form, OLD.form_version, OLD.source, OLD.channel, OLD.run_id,
            OLD.collected_on, OLD.received_at, OLD.legal_basis, OLD.sha256)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'submission % is sealed: only redaction may change it', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER submission_sealed BEFORE UPDATE OR DELETE ON registry_submission
FOR EACH ROW EXECUTE FUNCTION registry_submission_sealed();
CREATE TRIGGER submission_never_emptied BEFORE TRUNCATE ON registry_submission
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""

BACK = """
DROP TRIGGER submission_never_emptied ON registry_submission;
DROP TRIGGER submission_sealed ON registry_submission;
DROP FUNCTION registry_submission_sealed();
"""


class Migration(migrations.Migration):
    """Seal the evidence in the database itself."""

    dependencies = [("registry", "0001_initial"), ("places", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTION, BACK)]
