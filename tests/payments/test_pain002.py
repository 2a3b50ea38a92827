"""Status reports: read when they are what they should be, refused by name when not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from amana.payments.pain002 import Report, Status, StatusFileRefused, read_report
from amana.payments.states import Outcome

HEAD = (
    '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03">'
    "<CstmrPmtStsRpt><GrpHdr><MsgId>A-1</MsgId><CreDtTm>2026-11-21T08:00:00</CreDtTm></GrpHdr>"
)
GROUP = "<OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId>{}</OrgnlGrpInfAndSts>"
BATCH = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>B-1</OrgnlPmtInfId>{}</OrgnlPmtInfAndSts>"
TAIL = "</CstmrPmtStsRpt></Document>"
ONE = (
    "<TxInfAndSts><OrgnlEndToEndId>PM-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn>"
    "<Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf></TxInfAndSts>"
)


def read(text: str) -> list[Report | Status]:
    return list(read_report(BytesIO(text.encode()), file="answer.xml"))


def test_statuses_of_every_level_are_read() -> None:
    group = GROUP.format("<GrpSts>PART</GrpSts>")
    batch = BATCH.format(f"<PmtInfSts>ACSC</PmtInfSts>{ONE}")
    report, message, single, whole = read(HEAD + group + batch + TAIL)
    assert isinstance(report, Report)
    assert report.original_message_id == "M-1"
    assert isinstance(message, Status)
    assert message.outcome is Outcome.PENDING
    assert isinstance(single, Status)
    assert isinstance(whole, Status)
    assert (single.level, single.end_to_end_id, single.outcome) == (
        "TRANSFER",
        "PM-1",
        Outcome.REJECTED,
    )
    assert (single.reason_code, single.reason, single.batch_id) == ("AC04", "closed", "B-1")
    assert (whole.level, whole.outcome) == ("BATCH", Outcome.PAID)


@pytest.mark.parametrize("version", ["03", "10", "12", "15"])
def test_later_versions_are_read(version: str) -> None:
    text = (HEAD + GROUP.format("<GrpSts>ACSC</GrpSts>") + TAIL).replace(
        "pain.002.001.03", f"pain.002.001.{version}"
    )
    assert len(read(text)) == 2


def test_a_refused_copy_says_nothing_against_the_payment() -> None:
    group = GROUP.format("<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf>")
    status = read(HEAD + group + TAIL)[1]
    assert isinstance(status, Status)
    assert status.outcome is Outcome.PENDING


BAD = {
    "another message": (
        HEAD.replace("pain.002.001.03", "pain.001.001.03") + TAIL,
        "not a payment status report",
    ),
    "no namespace": (HEAD.replace(" xmlns=", " Xmlns=") + TAIL, "no namespace"),
    "version 2": (HEAD.replace("002.001.03", "002.001.02") + TAIL, "not a payment status report"),
    "no group": (HEAD + TAIL, "OrgnlGrpInfAndSts is missing"),
    "batch before group": (HEAD + BATCH.format(ONE) + TAIL, "OrgnlGrpInfAndSts is missing"),
    "two groups": (HEAD + GROUP.format("") * 2 + TAIL, "stands twice"),
    "over-long id": (HEAD.replace("A-1", "A" * 36) + GROUP.format("") + TAIL, "MsgId has 36"),
    "over-long words": (
        HEAD + GROUP.format("") + BATCH.format(ONE.replace("closed", "x" * 106)) + TAIL,
        "AddtlInf has 106",
    ),
    "unknown status": (
        HEAD + GROUP.format("<GrpSts>GOOD</GrpSts>") + TAIL,
        "GrpSts is 'GOOD', which is no ISO 20022",
    ),
    "unknown element": (HEAD + "<Extra/>" + GROUP.format("") + TAIL, "Extra does not belong"),
    "no end-to-end id": (
        HEAD
        + GROUP.format("")
        + BATCH.format(ONE.replace("<OrgnlEndToEndId>PM-1</OrgnlEndToEndId>", ""))
        + TAIL,
        "neither OrgnlEndToEndId nor OrgnlInstrId",
    ),
    "empty id": (HEAD.replace("A-1", " ") + GROUP.format("") + TAIL, "MsgId is empty"),
    "bad time": (HEAD.replace("2026-11-21T", "soon") + GROUP.format("") + TAIL, "CreDtTm is"),
    "two statuses": (
        HEAD + GROUP.format("<GrpSts>ACSC</GrpSts><GrpSts>RJCT</GrpSts>") + TAIL,
        "GrpSts stands twice",
    ),
    "batch without id": (
        HEAD + GROUP.format("") + "<OrgnlPmtInfAndSts></OrgnlPmtInfAndSts>" + TAIL,
        "OrgnlPmtInfId is missing",
    ),
    "document type": (
        HEAD.replace("<Document", '<!DOCTYPE D [<!ENTITY a "b">]><Document') + TAIL,
        "document type declaration",
    ),
    "cut off": (HEAD + GROUP.format("<GrpSts>ACSC"), "not a readable XML file"),
    "empty": ("", "not a readable XML file"),
    "a picture": ("\x89PNG\r\n\x1a\n", "not a readable XML file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name(name: str) -> None:
    text, words = BAD[name]
    with pytest.raises(StatusFileRefused) as refused:
        read(text)
    assert words in str(refused.value)
    assert refused.value.where.file == "answer.xml"
    assert refused.value.mend


#: What banks publish: counts of statuses by outcome, as their files say; None: refused.
PUBLISHED = {
    "cross_river__pain_002_batch_rejected.xml": None,
    "cross_river__pain_002_credit_accepted.xml": None,
    "cross_river__pain_002_debit_accepted.xml": None,
    "cross_river__pain_002_transaction_rejected.xml": None,
    "goldman_sachs__pain_002_v3_accepted.xml": ["TRANSFER PENDING"],
    "goldman_sachs__pain_002_v3_group_accepted.xml": ["MESSAGE PENDING"],
    "goldman_sachs__pain_002_v3_payment_accepted.xml": ["BATCH PENDING"],
    "nordea__pain_002_v3_group_reject.xml": ["MESSAGE PENDING"],  # DU01: a copy was refused
    "nordea__pain_002_v3_payment_reject.xml": ["BATCH REJECTED"],
    "nordea__pain_002_v3_txn_reject.xml": [
        "TRANSFER REJECTED",
        "TRANSFER REJECTED",
        "BATCH REJECTED",
    ],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_banks_publish_is_read_or_refused_in_words(name: str, shared_data: Path) -> None:
    path = shared_data / "payments_iso20022" / "iso20022js" / name
    expected = PUBLISHED[name]
    with path.open("rb") as source:
        if expected is None:
            with pytest.raises(StatusFileRefused, match="no namespace"):
                list(read_report(source, file=name))
            return
        found = [
            f"{status.level} {status.outcome.value}"
            for status in read_report(source, file=name)
            if isinstance(status, Status)
        ]
    assert found == expected


def test_memory_stays_flat_over_many_transfers() -> None:
    import tracemalloc

    def measure(count: int) -> int:
        text = HEAD + GROUP.format("") + BATCH.format(ONE * count) + TAIL
        source = BytesIO(text.encode())
        del text
        tracemalloc.start()
        assert sum(1 for _ in read_report(source, file="many.xml")) == count + 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    measure(10)
    assert measure(20_000) < measure(2_000) * 3 + 200_000
