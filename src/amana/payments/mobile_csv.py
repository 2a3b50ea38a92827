"""Files for mobile money providers: disbursements out, statuses back, both as CSV.

Out: one row per payment, `message_id, end_to_end_id, number, name, amount, currency, text`.
Back: `message_id, end_to_end_id, status`, and perhaps `reason_code, reason, said_at,
report_id`; the status is an ISO 20022 code (ACSC, RJCT, PDNG, …). Both UTF-8 with a heading row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Final

from amana.kernel.errors import Where
from amana.payments.pain001 import ControlSumDiffers, Message, amount_text, latin_text
from amana.payments.pain002 import (
    ID_LIMIT,
    REASON_LIMIT,
    Report,
    Status,
    StatusFileRefused,
)
from amana.payments.states import OUTCOMES, outcome_of

COLUMNS: Final = ("message_id", "end_to_end_id", "number", "name", "amount", "currency", "text")
REQUIRED: Final = ("message_id", "end_to_end_id", "status")
OPTIONAL: Final = ("reason_code", "reason", "said_at", "report_id")
NAME_LIMIT: Final = 70
TEXT_LIMIT: Final = 140
LINE_LIMIT: Final = 4_000


def write_disbursement(message: Message, out: IO[bytes]) -> None:
    """Write one disbursement file.

    Raises:
        ControlSumDiffers: the transfers do not match what the batches announce.
    """
    words = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(words, lineterminator="\n")
    writer.writerow(COLUMNS)
    for batch in message.batches:
        count = total = 0
        for transfer in batch.transfers:
            count += 1
            total += transfer.amount_minor
            writer.writerow(
                (
                    message.message_id,
                    transfer.end_to_end_id,
                    transfer.account.number,
                    latin_text(transfer.payee_name, NAME_LIMIT) or transfer.end_to_end_id,
                    amount_text(transfer.amount_minor, message.minor_digits),
                    message.currency,
                    latin_text(transfer.remittance, TEXT_LIMIT),
                )
            )
        if (count, total) != (batch.count, batch.total_minor):
            raise ControlSumDiffers(
                f"Batch {batch.batch_id} announces {batch.count} transfers of "
                f"{batch.total_minor} minor units and holds {count} of {total}.",
                mend="The payroll changed while it was exported; export it again.",
            )
    words.flush()
    words.detach()


def read_statuses(
    source: IO[bytes], *, file: str, sha256: str, received_at: datetime
) -> Iterator[Report | Status]:
    """Read one status file of a mobile money provider; a single message per file.

    Args:
        sha256: of the file; stands for the provider's message id when it gives none.
        received_at: stands for the time the provider made it when it gives none.

    Raises:
        StatusFileRefused: a missing column, an unknown status, two messages, a line too long.
    """
    lines = _lines(source, file)
    reader = csv.DictReader(lines, strict=True)
    reported = False
    message_id = ""
    try:
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise StatusFileRefused(
                f"The column {missing[0]} is missing.",
                where=Where(file=file, row=1, field=missing[0]),
                mend=f"Expected are {', '.join(REQUIRED)}, and perhaps {', '.join(OPTIONAL)}.",
            )
        for row in reader:
            where = reader.line_num
            this = _cell(row, "message_id", file, where, required=True)
            if not reported:
                message_id, reported = this, True
                yield Report(
                    message_id=_cell(row, "report_id", file, where) or sha256[:ID_LIMIT],
                    created_at=_instant(
                        _cell(row, "said_at", file, where), file, where, received_at
                    ),
                    original_message_id=message_id,
                    original_message_name="csv",
                    original_count=None,
                    original_total="",
                )
            elif this != message_id:
                raise StatusFileRefused(
                    f"The file speaks of two messages, {message_id} and {this}.",
                    where=Where(file=file, row=where, field="message_id"),
                    mend="Give one status file per message.",
                )
            code = _cell(row, "status", file, where, required=True)
            if code not in OUTCOMES:
                raise StatusFileRefused(
                    f"“{code}” is no ISO 20022 payment status.",
                    where=Where(file=file, row=where, field="status"),
                    mend=f"Known are {', '.join(sorted(OUTCOMES))}.",
                )
            reason_code = _cell(row, "reason_code", file, where)
            yield Status(
                level="TRANSFER",
                code=code,
                outcome=outcome_of(code, reason_code),
                row=where,
                end_to_end_id=_cell(row, "end_to_end_id", file, where, required=True),
                reason_code=reason_code,
                reason=_cell(row, "reason", file, where, limit=REASON_LIMIT),
            )
    except csv.Error as error:
        raise StatusFileRefused(
            f"This is not a readable CSV file: {error}.",
            where=Where(file=file, row=reader.line_num),
            mend="Ask the provider for the file again.",
        ) from error
    if not reported:
        raise StatusFileRefused(
            "The file has no rows.", where=Where(file=file), mend="Choose the right file."
        )


def _lines(source: IO[bytes], file: str) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: source.readline(LINE_LIMIT + 1), b""), 1):
        if len(line) > LINE_LIMIT:
            raise StatusFileRefused(
                f"The line has more than {LINE_LIMIT} characters.",
                where=Where(file=file, row=number),
                mend="Choose the status file of the provider.",
            )
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise StatusFileRefused(
                "The line is not UTF-8.",
                where=Where(file=file, row=number),
                mend="Save the file as UTF-8.",
            ) from error


def _cell(
    row: dict[str, str | None],
    name: str,
    file: str,
    number: int,
    *,
    required: bool = False,
    limit: int = ID_LIMIT,
) -> str:
    text = (row.get(name) or "").strip()
    if required and not text:
        raise StatusFileRefused(
            f"{name} is empty.",
            where=Where(file=file, row=number, field=name),
            mend="Ask the provider for a corrected file.",
        )
    if len(text) > limit:
        raise StatusFileRefused(
            f"{name} has {len(text)} characters; at most {limit} are allowed.",
            where=Where(file=file, row=number, field=name),
            mend="Ask the provider for a corrected file.",
        )
    return text


def _instant(text: str, file: str, number: int, received_at: datetime) -> datetime:
    if not text:
        return received_at
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StatusFileRefused(
            f"said_at is {text!r}.",
            where=Where(file=file, row=number, field="said_at"),
            mend="Expected is a date and time such as 2026-11-20T09:30:00.",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
