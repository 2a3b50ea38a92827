"""A function by which the application, which owns no table, has PostgreSQL count its rows anew."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION amana_refresh_statistics(tables text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ANALYZE public.%I', name);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION amana_refresh_statistics(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION amana_refresh_statistics(text[]) TO amana_app;
"""


class Migration(migrations.Migration):
    dependencies = [("places", "0002_country")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION amana_refresh_statistics(text[])"),
    ]
