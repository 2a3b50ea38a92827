"""Write credit transfer orders as ISO 20022 pain.001.001.09, streamed, with flat memory.

One message holds one or more batches (`PmtInf`: one debtor account, one day), each with its
transfers. Counts and control sums stand at the head of the file, so the caller announces them and
the writer refuses to end a file whose transfers do not add up to what was announced.

The same message always gives the same bytes.

Source: ISO 20022 CustomerCreditTransferInitiationV09 (2019).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Final

from anyascii import anyascii
from lxml import etree

from amana.kernel.errors import AmanaError

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MESSAGE_NAME: Final = "pain.001.001.09"

ID_LIMIT: Final = 35
NAME_LIMIT: Final = 70  # the schema allows 140; clearing systems that carry fewer cut at 70
REMITTANCE_LIMIT: Final = 140
ACCOUNT_LIMIT: Final = 34
TRANSFER_LIMIT: Final = 1_000_000  # per file; NbOfTxs has 15 digits, bank portals have far fewer

_NOT_LATIN: Final = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_SPACES: Final = re.compile(r"\s+")
_IBAN: Final = re.compile(r"^[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}$")


class ControlSumDiffers(AmanaError):
    """The transfers of a file do not add up to what its head announces."""

    code = "CONTROL_SUM_DIFFERS"
    http_status = 500


class AccountNotWritable(AmanaError):
    """An account number that cannot stand in the file as the channel asks for it."""

    code = "ACCOUNT_NOT_WRITABLE"
    http_status = 422


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """An account as a provider knows it.

    Args:
        scheme: `iban`; `mobile` for a phone number; `none` when the payee has no account and
            collects at the counter with `number`, the reference on their card; anything else is
            the provider's own numbering.
        number: at most 34 characters, without spaces for IBANs.
    """

    scheme: str
    number: str


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays and from which account; `bic` may be empty where the provider needs none."""

    name: str
    account: AccountNumber
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One credit transfer. `amount_minor` is positive; names and texts are made fit on writing."""

    end_to_end_id: str
    amount_minor: int
    payee_name: str
    account: AccountNumber
    payee_bic: str = ""
    remittance: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Transfers of one debtor account and one day, with the totals announced for them."""

    batch_id: str
    debtor: Debtor
    execute_on: date
    count: int
    total_minor: int
    transfers: Iterable[Transfer]


@dataclass(frozen=True, slots=True)
class Message:
    """One file. `created_at` is an aware instant and part of the bytes: take a recorded one.

    Args:
        message_id: at most 35 characters; the provider refuses one it has seen before.
        currency: three letters; `minor_digits` decimals are written.
    """

    message_id: str
    created_at: datetime
    initiating_party: str
    currency: str
    minor_digits: int
    batches: tuple[Batch, ...]


def latin_text(text: str, limit: int) -> str:
    """Make a text fit for the character set every clearing system carries.

    Letters of any script are written in Latin ones, signs outside ``A-Z a-z 0-9 / - ? : ( ) . , '
    +`` become spaces, and what is too long is cut. Slashes that open, close or double are dropped,
    since they mark fields in the older formats banks convert to.

    >>> latin_text("Wanjikũ  Njoroge", 70)
    'Wanjiku Njoroge'
    >>> latin_text("مريم", 70) != ""
    True
    >>> latin_text("//A//B/", 35)
    'A/B'
    """
    fit = _NOT_LATIN.sub(" ", text if text.isascii() else anyascii(text))
    fit = re.sub(r"/{2,}", "/", _SPACES.sub(" ", fit)).strip(" /")
    return fit[:limit].rstrip(" /")


def amount_text(amount_minor: int, minor_digits: int) -> str:
    """Write an amount in minor units as a decimal, without a float on the way.

    >>> amount_text(421400, 2)
    '4214.00'
    >>> amount_text(7, 3), amount_text(7, 0)
    ('0.007', '7')
    """
    if minor_digits == 0:
        return str(amount_minor)
    digits = str(amount_minor).rjust(minor_digits + 1, "0")
    return f"{digits[:-minor_digits]}.{digits[-minor_digits:]}"


