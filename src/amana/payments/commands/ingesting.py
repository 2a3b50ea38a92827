"""Reading the providers' answers: late, twice, out of order, partial, all absorbed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from amana.access import runs, scope
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import Where
from amana.payments import mobile_csv, moving, pain002
from amana.payments.errors import StatusForUnknownMessage, StatusMessageAltered
from amana.payments.models import InstructionFile, Payroll, StatusMessage
from amana.payments.pain001 import amount_text
from amana.payments.pain002 import Report, Status, StatusFileRefused
from amana.payments.running import running
from amana.places.bulk import cursor

INGEST: Final = "payments.ingest_status"
FILE_BYTES_MAX: Final = 4_000_000_000

_STAGE: Final = """
DROP TABLE IF EXISTS staged_status, applied, folded;
CREATE TEMP TABLE staged_status (
    position bigint NOT NULL, level text NOT NULL, batch_id text NOT NULL,
    end_to_end_id text NOT NULL, code text NOT NULL, outcome text NOT NULL,
    reason_code text NOT NULL, reason text NOT NULL, provider_reference text NOT NULL,
    amount text NOT NULL, currency text NOT NULL
) ON COMMIT DROP
"""

_COPY: Final = (
    "COPY staged_status (position, level, batch_id, end_to_end_id, code, outcome, reason_code,"
    " reason, provider_reference, amount, currency) FROM STDIN"
)

#: One row per payment and status that speaks of it. The narrower word wins: a payment named by a
#: transfer is not touched by what the same message says of its batch or of the whole.
_APPLY: Final = """
CREATE TEMP TABLE applied ON COMMIT DROP AS
WITH named AS (
    SELECT s.*, p.id AS payment_id,
           CASE WHEN p.id IS NULL THEN 'UNKNOWN'
                WHEN s.amount <> '' AND (s.currency NOT IN ('', p.currency)
                     OR CASE WHEN s.amount ~ '^[0-9]{1,15}([.][0-9]{1,5})?$'
                             THEN s.amount::numeric * (10 ^ %(digits)s::int)::numeric END
                        IS DISTINCT FROM p.amount_minor::numeric)
                     THEN 'AMOUNT_DIFFERS'
                WHEN s.batch_id NOT IN ('', %(batch)s) THEN 'BATCH_DIFFERS'
                ELSE '' END AS conflict
    FROM staged_status s
    LEFT JOIN payments_payment p ON p.reference = s.end_to_end_id AND p.file_id = %(file)s
    WHERE s.level = 'TRANSFER'
),
wide AS (
    SELECT DISTINCT ON (level) * FROM staged_status
    WHERE level = 'MESSAGE' OR (level = 'BATCH' AND batch_id = %(batch)s)
    ORDER BY level, position DESC
),
widest AS (  -- the batch's word, else the message's
    SELECT * FROM wide ORDER BY level LIMIT 1
)
SELECT position, payment_id, level, end_to_end_id, code, outcome, reason_code, reason,
       provider_reference, conflict
FROM named
UNION ALL
SELECT w.position, p.id, w.level, p.reference, w.code, w.outcome, w.reason_code, w.reason,
       '', ''
FROM widest w
JOIN payments_payment p ON p.file_id = %(file)s
WHERE p.id NOT IN (SELECT payment_id FROM named WHERE payment_id IS NOT NULL)
"""

#: A word that a payment was made, after its entitlements were carried forward to another payment.
_LATE: Final = """
UPDATE applied a SET conflict = 'PAID_AFTER_RETRY'
FROM payments_payment p
WHERE p.id = a.payment_id AND a.outcome = 'PAID' AND a.conflict = ''
  AND p.state IN ('REJECTED', 'RETURNED')
  AND NOT EXISTS (SELECT 1 FROM payments_paymentline l WHERE l.payment_id = p.id AND l.live)
