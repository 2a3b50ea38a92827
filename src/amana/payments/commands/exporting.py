"""Export of an approved payroll into the providers' files: the same bytes whenever it is asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from amana.access import runs
from amana.access.sealing import decrypt_text
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, Where
from amana.payments import channel_file, mobile_csv, moving, pain001, queries, xsd
from amana.payments.channel_file import ChannelDefinition
from amana.payments.errors import PayrollNotApproved, PayrollTampered
from amana.payments.freezing import payroll_digest
from amana.payments.models import ChannelKind, ChannelVersion, InstructionFile, Payroll
from amana.payments.pain001 import AccountNumber, Batch, Message, Transfer
from amana.payments.running import running
from amana.places.bulk import cursor

EXPORT: Final = "payments.export_payroll"
FETCH: Final = 2_000

#: Instructed or not, a payment of a frozen payroll belongs into the same file for ever: payments
#: are numbered per channel in the order of their keys, and cut every `file_limit`.
_FILES: Final = """
CREATE TEMP TABLE filed ON COMMIT DROP AS
SELECT payment_id, channel_version_id, amount_minor,
       ((number - 1) / file_limit + 1)::int AS number
FROM (
    SELECT p.id AS payment_id, p.channel_version_id, p.amount_minor,
           row_number() OVER (PARTITION BY p.channel_version_id ORDER BY p.id) AS number,
           (v.definition->>'file_limit')::int AS file_limit
    FROM payments_payment p JOIN payments_channelversion v ON v.id = p.channel_version_id
    WHERE p.payroll_id = %(payroll)s AND p.held_reason = ''
) numbered
"""

_TRANSFERS: Final = """
SELECT p.reference, p.amount_minor, p.payee_name, a.number, a.holder,
       COALESCE(person.reference, organisation.code, '')
