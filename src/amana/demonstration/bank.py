"""Play the bank: answer a payment file as a provider would, for demonstrations and tutorials.

The answer to a pain.001 message is a pain.002.001.03 status report, the answer to a mobile money
operator's CSV another CSV. It depends on nothing but the file: account numbers with wrong check
digits are unknown to the bank (AC01), one account in 150 and one wallet in 60 has been closed
(AC04), and everything else is paid. Transfers that carry a reference instead of an account are
picked up at the counter.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from lxml import etree

from amana.demonstration.checks import is_bank_account
from amana.kernel.errors import BadInput, Where

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"
CLOSED_ONE_IN: Final = 150
WALLET_CLOSED_ONE_IN: Final = 60
REASONS: Final = {"AC01": "Account number is not known", "AC04": "Account is closed"}


class NotAPaymentFile(BadInput):
    """The file to answer is neither a pain.001 message nor a disbursement file."""

    code = "NOT_A_PAYMENT_FILE"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank answered.

    Attributes:
        path: the status report.
        paid, rejected: transfers of each outcome.
    """

    path: Path
    paid: int
    rejected: int


@dataclass(frozen=True, slots=True)
class _Order:
    batch: str
    end_to_end: str
    amount: str
    currency: str
    account: str
    scheme: str


def answer(file: Path, *, out: Path, at: datetime, refuse: int = 0) -> Answer:
    """Write the bank's answer to a payment file.

    Args:
        file: a pain.001 message of any version, or a disbursement file (.csv).
        out: the report to write; a folder takes it under the name of the message.
        at: when the bank answers; the report's time and part of its bytes.
        refuse: refuse this many transfers more, chosen by the hash of their identifiers, as if
            their payees could not be found.

    Raises:
        NotAPaymentFile: the file is neither.
    """
    if file.suffix == ".csv":
        return _answer_disbursement(file, out=out, at=at, refuse=refuse)
    message, kind = _message_of(file)
    if out.is_dir():
        out = out / f"{message}-answer.xml"
    refused = _chosen(file, refuse)
    paid = rejected = 0
    part = out.with_suffix(".part")
    with part.open("wb") as target, etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", xmlns=NAMESPACE), xml.element("CstmrPmtStsRpt"):
            xml.write(_tree("GrpHdr", {"MsgId": f"A-{message}"[:35], "CreDtTm": _instant(at)}))
            xml.write(_tree("OrgnlGrpInfAndSts", {"OrgnlMsgId": message, "OrgnlMsgNmId": kind}))
            for batch in _batches(file):
                with xml.element("OrgnlPmtInfAndSts"):
                    xml.write(_tree("OrgnlPmtInfId", batch))
                    for order in _orders(file, batch):
                        reason = "BE05" if order.end_to_end in refused else _refusal(order)
                        xml.write(_status(order, reason, at))
                        paid, rejected = paid + (not reason), rejected + bool(reason)
    part.replace(out)
    return Answer(path=out, paid=paid, rejected=rejected)


def _answer_disbursement(file: Path, *, out: Path, at: datetime, refuse: int) -> Answer:
    """Answer a mobile money operator's file: the same columns that Amana reads back."""
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    if not rows or not {"message_id", "end_to_end_id", "number"} <= set(rows[0]):
        raise NotAPaymentFile("There is no disbursement in this file.", where=Where(file=file.name))
    if out.is_dir():
        out = out / f"{rows[0]['message_id']}-answer.csv"
    refused = set(sorted((row["end_to_end_id"] for row in rows), key=_draw)[:refuse])
    rejected = 0
    part = out.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(
            (
                "message_id",
                "end_to_end_id",
                "status",
                "reason_code",
                "reason",
                "said_at",
                "report_id",
            )
        )
        for row in rows:
            closed = _draw(row["number"]) % WALLET_CLOSED_ONE_IN == 0
            reason = "BE05" if row["end_to_end_id"] in refused else "AC04" if closed else ""
            rejected += bool(reason)
            writer.writerow(
                (
                    row["message_id"],
                    row["end_to_end_id"],
                    "RJCT" if reason else "ACCC",
                    reason,
                    "Wallet is closed" if reason else "",
                    _instant(at),
                    f"A-{row['message_id']}"[:35],
                )
            )
    part.replace(out)
    return Answer(path=out, paid=len(rows) - rejected, rejected=rejected)


