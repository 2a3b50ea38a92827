"""A payment channel's file of the blueprint (`channels/<code>.yaml`), read into a definition.

Pure. Every mistake names file, line and key, and all are told at once by the caller's `Problems`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from amana.kernel.yaml_source import Source
from amana.payments.pain001 import ACCOUNT_LIMIT, TRANSFER_LIMIT, AccountNumber, Debtor

KINDS: Final = {"iso20022": "ISO20022", "mobile-money-csv": "MOBILE_MONEY_CSV"}
SCHEMES: Final = ("iban", "other", "mobile", "none")
NO_ACCOUNT: Final = "none"
FILE_LIMIT: Final = 50_000

_BIC: Final = re.compile(r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")
_IBAN: Final = re.compile(r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$")
_CURRENCY: Final = re.compile(r"^[A-Z]{3}$")


@dataclass(frozen=True, slots=True)
class ChannelDefinition:
    """A way for money to reach people.

    Args:
        kind: how the provider is told: `ISO20022` or `MOBILE_MONEY_CSV`.
        account_scheme: `iban`, `other` (the provider's numbering), `mobile`, or `none`: the payee
            needs no account and collects with the reference on their card.
        file_limit: transfers in one file at most; a larger payroll is split.
    """

    code: str
    title: dict[str, str]
    kind: str
    currency: str
    account_scheme: str
    debtor_name: str
    debtor_scheme: str
    debtor_account: str
    debtor_bic: str
    file_limit: int

    @property
    def debtor(self) -> Debtor:
        """Give who pays and from which account."""
        account = AccountNumber(self.debtor_scheme, self.debtor_account)
        return Debtor(self.debtor_name, account, self.debtor_bic)

    def to_json(self) -> dict[str, Any]:
        """Give the definition as plain JSON, the form in which a version is kept and hashed."""
        return asdict(self)

    @property
    def sha256(self) -> str:
        """Hash the definition, so that changed content is seen whatever the file's layout."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def from_json(data: dict[str, Any]) -> ChannelDefinition:
    """Read a published definition back; the inverse of `ChannelDefinition.to_json`."""
    return ChannelDefinition(**data)


def read_channel(root: Source) -> ChannelDefinition:
    """Read a channel; mistakes are noted in the problems of `root`, never raised."""
    kind = root.one_of("kind", KINDS)
    currency = root.text("currency", length_max=20)
    if currency and not _CURRENCY.match(currency):
        root.problem(
            f"“{currency}” is not a currency.",
            key="currency",
            mend="Expected three capital letters of ISO 4217, such as KES.",
        )
    scheme = root.mapping("accounts").one_of("scheme", SCHEMES)
    debtor = root.mapping("debtor")
    account = debtor.text("account", length_max=ACCOUNT_LIMIT).replace(" ", "")
    debtor_scheme = debtor.one_of(
        "scheme", ("iban", "other", "mobile"), default="iban" if _IBAN.match(account) else "other"
    )
    if debtor_scheme == "iban" and not _IBAN.match(account):
        debtor.problem(f"“{account}” is not an IBAN.", key="account", mend="Check the number.")
    bic = debtor.text("bic", "", length_max=20)
    if bic and not _BIC.match(bic):
        debtor.problem(f"“{bic}” is not a BIC.", key="bic", mend="Expected 8 or 11 characters.")
    if kind == "mobile-money-csv" and scheme not in ("mobile", ""):
        root.problem(
            f"A mobile money file pays to telephone numbers, not to “{scheme}” accounts.",
            key="accounts",
            mend="Write “accounts: {scheme: mobile}”.",
        )
    definition = ChannelDefinition(
        code=root.code("channel"),
        title=root.translations("title"),
        kind=KINDS.get(kind, ""),
        currency=currency,
        account_scheme=scheme,
        debtor_name=debtor.text("name", length_max=70),
        debtor_scheme=debtor_scheme,
        debtor_account=account,
        debtor_bic=bic,
        file_limit=root.integer("file_limit", FILE_LIMIT, minimum=1, maximum=TRANSFER_LIMIT),
    )
    root.mapping("accounts").finish()
    debtor.finish()
    root.finish()
    return definition