"""

_KEEP: Final = """
INSERT INTO payments_statusline
       (message_id, position, payment_id, level, end_to_end_id, code, outcome, reason_code, reason,
        provider_reference, said_at, conflict)
SELECT %(message)s, position, payment_id, level, end_to_end_id, code, outcome, reason_code, reason,
       provider_reference, %(said_at)s, conflict
FROM applied ORDER BY position, payment_id
"""

#: `states.state_after`, for all payments the message speaks of, over everything ever said of them
#: in the order in which the provider said it.
_FOLD: Final = """
CREATE TEMP TABLE folded ON COMMIT DROP AS
WITH said AS (
    SELECT l.payment_id, l.outcome, l.reason_code, l.reason,
           row_number() OVER (PARTITION BY l.payment_id
                              ORDER BY l.said_at, m.message_id, l.position) AS number
    FROM payments_statusline l
    JOIN payments_statusmessage m ON m.id = l.message_id
    WHERE l.conflict = ''
      AND l.payment_id IN (SELECT payment_id FROM applied
                           WHERE payment_id IS NOT NULL AND conflict = '')
),
decisive AS (
    SELECT DISTINCT ON (payment_id) payment_id, outcome, reason_code, reason, number
    FROM said WHERE outcome <> 'PENDING' ORDER BY payment_id, number DESC
),
paid AS (
    SELECT payment_id, min(number) AS first FROM said WHERE outcome = 'PAID' GROUP BY 1
)
SELECT p.id AS payment_id, p.state::text AS before,
       CASE WHEN d.outcome = 'PAID' THEN 'PAID'
            WHEN d.outcome = 'REJECTED' AND paid.first < d.number THEN 'RETURNED'
            WHEN d.outcome = 'REJECTED' THEN 'REJECTED'
            ELSE 'ACCEPTED' END AS after,
       COALESCE(d.reason_code, '') AS reason_code, COALESCE(d.reason, '') AS reason
FROM payments_payment p
JOIN (SELECT DISTINCT payment_id FROM said) spoken ON spoken.payment_id = p.id
LEFT JOIN decisive d ON d.payment_id = p.id
LEFT JOIN paid ON paid.payment_id = p.id
WHERE p.state IN ('INSTRUCTED', 'ACCEPTED', 'PAID', 'REJECTED', 'RETURNED')
  AND EXISTS (SELECT 1 FROM payments_paymentline l WHERE l.payment_id = p.id AND l.live)
"""

_MOVE: Final = """
INSERT INTO moved (payment_id, before, after, kind, reason_code, reason)
SELECT payment_id, before, after, 'STATUS', reason_code, left(reason, 300)
FROM folded WHERE before <> after
"""

#: The payments that would pay again what the provider now says was paid: held while they can be.
_HOLD_LATE: Final = """
INSERT INTO moved (payment_id, before, after, kind, held_reason, reason)
SELECT DISTINCT q.id, 'PREPARED', 'HELD', 'HELD', 'PAID_LATE', ''
FROM applied a
JOIN payments_paymentline old ON old.payment_id = a.payment_id
JOIN payments_paymentline new ON new.entitlement_id = old.entitlement_id AND new.live
JOIN payments_payment q ON q.id = new.payment_id
WHERE a.conflict = 'PAID_AFTER_RETRY' AND q.state = 'PREPARED'
"""

_COUNTS: Final = """
SELECT count(*),
       count(*) FILTER (WHERE conflict = '' AND outcome = 'PAID'),
       count(*) FILTER (WHERE conflict = '' AND outcome = 'REJECTED'),
       count(*) FILTER (WHERE conflict = '' AND outcome = 'PENDING'),
       count(*) FILTER (WHERE conflict = 'UNKNOWN'),
       count(*) FILTER (WHERE conflict NOT IN ('', 'UNKNOWN'))