def write_message(message: Message, out: IO[bytes]) -> None:
    """Write one message to an open binary file.

    Raises:
        ControlSumDiffers: the transfers do not match the announced count or total; the file is
            then incomplete and must be thrown away.
        AccountNotWritable: an account number does not fit its scheme.
    """
    count = sum(batch.count for batch in message.batches)
    total = sum(batch.total_minor for batch in message.batches)
    if count == 0:
        raise ControlSumDiffers(f"Message {message.message_id} has no transfers.")
    # The document element declares the namespace once; what stands inside is written without
    # repeating it, and reads back in that namespace (the schema check of every file proves it).
    with etree.xmlfile(out, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", xmlns=NAMESPACE), xml.element("CstmrCdtTrfInitn"):
            head = etree.Element("GrpHdr")
            _text(head, "MsgId", _identifier(message.message_id))
            _text(head, "CreDtTm", message.created_at.isoformat(timespec="seconds"))
            _text(head, "NbOfTxs", str(count))
            _text(head, "CtrlSum", amount_text(total, message.minor_digits))
            party = etree.SubElement(head, "InitgPty")
            _text(party, "Nm", latin_text(message.initiating_party, NAME_LIMIT))
            xml.write(head)
            for batch in message.batches:
                with xml.element("PmtInf"):
                    _write_batch(xml, message, batch)


def _write_batch(xml: etree._IncrementalFileWriter, message: Message, batch: Batch) -> None:
    head = etree.Element("PmtInf")
    _text(head, "PmtInfId", _identifier(batch.batch_id))
    _text(head, "PmtMtd", "TRF")
    _text(head, "BtchBookg", "true")
    _text(head, "NbOfTxs", str(batch.count))
    _text(head, "CtrlSum", amount_text(batch.total_minor, message.minor_digits))
    kind = etree.SubElement(head, "PmtTpInf")
    purpose = etree.SubElement(kind, "CtgyPurp")
    _text(purpose, "Cd", "SSBE")  # social security benefit
    day = etree.SubElement(head, "ReqdExctnDt")
    _text(day, "Dt", batch.execute_on.isoformat())
    debtor = etree.SubElement(head, "Dbtr")
    _text(debtor, "Nm", latin_text(batch.debtor.name, NAME_LIMIT))
    _account(head, "DbtrAcct", batch.debtor.account, currency=message.currency)
    _agent(head, "DbtrAgt", batch.debtor.bic)
    _text(head, "ChrgBr", "SLEV")
    for element in head:
        xml.write(element)
    count = total = 0
    for transfer in batch.transfers:
        count += 1
        total += transfer.amount_minor
        if count > batch.count or transfer.amount_minor <= 0:
            break
        xml.write(_transfer(message, transfer))
    if (count, total) != (batch.count, batch.total_minor):
        raise ControlSumDiffers(
            f"Batch {batch.batch_id} announces {batch.count} transfers of "
            f"{batch.total_minor} minor units and holds {count} of {total}.",
            mend="The payroll changed while it was exported; export it again.",
        )


def _transfer(message: Message, transfer: Transfer) -> etree._Element:
    element = etree.Element("CdtTrfTxInf")
    identity = etree.SubElement(element, "PmtId")
    _text(identity, "InstrId", _identifier(transfer.end_to_end_id))
    _text(identity, "EndToEndId", _identifier(transfer.end_to_end_id))
    amount = etree.SubElement(element, "Amt")
    instructed = etree.SubElement(amount, "InstdAmt", Ccy=message.currency)
    instructed.text = amount_text(transfer.amount_minor, message.minor_digits)
    if transfer.payee_bic:
        _agent(element, "CdtrAgt", transfer.payee_bic)
    payee = etree.SubElement(element, "Cdtr")
    _text(payee, "Nm", latin_text(transfer.payee_name, NAME_LIMIT) or transfer.end_to_end_id)
    if transfer.account.scheme == "none":
        _reference(payee, transfer.account.number)
    else:
        _account(element, "CdtrAcct", transfer.account)
    remittance = latin_text(transfer.remittance, REMITTANCE_LIMIT)
    if remittance:
        information = etree.SubElement(element, "RmtInf")
        _text(information, "Ustrd", remittance)
    return element


def _account(
    parent: etree._Element, name: str, account: AccountNumber, currency: str | None = None
) -> None:
    element = etree.SubElement(parent, name)
    identity = etree.SubElement(element, "Id")
    number = account.number.strip()
    if account.scheme == "iban":
        number = number.replace(" ", "").upper()
        if not _IBAN.match(number):
            raise AccountNotWritable(
                "An account is marked as IBAN and does not have the shape of one.",
                mend="Correct the account, or give it the scheme of its bank.",
            )
        _text(identity, "IBAN", number)
    else:
        if not 0 < len(number) <= ACCOUNT_LIMIT:
            raise AccountNotWritable(
                f"An account number has {len(number)} characters; "
                f"1 to {ACCOUNT_LIMIT} can be written.",
                mend="Correct the account of the payee.",
            )
        other = etree.SubElement(identity, "Othr")
        _text(other, "Id", number)
        scheme = etree.SubElement(other, "SchmeNm")
        _text(scheme, "Prtry", latin_text(account.scheme, ID_LIMIT).upper() or "OTHER")
    if currency:
        _text(element, "Ccy", currency)


def _reference(payee: etree._Element, reference: str) -> None:
    """Name the payee by the reference they show at the counter, where there is no account."""
    identity = etree.SubElement(payee, "Id")
    private = etree.SubElement(identity, "PrvtId")
    other = etree.SubElement(private, "Othr")
    _text(other, "Id", _identifier(reference))


def _agent(parent: etree._Element, name: str, bic: str) -> None:
    agent = etree.SubElement(parent, name)
    institution = etree.SubElement(agent, "FinInstnId")
    if bic:
        _text(institution, "BICFI", bic)
    else:
        other = etree.SubElement(institution, "Othr")
        _text(other, "Id", "NOTPROVIDED")


def _identifier(text: str) -> str:
    if not 0 < len(text) <= ID_LIMIT or latin_text(text, ID_LIMIT) != text:
        raise ValueError(f"{text!r} cannot stand as an identifier in {MESSAGE_NAME}")
    return text


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text
