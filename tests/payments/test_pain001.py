"""Files for providers: valid by two copies of the schema, sums recomputed, text made fit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from amana.payments import pain001, xsd
from amana.payments.pain001 import (
    AccountNotWritable,
    AccountNumber,
    Batch,
    ControlSumDiffers,
    Debtor,
    Message,
    Transfer,
    amount_text,
    latin_text,
)

NS = {"p": pain001.NAMESPACE}
DEBTOR = Debtor("Treasury of Kelindra", AccountNumber("other", "10000000000115"), "KELNXXK1")


def message(transfers: list[Transfer], *, count: int = -1, total: int = -1) -> Message:
    return Message(
        message_id="PR-9H3H-2QP-001-0123abcd",
        created_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        initiating_party="Treasury of Kelindra",
        currency="XTS",
        minor_digits=2,
        batches=(
            Batch(
                batch_id="PR-9H3H-2QP-001",
                debtor=DEBTOR,
                execute_on=date(2026, 12, 5),
                count=len(transfers) if count < 0 else count,
                total_minor=sum(t.amount_minor for t in transfers) if total < 0 else total,
                transfers=transfers,
            ),
        ),
    )


def transfer(
    number: int = 1,
    amount: int = 2000,
    name: str = "Amina Odhi",
    account: AccountNumber | None = None,
) -> Transfer:
    return Transfer(
        end_to_end_id=f"PM-{number:04d}-ABC",
        amount_minor=amount,
        payee_name=name,
        account=account or AccountNumber("other", "00000000000123"),
        remittance="child-grant 2026-11",
    )


def written(given_message: Message) -> bytes:
    out = BytesIO()
    pain001.write_message(given_message, out)
    return out.getvalue()


def validate(content: bytes, folder: Path, schema: Path | None = None) -> None:
    path = folder / "file.xml"
    path.write_bytes(content)
    xsd.validate_file(path, pain001.MESSAGE_NAME, schema=schema)


EVERY_KIND = [
    transfer(1, 2000),
    transfer(2, 1, account=AccountNumber("iban", "GB33 BUKB 2020 1555 5555 55")),
    transfer(3, 750, account=AccountNumber("mobile", "+99960000001")),
    transfer(4, 5000, account=AccountNumber("none", "PN-9H3H-2QP"), name=""),
    transfer(5, 123456789012, name="مريم بنت خالد"),
]


def test_every_kind_of_account_gives_a_valid_file(tmp_path: Path) -> None:
    validate(written(message(EVERY_KIND)), tmp_path)


def test_the_file_is_valid_by_the_schema_of_the_publisher(
    tmp_path: Path, shared_data: Path
) -> None:
    official = shared_data / "payments_iso20022" / "xsd" / "pain.001.001.09.xsd"
    validate(written(message(EVERY_KIND)), tmp_path, official)
    assert xsd.schema_path("pain.001.001.09").read_bytes() == official.read_bytes()


def test_control_sums_are_those_of_the_transfers() -> None:
    # 20.00 + 0.01 + 7.50 + 50.00 + 1,234,567,890.12 = 1,234,567,967.63
    tree = etree.fromstring(written(message(EVERY_KIND)))
    amounts = [Decimal(a.text or "") for a in tree.iterfind(".//p:InstdAmt", NS)]
    assert sum(amounts) == Decimal("1234567967.63")
    for level in ("GrpHdr", "PmtInf"):
        assert Decimal(tree.findtext(f".//p:{level}/p:CtrlSum", "", NS)) == sum(amounts)
        assert tree.findtext(f".//p:{level}/p:NbOfTxs", "", NS) == "5"


def test_the_same_message_gives_the_same_bytes() -> None:
    assert written(message(EVERY_KIND)) == written(message(EVERY_KIND))


@pytest.mark.parametrize(("count", "total"), [(4, -1), (6, -1), (-1, 1), (0, 0)])
def test_a_file_that_does_not_add_up_is_refused(count: int, total: int) -> None:
    with pytest.raises(ControlSumDiffers):
        written(message(EVERY_KIND, count=count, total=total))


@pytest.mark.parametrize(
    "account",
    [
        AccountNumber("iban", "not one"),
        AccountNumber("other", "1" * 35),
        AccountNumber("other", ""),
    ],
)
def test_an_account_that_cannot_be_written_is_refused(account: AccountNumber) -> None:
    with pytest.raises(AccountNotWritable):
        written(message([transfer(account=account)]))


def test_a_payee_without_name_is_called_by_the_payment() -> None:
    tree = etree.fromstring(written(message([transfer(4, name="")])))
    assert tree.findtext(".//p:Cdtr/p:Nm", "", NS) == "PM-0004-ABC"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**14),
            st.text(max_size=300),
            st.sampled_from(["other", "mobile", "none"]),
            st.from_regex(r"[A-Za-z0-9+]{1,34}", fullmatch=True),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_a_name_holds_the_file_is_valid(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[int, str, str, str]]
) -> None:
    transfers = [
        transfer(number, amount, name, AccountNumber(scheme, account))
        for number, (amount, name, scheme, account) in enumerate(people)
    ]
    validate(written(message(transfers)), tmp_path_factory.mktemp("files"))


@given(st.text(max_size=200), st.integers(1, 140))
def test_made_fit_text_keeps_to_the_character_set(text: str, limit: int) -> None:
    fit = latin_text(text, limit)
    assert len(fit) <= limit
    assert set(fit) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ "
    )
    assert not fit.startswith("/")
    assert not fit.endswith("/")
    assert "//" not in fit


@given(st.integers(0, 10**17), st.integers(0, 4))
def test_amounts_are_written_without_loss(amount: int, digits: int) -> None:
    assert Decimal(amount_text(amount, digits)).scaleb(digits) == amount


def test_a_file_that_breaks_the_schema_is_refused_naming_the_line(tmp_path: Path) -> None:
    broken = written(message([transfer()])).replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>X</PmtMtd>")
    with pytest.raises(xsd.FileNotValid, match="PmtMtd"):
        validate(broken, tmp_path)
