"""What one may be allowed to do with payments."""

from amana.access.permissions import declare

declare("payments.view", "See payrolls, payments and the ledger")
declare("payments.apply_channel", "Publish a payment channel from a blueprint")
declare("payments.prepare_payroll", "Prepare a payroll")
declare("payments.approve_payroll", "Approve a payroll")
declare("payments.discard_payroll", "Discard a payroll that nobody has approved")
declare("payments.hold_payment", "Hold payments, and release held ones, with a reason")
declare("payments.export_payroll", "Export payment files for the providers")
declare("payments.ingest_status", "Read status files of the providers")
