"""Status files as a provider would send them, written for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

SAID = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def transfer(reference: str, code: str, reason: str = "", amount: str = "") -> str:
    inside = f"<OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{code}</TxSts>"
    if reason:
        inside += f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>"
    if amount:
        inside += f'<OrgnlTxRef><Amt><InstdAmt Ccy="XTS">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    return f"<TxInfAndSts>{inside}</TxInfAndSts>"


def write_answer(
    folder: Path,
    message_id: str,
    transfers: Sequence[str] = (),
    *,
    name: str = "A-1",
    group: str = "",
    reason: str = "",
    batch: str = "",
    count: int | None = None,
    said_at: datetime = SAID,
) -> Path:
    """Write one pain.002.001.03 about a message of ours; `name` is the provider's message id."""
    head = f"<OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
    if count is not None:
        head += f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>"
    if group:
        head += f"<GrpSts>{group}</GrpSts>"
    if reason:
        head += f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>"
    ours = message_id.rsplit("-", 1)[0]
    body = f"<OrgnlPmtInfId>{ours}</OrgnlPmtInfId>"
    if batch:
        body += f"<PmtInfSts>{batch}</PmtInfSts>"
    body += "".join(transfers)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>{said_at.isoformat()}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts>{head}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts>{body}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    path = folder / f"{name}.xml"
    path.write_text(text)
    return path