FROM applied
"""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a status file said: counts of statuses, and what a person should look at.

    Args:
        existing: the same file was read before; nothing was written now.
        conflicts: statuses about our payments that were kept and not believed (another amount, a
            payment made after it was carried forward).
        warnings: sentences about what the file says of the whole message.
    """

    run: str
    statuses: int
    paid: int
    rejected: int
    pending: int
    unmatched: int
    conflicts: int
    warnings: list[str]
    existing: bool
    payroll: str


@command(INGEST)
def ingest_status(*, actor: Actor, path: Path, at: datetime, name: str | None = None) -> Ingested:
    """Read one status file (pain.002, or the CSV of a mobile money channel) and book it.

    All or nothing: a file that is refused leaves no trace but its run. Reading it again changes
    nothing. The state of a payment follows from everything the provider ever said of it, in the
    order in which it was said, so the order in which files reach us does not matter.

    Args:
        name: of the file as its sender knows it, for messages; its own by default.

    Raises:
        StatusFileRefused: it is not what it should be; names line and element.
        StatusForUnknownMessage: it is about a message Amana did not send.
        StatusMessageAltered: the provider's message was read before with other content.
    """
    shown = name or path.name
    sha256 = _hash(path, shown)
    with running(kind="ingest", actor=actor, subject=shown[:80]) as run:
        known = StatusMessage.objects.filter(sha256=sha256).select_related("file__payroll").first()
        if known is not None:
            scope.require(actor, INGEST, programme=known.file.payroll.programme.code)
            told = _told(known, str(run.reference), existing=True)
        else:
            told = _ingest(path, shown, sha256, actor=actor, at=at, run=run)
        runs.finish(
            run.pk,
            result={
                **{key: getattr(told, key) for key in ("statuses", "paid", "rejected", "pending")},
                "unmatched": told.unmatched,
                "conflicts": told.conflicts,
                "warnings": told.warnings,
                "payroll": told.payroll,
                "existing": told.existing,
            },
        )
    note(
        subject=told.payroll,
        digest=sha256,
        statuses=told.statuses,
        paid=told.paid,
        rejected=told.rejected,
        pending=told.pending,
        unmatched=told.unmatched,
        conflicts=told.conflicts,
        existing=told.existing,
    )
    return told


def _ingest(
    path: Path, name: str, sha256: str, *, actor: Actor, at: datetime, run: Any
) -> Ingested:
    with ExitStack() as stack, cursor() as cur:
        source = stack.enter_context(path.open("rb"))
        is_csv = name.lower().endswith(".csv")
        reader: Iterator[Report | Status] = (
            mobile_csv.read_statuses(source, file=name, sha256=sha256, received_at=at)
            if is_csv
            else pain002.read_report(source, file=name)
        )
        cur.execute(_STAGE)
        report = next(reader)
        assert isinstance(report, Report)
        file = _find_file(report, name, actor, is_csv=is_csv)
        payroll = Payroll.objects.select_for_update().get(pk=file.payroll_id)
        meanwhile = StatusMessage.objects.filter(sha256=sha256).first()
        if meanwhile is not None:  # another officer read the same file while we waited
            return _told(meanwhile, str(run.reference), existing=True)
        _refuse_altered(file, report, name)
        _copy(cur, reader, run_id=run.pk)
        cur.execute("ANALYZE staged_status")
        values = {
            "file": file.pk,
            "batch": _batch_id(file),
            "digits": payroll.minor_digits,
            "said_at": report.created_at,
        }
        cur.execute(
            "SELECT id FROM payments_payment WHERE file_id = %s ORDER BY id FOR UPDATE", [file.pk]
        )
        cur.execute(_APPLY, values)
        cur.execute(_LATE)
        cur.execute("ANALYZE applied")
        cur.execute(_COUNTS)
        statuses, paid, rejected, pending, unmatched, conflicts = cur.fetchone()
        warnings = _warnings(report, file, payroll)
        message = StatusMessage.objects.create(
            run=run,
            channel_id=file.channel_version.channel_id,
            file=file,
            name=name[:200],
            message_id=report.message_id,
            said_at=report.created_at,
            received_at=at,
            received_by=actor.username,
            sha256=sha256,
            counts={
                "statuses": statuses,
                "paid": paid,
                "rejected": rejected,
                "pending": pending,
                "unmatched": unmatched,
                "conflicts": conflicts,
                "warnings": warnings,
            },
        )
        cur.execute(_KEEP, {**values, "message": message.pk})
        cur.execute(_FOLD)
        moving.stage_moves(cur)
        cur.execute(_MOVE)
        cur.execute(_HOLD_LATE)
        moving.move_payments(cur, at=at, by=actor.username)
        cur.execute("DROP TABLE staged_status, applied, folded")
    return _told(message, str(run.reference), existing=False)


