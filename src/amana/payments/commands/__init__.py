"""Every write to payments: channels, payrolls from preparation to files, statuses, paying again."""

from amana.payments.commands.approving import approve_payroll, recheck_payroll
from amana.payments.commands.channels import apply_channel, plan_channel
from amana.payments.commands.exporting import ExportedFile, export_payroll, exports_folder
from amana.payments.commands.holding import hold_payment, release_held
from amana.payments.commands.ingesting import Ingested, ingest_status
from amana.payments.commands.preparing import (
    Prepared,
    discard_payroll,
    prepare_payroll,
    retry_rejected,
)

__all__ = [
    "ExportedFile",
    "Ingested",
    "Prepared",
    "apply_channel",
    "approve_payroll",
    "discard_payroll",
    "export_payroll",
    "exports_folder",
    "hold_payment",
    "ingest_status",
    "plan_channel",
    "prepare_payroll",
    "recheck_payroll",
    "release_held",
    "retry_rejected",
]