FROM filed f
JOIN payments_payment p ON p.id = f.payment_id
LEFT JOIN registry_account a ON a.id = p.account_id
LEFT JOIN registry_person person ON person.id = p.payee_person_id
LEFT JOIN places_organisation organisation ON organisation.id = p.payee_organisation_id
WHERE f.channel_version_id = %(version)s AND f.number = %(number)s
ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file that was written: where, for which channel, and its control sums."""

    path: Path
    channel: str
    message_id: str
    count: int
    total_minor: int
    sha256: str


class FolderUnusable(BadInput):
    """The folder for the files cannot be written."""

    code = "FOLDER_UNUSABLE"


def exports_folder(reference: str) -> Path:
    """Give the folder in which the installation keeps the files of a payroll for download."""
    return Path(settings.AMANA_HOME) / "exports" / reference


@command(EXPORT)
def export_payroll(
    *, actor: Actor, payroll: str, folder: Path, at: datetime
) -> Sequence[ExportedFile]:
    """Write the payment files of an approved payroll, each checked against its schema.

    The files depend on nothing but the frozen payroll: exporting again, also after a crash at any
    moment, gives the same names, message ids and bytes, and the provider refuses the second copy
    of a message by its id. Payments become INSTRUCTED the first time.

    Args:
        folder: is made when absent; files of the same name in it are replaced whole.

    Raises:
        PayrollNotApproved: nobody has approved it.
        PayrollTampered: payments or accounts are not those that were approved.
        FolderUnusable: the folder cannot be written.
    """
    found = queries.get_payroll(actor=actor, reference=payroll, permission=EXPORT, lock=True)
    if found.state not in (Payroll.State.APPROVED, Payroll.State.INSTRUCTED):
        raise PayrollNotApproved(
            f"{found.reference} has not been approved.",
            mend=f"Have it approved first: amana payroll approve {found.reference}.",
        )
    with running(kind="export", actor=actor, programme=found.programme.code) as run:
        exported = _export(found, folder, actor=actor, at=at, run_id=run.pk)
        runs.finish(run.pk, result={"payroll": str(found.reference), "files": len(exported)})
    note(
        subject=str(found.reference),
        programme=found.programme.code,
        digest=found.sha256,
        files=[file.sha256 for file in exported],
    )
    return exported


def _export(
    payroll: Payroll, folder: Path, *, actor: Actor, at: datetime, run_id: int
) -> list[ExportedFile]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FolderUnusable(
            f"The folder cannot be made: {error.strerror}.",
            where=Where(file=str(folder)),
            mend="Choose a folder you may write to.",
        ) from error
    written: list[ExportedFile] = []
    with cursor() as cur:
        if payroll_digest(cur, payroll.pk) != payroll.sha256:
            raise PayrollTampered(
                f"The payments or accounts of {payroll.reference} are not those that "
                f"{payroll.approved_by} approved.",
                mend="Nothing was written. Find out what was changed before anything is paid.",
            )
        cur.execute("DROP TABLE IF EXISTS filed")
        cur.execute(_FILES, {"payroll": payroll.pk})
        cur.execute("CREATE INDEX ON filed (channel_version_id, number, payment_id)")
        cur.execute("ANALYZE filed")
        cur.execute(
            "SELECT channel_version_id, number, count(*), sum(amount_minor) FROM filed"
            " GROUP BY 1, 2"
        )
        parts = [(row[0], row[1], row[2], int(row[3])) for row in cur.fetchall()]
        versions = ChannelVersion.objects.select_related("channel").in_bulk(
            {version for version, *_ in parts}
        )
        parts.sort(key=lambda part: (versions[part[0]].channel.code, part[0], part[1]))
        moving.stage_moves(cur)
        done = 0
        for serial, (version_id, number, count, total) in enumerate(parts, 1):
            version = versions[version_id]
            runs.progress(run_id, done=done, message=f"file {serial} of {len(parts)}")
            file = _write(payroll, version, number, serial, count, total, folder)
            written.append(file)
            record = _record(payroll, version, number, file)
            cur.execute(
                "INSERT INTO moved (payment_id, before, after, kind, file_id)"
                " SELECT f.payment_id, 'APPROVED', 'INSTRUCTED', 'INSTRUCTED', %s"
                " FROM filed f JOIN payments_payment p ON p.id = f.payment_id"
                " WHERE f.channel_version_id = %s AND f.number = %s AND p.state = 'APPROVED'",
                [record.pk, version_id, number],
            )
            done += count
        moving.move_payments(cur, at=at, by=actor.username)
        cur.execute("DROP TABLE filed")
    if payroll.state == Payroll.State.APPROVED:
        payroll.state = Payroll.State.INSTRUCTED
        payroll.save(update_fields=["state"])
    return written


def _write(
    payroll: Payroll,
    version: ChannelVersion,
    number: int,
    serial: int,
    count: int,
    total: int,
    folder: Path,
) -> ExportedFile:
    definition = channel_file.from_json(version.definition)
    assert payroll.approved_at is not None
    message_id = f"{payroll.reference}-{serial:03d}-{payroll.sha256[:8]}"
    text = f"{payroll.programme.code} {payroll.period} {payroll.reference}"
    message = Message(
        message_id=message_id,
        created_at=payroll.approved_at,
        initiating_party=definition.debtor_name,
        currency=payroll.currency,
        minor_digits=payroll.minor_digits,
        batches=(
            Batch(
                batch_id=f"{payroll.reference}-{serial:03d}",
                debtor=definition.debtor,
                execute_on=payroll.pay_on,
                count=count,
                total_minor=total,
                transfers=_transfers(definition, version.pk, number, text),
            ),
        ),
    )
    is_xml = version.channel.kind == ChannelKind.ISO20022
    name = f"{payroll.reference}-{serial:03d}-{definition.code}.{'xml' if is_xml else 'csv'}"
    path, unfinished = folder / name, folder / f".{name}.unfinished"
    try:
        with unfinished.open("wb") as out:
            if is_xml:
                pain001.write_message(message, out)
            else:
                mobile_csv.write_disbursement(message, out)
            out.flush()
            os.fsync(out.fileno())
        if is_xml:
            xsd.validate_file(unfinished, pain001.MESSAGE_NAME)
        with unfinished.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        known = InstructionFile.objects.filter(message_id=message_id).first()
        if known is not None and known.sha256 != sha256:
            raise PayrollTampered(
                f"{name} would differ from the file of the same message that was exported before.",
                mend="Nothing was written. Find out what was changed before anything is paid.",
            )
        unfinished.chmod(0o600)
        unfinished.replace(path)
    except OSError as error:
        raise FolderUnusable(
            f"The file cannot be written: {error.strerror}.",
            where=Where(file=str(path)),
            mend="Choose a folder with enough room that you may write to.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return ExportedFile(path, definition.code, message_id, count, total, sha256)


def _transfers(
    definition: ChannelDefinition, version_id: int, number: int, text: str
) -> Iterator[Transfer]:
    """Stream the transfers of a file; names and numbers are opened one at a time."""
    connection.ensure_connection()
    scheme = definition.account_scheme
    with closing(connection.connection.cursor(name="transfers")) as rows:
        rows.itersize = FETCH
        rows.execute(_TRANSFERS, {"version": version_id, "number": number})
        for reference, amount, name, account, holder, payee in rows:
            yield Transfer(
                end_to_end_id=reference,
                amount_minor=amount,
                payee_name=(decrypt_text(holder) if holder else name) or payee,
                account=AccountNumber(scheme, decrypt_text(account) if account else payee),
                remittance=text,
            )


def _record(
    payroll: Payroll, version: ChannelVersion, number: int, file: ExportedFile
) -> InstructionFile:
    assert payroll.approved_at is not None
    record, _new = InstructionFile.objects.get_or_create(
        message_id=file.message_id,
        defaults={
            "payroll": payroll,
            "channel_version": version,
            "number": number,
            "name": file.path.name,
            "count": file.count,
            "total_minor": file.total_minor,
            "currency": payroll.currency,
            "sha256": file.sha256,
            "created_at": payroll.approved_at,
        },
    )
    return record