def _refusal(order: _Order) -> str:
    """The bank's reason against one transfer, or the empty text."""
    if order.scheme == "REFERENCE":
        return ""
    if order.scheme != "IBAN" and not is_bank_account(order.account):
        return "AC01"
    return "AC04" if _draw(order.account) % CLOSED_ONE_IN == 0 else ""


def _status(order: _Order, reason: str, at: datetime) -> etree._Element:
    picked_up = order.scheme == "REFERENCE"
    tree: dict[str, object] = {
        "OrgnlEndToEndId": order.end_to_end,
        "TxSts": "RJCT" if reason else "ACSC",
    }
    if reason:
        words = REASONS.get(reason, "The payee did not come to the counter")
        tree["StsRsnInf"] = {"Rsn": {"Cd": reason}, "AddtlInf": words}
    tree["AccptncDtTm"] = _instant(at + timedelta(minutes=5 if picked_up else 1))
    return _tree("TxInfAndSts", tree)


def _chosen(file: Path, count: int) -> set[str]:
    if count <= 0:
        return set()
    everybody = (order.end_to_end for batch in _batches(file) for order in _orders(file, batch))
    return set(sorted(everybody, key=_draw)[:count])


def _draw(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _message_of(file: Path) -> tuple[str, str]:
    """The identifier of the message and its kind, such as pain.001.001.09."""
    for element in _walk(file, "MsgId"):
        kind = (etree.QName(element).namespace or "").rpartition(":")[2]
        if element.text and kind.startswith("pain.001"):
            return element.text, kind
    raise NotAPaymentFile(
        "There is no payment message in this file.",
        where=Where(file=file.name),
        mend="Give a pain.001 file, as `amana payments export` writes it.",
    )


def _batches(file: Path) -> list[str]:
    return [element.text or "" for element in _walk(file, "PmtInfId")]


def _orders(file: Path, batch: str) -> Iterator[_Order]:
    current = ""
    for element in _walk(file, "PmtInfId", "CdtTrfTxInf"):
        if _name(element) == "PmtInfId":
            current = element.text or ""
            continue
        if current == batch:
            yield _order(element, batch)
        element.clear()


def _order(element: etree._Element, batch: str) -> _Order:
    amount = element.find("{*}Amt/{*}InstdAmt")
    if amount is None:
        raise NotAPaymentFile("A transfer of this file has no amount.")
    iban = element.findtext("{*}CdtrAcct/{*}Id/{*}IBAN")
    other = element.findtext("{*}CdtrAcct/{*}Id/{*}Othr/{*}Id")
    scheme = element.findtext("{*}CdtrAcct/{*}Id/{*}Othr/{*}SchmeNm/{*}Prtry")
    return _Order(
        batch=batch,
        end_to_end=element.findtext("{*}PmtId/{*}EndToEndId") or "",
        amount=amount.text or "",
        currency=amount.get("Ccy") or "",
        account=iban or other or "",
        scheme="IBAN" if iban else (scheme or "REFERENCE"),
    )


def _walk(file: Path, *names: str) -> Iterator[etree._Element]:
    tags = [f"{{*}}{name}" for name in names]
    source: IO[bytes]
    with file.open("rb") as source:
        try:
            for _, element in etree.iterparse(
                source, tag=tags, resolve_entities=False, no_network=True
            ):
                yield element
        except etree.XMLSyntaxError as error:
            raise NotAPaymentFile(
                f"This is not XML: {error.msg}.", where=Where(file=file.name)
            ) from None


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _tree(name: str, content: object) -> etree._Element:
    element = etree.Element(name)
    if isinstance(content, dict):
        for child, below in content.items():
            element.append(_tree(child, below))
    else:
        element.text = str(content)
    return element
