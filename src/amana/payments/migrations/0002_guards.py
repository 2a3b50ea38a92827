"""What must never happen to money is refused by the database, whoever asks.

Statement triggers with transition tables: one check for a statement of a million rows.
"""

from django.db import migrations

LEGAL_MOVES = """
    ('PREPARED', 'HELD'), ('PREPARED', 'APPROVED'), ('PREPARED', 'CANCELLED'),
    ('HELD', 'PREPARED'), ('HELD', 'CANCELLED'),
    ('APPROVED', 'INSTRUCTED'), ('APPROVED', 'CANCELLED'),
    ('INSTRUCTED', 'ACCEPTED'), ('INSTRUCTED', 'PAID'), ('INSTRUCTED', 'REJECTED'),
    ('INSTRUCTED', 'RETURNED'),
    ('ACCEPTED', 'PAID'), ('ACCEPTED', 'REJECTED'), ('ACCEPTED', 'RETURNED'),
    ('PAID', 'RETURNED'),
    ('REJECTED', 'PAID'), ('REJECTED', 'RETURNED'),
    ('RETURNED', 'PAID')
"""

APPEND_ONLY = (
    "payments_paymentevent",
    "payments_ledgermovement",
    "payments_statusmessage",
    "payments_statusline",
    "payments_instructionfile",
    "payments_shortfall",
    "payments_channelversion",
    "payments_ledgeraccount",
)

NEVER_DELETED = (
    "payments_payroll",
    "payments_payment",
    "payments_paymentline",
    "payments_entitlement",
    "payments_channel",
)

FUNCTIONS = f"""
CREATE FUNCTION payments_payroll_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.programme_id, OLD.period, OLD.covers_from, OLD.covers_to, OLD.sequence, OLD.currency,
        OLD.prepared_by, OLD.prepared_at, OLD.version_id, OLD.supplements_id)
       IS DISTINCT FROM
       (NEW.programme_id, NEW.period, NEW.covers_from, NEW.covers_to, NEW.sequence, NEW.currency,
        NEW.prepared_by, NEW.prepared_at, NEW.version_id, NEW.supplements_id)
    THEN
        RAISE EXCEPTION 'payroll %: what it is for never changes', OLD.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state IN ('APPROVED', 'INSTRUCTED', 'DISCARDED')
       AND (OLD.sha256, OLD.approved_by, OLD.approved_at, OLD.approved_count, OLD.approved_minor,
            OLD.pay_on, OLD.basis)
           IS DISTINCT FROM
           (NEW.sha256, NEW.approved_by, NEW.approved_at, NEW.approved_count, NEW.approved_minor,
            NEW.pay_on, NEW.basis)
    THEN
        RAISE EXCEPTION 'payroll % is frozen', OLD.reference
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('PREPARED', 'APPROVED'), ('PREPARED', 'DISCARDED'), ('APPROVED', 'INSTRUCTED'))
    THEN
        RAISE EXCEPTION 'payroll %: % does not follow %', OLD.reference, NEW.state, OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER payroll_frozen BEFORE UPDATE ON payments_payroll
FOR EACH ROW EXECUTE FUNCTION payments_payroll_frozen();

CREATE FUNCTION payments_payment_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT payroll_id FROM added) touched
        JOIN payments_payroll payroll ON payroll.id = touched.payroll_id
        WHERE payroll.state <> 'PREPARED')
    THEN
        RAISE EXCEPTION 'a frozen payroll takes no further payments'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM added WHERE state NOT IN ('PREPARED', 'HELD')) THEN
        RAISE EXCEPTION 'a payment begins as PREPARED or HELD'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER payment_added AFTER INSERT ON payments_payment
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION payments_payment_added();

CREATE FUNCTION payments_payment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM before JOIN after USING (id)
        WHERE before.state <> after.state
          AND (before.state, after.state) NOT IN ({LEGAL_MOVES}))
    THEN
        RAISE EXCEPTION 'a payment may not move like this'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM before JOIN after USING (id)
        JOIN payments_payroll payroll ON payroll.id = before.payroll_id
        WHERE (before.payroll_id, before.currency, before.amount_minor)
              IS DISTINCT FROM (after.payroll_id, after.currency, after.amount_minor)
           OR (payroll.state <> 'PREPARED'
               AND ((before.payee_person_id, before.payee_organisation_id, before.payee_name,
                     before.account_id, before.channel_version_id)
                    IS DISTINCT FROM
                    (after.payee_person_id, after.payee_organisation_id, after.payee_name,
                     after.account_id, after.channel_version_id)
                 OR (before.state = 'HELD' AND after.state = 'PREPARED')))
           OR (payroll.state = 'PREPARED'
               AND after.state NOT IN ('PREPARED', 'HELD', 'CANCELLED'))
           OR (before.file_id IS NOT NULL AND before.file_id IS DISTINCT FROM after.file_id))
    THEN
        RAISE EXCEPTION 'the payments of a frozen payroll never change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER payment_changed AFTER UPDATE ON payments_payment
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION payments_payment_changed();

CREATE FUNCTION payments_line_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT DISTINCT payment_id FROM added) touched
        JOIN payments_payment payment ON payment.id = touched.payment_id
        JOIN LATERAL (SELECT sum(amount_minor) AS total FROM payments_paymentline line
                      WHERE line.payment_id = payment.id) lines ON true
        JOIN payments_payroll payroll ON payroll.id = payment.payroll_id
        WHERE lines.total <> payment.amount_minor OR payroll.state <> 'PREPARED')
    THEN
        RAISE EXCEPTION 'the lines of a payment must add up to its amount, and a frozen payroll'
            ' takes no further lines' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM added JOIN payments_entitlement due ON due.id = added.entitlement_id
        WHERE due.amount_minor <> added.amount_minor OR due.voided_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a line pays its entitlement whole, and no voided one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER line_added AFTER INSERT ON payments_paymentline
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION payments_line_added();

CREATE FUNCTION payments_line_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM before JOIN after USING (id)
        WHERE (before.payment_id, before.entitlement_id, before.amount_minor)
              IS DISTINCT FROM (after.payment_id, after.entitlement_id, after.amount_minor)
           OR (after.live AND NOT before.live))
    THEN
        RAISE EXCEPTION 'a line never changes; it only stops being live'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM before JOIN after USING (id)
        JOIN payments_payment payment ON payment.id = after.payment_id
        WHERE before.live AND NOT after.live
          AND payment.state NOT IN ('REJECTED', 'RETURNED', 'CANCELLED'))
    THEN
        RAISE EXCEPTION 'the line of a payment that may still reach its payee stays live'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER line_changed AFTER UPDATE ON payments_paymentline
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION payments_line_changed();

CREATE FUNCTION payments_entitlement_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM before JOIN after USING (id)
        WHERE (before.enrolment_id, before.component, before.coverage, before.covers_from,
               before.covers_to, before.amount_minor, before.currency, before.version_id,
               before.programme_id, before.area_id)
              IS DISTINCT FROM
              (after.enrolment_id, after.component, after.coverage, after.covers_from,
               after.covers_to, after.amount_minor, after.currency, after.version_id,
               after.programme_id, after.area_id)
           OR (before.voided_at IS NOT NULL
               AND before.voided_at IS DISTINCT FROM after.voided_at))
       OR EXISTS (
        SELECT 1 FROM after
        JOIN payments_paymentline line ON line.entitlement_id = after.id AND line.live
        WHERE after.voided_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'an entitlement never changes; it is voided while no live line carries it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entitlement_changed AFTER UPDATE ON payments_entitlement
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION payments_entitlement_changed();
"""