def _hash(path: Path, name: str) -> str:
    if not path.is_file():
        raise StatusFileRefused(
            "There is no such file.", where=Where(file=name), mend="Check the name of the file."
        )
    if path.stat().st_size > FILE_BYTES_MAX:
        raise StatusFileRefused(
            f"The file has more than {FILE_BYTES_MAX:,} bytes.",
            where=Where(file=name),
            mend="Ask the provider to split it.",
        )
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _find_file(report: Report, name: str, actor: Actor, *, is_csv: bool) -> InstructionFile:
    found = (
        InstructionFile.objects.filter(message_id=report.original_message_id)
        .select_related("payroll__programme", "channel_version__channel")
        .first()
    )
    if found is None or not scope.allows(actor, INGEST, programme=found.payroll.programme.code):
        raise StatusForUnknownMessage(
            f"The file is about message “{report.original_message_id}”, which Amana did not send.",
            where=Where(file=name, field="message_id" if is_csv else "OrgnlMsgId"),
            mend="Check that it is for this installation; message ids are on the payroll's page.",
        )
    return found


def _refuse_altered(file: InstructionFile, report: Report, name: str) -> None:
    same = StatusMessage.objects.filter(
        channel_id=file.channel_version.channel_id, message_id=report.message_id
    ).first()
    if same is not None:
        raise StatusMessageAltered(
            f"The provider's message “{report.message_id}” was read on "
            f"{same.received_at:%d %b %Y} from {same.name}, with other content.",
            where=Where(file=name, field="MsgId"),
            mend="Ask the provider which of the two is right, and for a new message id.",
        )


def _copy(cur: Any, reader: Iterator[Report | Status], *, run_id: int) -> None:
    with cur.copy(_COPY) as copy:
        for position, status in enumerate(reader, 1):
            assert isinstance(status, Status)
            copy.write_row(
                (
                    position,
                    status.level,
                    status.batch_id,
                    status.end_to_end_id,
                    status.code,
                    status.outcome.value,
                    status.reason_code,
                    status.reason,
                    status.provider_reference,
                    status.amount,
                    status.currency,
                )
            )
            if position % 50_000 == 0:
                runs.progress(run_id, done=position)


def _batch_id(file: InstructionFile) -> str:
    return file.message_id.rsplit("-", 1)[0]


def _warnings(report: Report, file: InstructionFile, payroll: Payroll) -> list[str]:
    found = []
    if report.original_count is not None and report.original_count != file.count:
        found.append(
            f"The provider speaks of {report.original_count} transfers; the file had {file.count}."
        )
    ours = amount_text(file.total_minor, payroll.minor_digits)
    if report.original_total and _number(report.original_total) != _number(ours):
        found.append(f"The provider speaks of {report.original_total} in all; the file had {ours}.")
    return found


def _number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _told(message: StatusMessage, run: str, *, existing: bool) -> Ingested:
    return Ingested(
        run=run,
        existing=existing,
        payroll=str(message.file.payroll.reference),
        **message.counts,
    )
