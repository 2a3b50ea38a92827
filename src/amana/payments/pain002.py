"""Read payment status reports (ISO 20022 pain.002), streamed, refusing what is odd by name.

A report speaks about one of our messages on three levels: the whole message (`GrpSts`), a batch
(`PmtInfSts`) and single transfers (`TxSts`). The narrower word wins. The reader knows nothing of
our payments; it yields what the file says, in its order, and holds one transfer at a time.

Read are pain.002.001.03 and all later versions: what Amana needs is the same in each.

Source: ISO 20022 CustomerPaymentStatusReport V03 (2009) to V15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Final, cast

from lxml import etree

from amana.kernel.errors import BadInput, Where
from amana.payments.states import OUTCOMES, Outcome, outcome_of

NAMESPACE: Final = re.compile(r"^urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(\d{2})$")
FIRST_VERSION: Final = 3

ID_LIMIT: Final = 35
CODE_LIMIT: Final = 4
REASON_LIMIT: Final = 105
REASONS_KEPT: Final = 300
TRANSFERS_LIMIT: Final = 5_000_000

_REASON = ("Orgtr", "Rsn", "AddtlInf")
_CHILDREN: Final[dict[str, frozenset[str]]] = {
    "Document": frozenset({"CstmrPmtStsRpt"}),
    "CstmrPmtStsRpt": frozenset(
        {"GrpHdr", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "SplmtryData"}
    ),
    "GrpHdr": frozenset({"MsgId", "CreDtTm", "InitgPty", "FwdgAgt", "DbtrAgt", "CdtrAgt"}),
    "OrgnlGrpInfAndSts": frozenset(
        {
            *("OrgnlMsgId", "OrgnlMsgNmId", "OrgnlCreDtTm", "OrgnlNbOfTxs", "OrgnlCtrlSum"),
            *("GrpSts", "StsRsnInf", "NbOfTxsPerSts"),
        }
    ),
    "OrgnlPmtInfAndSts": frozenset(
        {
            *("OrgnlPmtInfId", "OrgnlNbOfTxs", "OrgnlCtrlSum", "PmtInfSts", "StsRsnInf"),
            *("NbOfTxsPerSts", "TxInfAndSts"),
        }
    ),
    "TxInfAndSts": frozenset(
        {
            *("StsId", "OrgnlInstrId", "OrgnlEndToEndId", "OrgnlUETR", "TxSts", "StsRsnInf"),
            *("ChrgsInf", "TrckrData", "AccptncDtTm", "AcctSvcrRef", "ClrSysRef", "OrgnlTxRef"),
            *("PmtInfId", "InstgAgt", "InstdAgt", "FctvIntrBkSttlmDt", "SplmtryData"),
        }
    ),
    "StsRsnInf": frozenset(_REASON),
}
_PARENT: Final = {
    "CstmrPmtStsRpt": "Document",
    "GrpHdr": "CstmrPmtStsRpt",
    "OrgnlGrpInfAndSts": "CstmrPmtStsRpt",
    "OrgnlPmtInfAndSts": "CstmrPmtStsRpt",
    "TxInfAndSts": "OrgnlPmtInfAndSts",
}


class StatusFileRefused(BadInput):
    """A status file that is not what it should be; `where` names file, line and element."""

    code = "STATUS_FILE_REFUSED"


@dataclass(frozen=True, slots=True)
class Report:
    """The head of the file: who sends it when, and which of our messages it is about."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_message_name: str
    original_count: int | None
    original_total: str


@dataclass(frozen=True, slots=True)
class Status:
    """One status.

    Args:
        level: `MESSAGE`, `BATCH` or `TRANSFER`.
        batch_id: our batch, on the two narrower levels.
        end_to_end_id: our payment, for a transfer.
        code: the ISO status; `outcome` is what it means for the money.
        reason_code: ISO reason, or the provider's own; empty when none was given.
        reason: further words of the provider, shortened to 300 characters.
        amount: the original amount as text with its currency, when the report repeats it.
        row: line of the file.
    """

    level: str
    code: str
    outcome: Outcome
    row: int
    batch_id: str = ""
    end_to_end_id: str = ""
    reason_code: str = ""
    reason: str = ""
    provider_reference: str = ""
    amount: str = ""
    currency: str = ""


