"""From entitlements to a reconciled payroll, with the arithmetic."""

from __future__ import annotations

import hashlib

import pytest

from amana.access.separation import SamePerson
from amana.payments import commands as payments
from amana.payments import queries
from amana.payments.models import Entitlement, LedgerMovement, Payment, PaymentLine
from tests.payments.making import AT, House


def test_a_payroll_is_prepared_approved_exported_and_reconciled(house: House) -> None:
    # Three households: 20.00 + 7.50 for one child, 20.00, and 20.00 without an account.
    house.enrol({"base": 2000})
    house.enrol({"base": 2000})
    house.enrol({"base": 2000}, account=False)
    prepared = house.prepare()
    payroll = prepared.payroll
    assert not prepared.existing
    assert payroll.counts == {
        "payments": 3,
        "total_minor": 6000,
        "held": 1,
        "held_minor": 2000,
        "shortfalls": 0,
    }
    assert house.prepare().existing
    with pytest.raises(SamePerson):
        payments.approve_payroll(actor=house.maker, payroll=str(payroll.reference), at=AT)
    approved = house.approve(payroll)
    assert (approved.approved_count, approved.approved_minor) == (2, 4000)
    assert house.approve(payroll).approved_at == approved.approved_at
    files = house.export(payroll)
    assert [(f.channel, f.count, f.total_minor) for f in files] == [("bank", 2, 4000)]
    again = house.export(payroll, "again")
    assert files[0].path.read_bytes() == again[0].path.read_bytes()
    assert hashlib.sha256(files[0].path.read_bytes()).hexdigest() == files[0].sha256
    result = queries.reconcile_payroll(actor=house.checker, reference=str(payroll.reference))
    assert (result.instructed.count, result.pending.count) == (2, 2)
    assert result.difference_minor == 0
    assert PaymentLine.objects.filter(live=True).count() == Entitlement.objects.count() == 3
    assert LedgerMovement.objects.count() == 4
    assert Payment.objects.filter(state="INSTRUCTED").count() == 2
