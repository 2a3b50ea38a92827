"""Let the guards compare many rows by hashing them.

A guard joins the rows before and after a statement. The planner knows nothing of the size of these
transition tables, takes a nested loop, and ten thousand payments become a hundred million pairs.
"""

from django.db import migrations

GUARDS = (
    "payments_payment_changed()",
    "payments_line_changed()",
    "payments_entitlement_changed()",
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_holds")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {guard} SET enable_nestloop = off",
            f"ALTER FUNCTION {guard} RESET enable_nestloop",
        )
        for guard in GUARDS
    ]