def read_report(source: IO[bytes], *, file: str) -> Iterator[Report | Status]:
    """Read one status file: first its `Report`, then every `Status` in file order.

    A transfer named without a status of its own (`TxSts` is optional) yields nothing. The statuses
    of a batch come after those of its transfers, the one of the message first.

    Args:
        file: its name, for errors.

    Raises:
        StatusFileRefused: not XML, another kind of message, an element that does not belong, is
            missing, is too long or has an impossible value. Nothing already yielded may then be
            used: callers book only when the iterator has ended.
    """
    reader = _Reader(file)
    try:
        yield from reader.read(source)
    except etree.XMLSyntaxError as error:
        raise StatusFileRefused(
            f"This is not a readable XML file: {error.msg}",
            where=Where(file=file, row=error.lineno),
            mend="Ask the provider for the file again; it may have been cut off on its way.",
        ) from error


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.transfers = 0

    def refuse(self, element: etree._Element, message: str, mend: str = "") -> StatusFileRefused:
        return StatusFileRefused(
            message,
            where=Where(file=self.file, row=_row(element), field=_name(element)),
            mend=mend or "Ask the provider for a corrected file.",
        )

    def read(self, source: IO[bytes]) -> Iterator[Report | Status]:
        header: dict[str, str] = {}
        header_element: etree._Element | None = None
        reported = False
        batch_id = ""
        batch: etree._Element | None = None
        context = etree.iterparse(
            source,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        path: list[str] = []
        for event, element in context:
            name = _name(element)
            if event == "start":
                if not path:
                    self.check_root(element)
                elif path[-1] in _CHILDREN and name not in _CHILDREN[path[-1]]:
                    raise self.refuse(
                        element, f"{name} does not belong inside {path[-1]} in pain.002."
                    )
                path.append(name)
                if name == "OrgnlPmtInfAndSts":
                    if not reported:
                        raise self.refuse(
                            element, "OrgnlGrpInfAndSts is missing before the first batch."
                        )
                    batch, batch_id = element, ""
                continue
            path.pop()
            parent = path[-1] if path else ""
            if name == "GrpHdr" and parent == "CstmrPmtStsRpt":
                header = {
                    "MsgId": self.text(element, "MsgId", required=True),
                    "CreDtTm": self.text(element, "CreDtTm", required=True),
                }
                header_element = element
            elif name == "OrgnlGrpInfAndSts" and parent == "CstmrPmtStsRpt":
                if reported:
                    raise self.refuse(element, "OrgnlGrpInfAndSts stands twice in the file.")
                if header_element is None:
                    raise self.refuse(element, "GrpHdr is missing before OrgnlGrpInfAndSts.")
                reported = True
                yield self.report(header, header_element, element)
                yield from self.status(element, "MESSAGE", "GrpSts")
            elif name == "OrgnlPmtInfId" and parent == "OrgnlPmtInfAndSts":
                batch_id = self.checked(element, ID_LIMIT)
            elif name == "TxInfAndSts" and parent == "OrgnlPmtInfAndSts":
                self.transfers += 1
                if self.transfers > TRANSFERS_LIMIT:
                    raise self.refuse(
                        element,
                        f"The file has more than {TRANSFERS_LIMIT:,} transfers.",
                        "Ask the provider to split it.",
                    )
                yield from self.status(element, "TRANSFER", "TxSts", batch_id)
                element.clear(keep_tail=False)
                if batch is not None:
                    for done in batch.findall("{*}TxInfAndSts"):
                        if done is not element:
                            batch.remove(done)
            elif name == "OrgnlPmtInfAndSts" and parent == "CstmrPmtStsRpt":
                if not batch_id:
                    raise self.refuse(element, "OrgnlPmtInfId is missing in the batch.")
                yield from self.status(element, "BATCH", "PmtInfSts", batch_id)
                element.clear(keep_tail=False)
                batch = None
        if not reported:
            raise StatusFileRefused(
                "The file does not say which message it is about (OrgnlGrpInfAndSts is missing).",
                where=Where(file=self.file, field="OrgnlGrpInfAndSts"),
                mend="Ask the provider for a complete status report.",
            )

    def check_root(self, element: etree._Element) -> None:
        docinfo: Any = element.getroottree().docinfo
        if docinfo.doctype:
            raise self.refuse(element, "The file has a document type declaration, which is unsafe.")
        name = etree.QName(element)
        match = NAMESPACE.match(name.namespace or "")
        if name.localname != "Document" or match is None or int(match[1]) < FIRST_VERSION:
            raise self.refuse(
                element,
                f"This is not a payment status report: the file begins with {name.localname} "
                f"in {name.namespace or 'no namespace'}; expected is Document in "
                "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03 or later.",
                "Choose the pain.002 file of the provider.",
            )

    def report(
        self, header: dict[str, str], header_element: etree._Element, group: etree._Element
    ) -> Report:
        count_text = self.text(group, "OrgnlNbOfTxs", limit=15)
        if count_text and not count_text.isdecimal():
            raise self.refuse(group, f"OrgnlNbOfTxs is {count_text!r}; expected is a whole number.")
        try:
            created_at = datetime.fromisoformat(header["CreDtTm"])
        except ValueError:
            raise self.refuse(
                header_element,
                f"CreDtTm is {header['CreDtTm']!r}; expected is a date and time such as "
                "2026-11-20T09:30:00.",
            ) from None
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=UTC)
        return Report(
            message_id=header["MsgId"],
            created_at=created_at,
            original_message_id=self.text(group, "OrgnlMsgId", required=True),
            original_message_name=self.text(group, "OrgnlMsgNmId"),
            original_count=int(count_text) if count_text else None,
            original_total=self.text(group, "OrgnlCtrlSum"),
        )

    def status(
        self, element: etree._Element, level: str, code_name: str, batch_id: str = ""
    ) -> Iterator[Status]:
        row = _row(element) or 0
        end_to_end_id = ""
        if level == "TRANSFER":
            end_to_end_id = self.text(element, "OrgnlEndToEndId") or self.text(
                element, "OrgnlInstrId"
            )
            if not end_to_end_id:
                raise self.refuse(
                    element, "A transfer has neither OrgnlEndToEndId nor OrgnlInstrId."
                )
        code = self.text(element, code_name, limit=CODE_LIMIT)
        if not code:
            return
        if code not in OUTCOMES:
            known = ", ".join(sorted(OUTCOMES))
            raise self.refuse(
                _child(element, code_name),
                f"{code_name} is {code!r}, which is no ISO 20022 payment status.",
                f"Known are {known}.",
            )
        codes, words = self.reasons(element)
        amount = element.find("{*}OrgnlTxRef/{*}Amt/{*}InstdAmt")
        yield Status(
            level=level,
            code=code,
            outcome=outcome_of(code, codes[0] if codes else ""),
            row=row,
            batch_id=batch_id,
            end_to_end_id=end_to_end_id,
            reason_code=codes[0] if codes else "",
            reason="; ".join(words)[:REASONS_KEPT],
            provider_reference=self.text(element, "AcctSvcrRef"),
            amount="" if amount is None else self.checked(amount, 19),
            currency="" if amount is None else (amount.get("Ccy") or ""),
        )

    def reasons(self, element: etree._Element) -> tuple[list[str], list[str]]:
        codes: list[str] = []
        words: list[str] = []
        for information in element.findall("{*}StsRsnInf"):
            for reason in information.findall("{*}Rsn"):
                for child in reason:
                    limit = CODE_LIMIT if _name(child) == "Cd" else ID_LIMIT
                    codes.append(self.checked(child, limit))
            for text in information.findall("{*}AddtlInf"):
                words.append(self.checked(text, REASON_LIMIT))
        return codes, words

    def text(
        self, element: etree._Element, name: str, *, limit: int = ID_LIMIT, required: bool = False
    ) -> str:
        found = element.findall(f"{{*}}{name}")
        if len(found) > 1:
            raise self.refuse(found[1], f"{name} stands twice in {_name(element)}.")
        if not found:
            if required:
                raise self.refuse(element, f"{name} is missing in {_name(element)}.")
            return ""
        return self.checked(found[0], limit)

    def checked(self, element: etree._Element, limit: int) -> str:
        if len(element):
            raise self.refuse(element, f"{_name(element)} holds elements; expected is a text.")
        text = element.text or ""
        if len(text) > limit:
            raise self.refuse(
                element,
                f"{_name(element)} has {len(text)} characters; at most {limit} are allowed.",
            )
        if not text.strip():
            raise self.refuse(element, f"{_name(element)} is empty.")
        return text.strip()


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _row(element: etree._Element) -> int | None:
    return cast("int | None", element.sourceline)


def _child(element: etree._Element, name: str) -> etree._Element:
    found = element.find(f"{{*}}{name}")
    return element if found is None else found