TRIGGERS = "".join(
    f"""
CREATE TRIGGER {table.removeprefix("payments_")}_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""
    for table in APPEND_ONLY
) + "".join(
    f"""
CREATE TRIGGER {table.removeprefix("payments_")}_never_deleted
BEFORE DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION amana_append_only();
"""
    for table in NEVER_DELETED
)

BACK = (
    "".join(
        f"DROP TRIGGER {table.removeprefix('payments_')}_append_only ON {table};"
        for table in APPEND_ONLY
    )
    + "".join(
        f"DROP TRIGGER {table.removeprefix('payments_')}_never_deleted ON {table};"
        for table in NEVER_DELETED
    )
    + """
DROP TRIGGER entitlement_changed ON payments_entitlement;
DROP TRIGGER line_changed ON payments_paymentline;
DROP TRIGGER line_added ON payments_paymentline;
DROP TRIGGER payment_changed ON payments_payment;
DROP TRIGGER payment_added ON payments_payment;
DROP TRIGGER payroll_frozen ON payments_payroll;
DROP FUNCTION payments_entitlement_changed();
DROP FUNCTION payments_line_changed();
DROP FUNCTION payments_line_added();
DROP FUNCTION payments_payment_changed();
DROP FUNCTION payments_payment_added();
DROP FUNCTION payments_payroll_frozen();
"""
)


class Migration(migrations.Migration):
    """Guard payrolls, payments, lines, entitlements, events and the ledger."""

    dependencies = [("payments", "0001_initial"), ("places", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTIONS + TRIGGERS, BACK)]
