"""Preparation of payrolls: regular, and supplementary ones that pay again what did not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from amana.access import runs, scope
from amana.kernel.command import Actor, command, note
from amana.kernel.period import Period
from amana.payments import amounts as amounts_room
from amana.payments import drafting, moving, queries
from amana.payments.errors import (
    ChannelMissing,
    NobodyEntitled,
    NothingToRetry,
    PayrollNotPrepared,
)
from amana.payments.models import Channel, Payroll
from amana.payments.periods import coverage, pay_day, payroll_month
from amana.payments.running import running
from amana.places.bulk import cursor
from amana.places.country import find_country
from amana.programmes import queries as programmes
from amana.programmes.definition import Definition
from amana.programmes.models import Programme, ProgrammeVersion

PREPARE: Final = "payments.prepare_payroll"
DISCARD: Final = "payments.discard_payroll"

#: First key of the advisory locks that let one payroll of a programme be prepared at a time.
PREPARE_LOCK: Final = 0x50415952


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing answers: the payroll, and whether it was there already."""

    payroll: Payroll
    existing: bool


@command(PREPARE)
def prepare_payroll(*, actor: Actor, programme: str, period: str, at: datetime) -> Prepared:
    """Prepare the payroll of a programme for a month, for any number of people.

    Everyone enrolled before the month ends gets what the rules and parameters in force on its first
    day give, over the facts known by its end; those for whom something is in the way are
    held, with the reason. The same payroll is never made twice: a second call answers with the
    first one, also when both come at once.

    Args:
        period: `2026-11`.

    Raises:
        NobodyEntitled: nothing is due to anybody in this month.
        ChannelMissing: the programme names no published channel in its currency.
    """
    month = payroll_month(period)
    found = programmes.get_programme(programme)
    scope.require(actor, PREPARE, programme=found.code)
    _lock(found)
    existing = queries.find_payroll_of(found, month.code)
    if existing is not None:
        note(subject=str(existing.reference), programme=found.code, existing=True)
        return Prepared(existing, existing=True)
    last_day = month.ends_on - timedelta(days=1)
    version = programmes.find_version(found, month.starts_on) or programmes.get_version(
        found, last_day
    )
    definition = programmes.definition_of(version)
    with running(kind="payroll", actor=actor, programme=found.code) as run:
        given = amounts_room.find_amounts(
            programme=found,
            version=version,
            on=max(month.starts_on, definition.valid_from),
            known_on=last_day,
            run=run,
        )
        payroll = _new_payroll(
            actor=actor,
            programme=found,
            version=version,
            definition=definition,
            month=month,
            at=at,
            basis=given.basis,
            run_id=run.pk,
        )
        values = _values(payroll, definition)
        with cursor() as cur:
            _stage(cur, values)
            components = [benefit for benefit in definition.benefits if benefit.kind == "cash"]
            for benefit in components:
                covered = coverage(benefit.every, month)
                cur.execute(
                    "INSERT INTO staged_component VALUES (%s, %s, %s, %s)",
                    [benefit.id, covered.code, covered.covers_from, covered.covers_to],
                )
            amounts_room.stage_amounts(
                cur, amounts=given, components=[b.id for b in components], values=values
            )
            runs.progress(run.pk, done=0, message="what is due")
            cur.execute(drafting.DUE_NEW, values)
            cur.execute(drafting.SHORTFALLS, values)
            shortfalls = cur.rowcount
            if not _count(cur, "due") and not shortfalls:
                raise NobodyEntitled(
                    f"Nobody in {found.code} is due anything for {month.code}.",
                    mend="Check the month, and that units are enrolled from a day before its end.",
                )
            counts = _draft(cur, values)
        _finish(payroll, counts | {"shortfalls": shortfalls}, run.pk)
    _note(payroll)
    return Prepared(payroll, existing=False)


@command(PREPARE)
def retry_rejected(*, actor: Actor, payroll: str, at: datetime) -> Prepared:
    """Prepare a supplementary payroll for what the payrolls of a period did not bring to people.

    It carries the entitlements of payments that were rejected or returned, and of those that were
    held when their payroll was approved, each once: the old line stops being live in the same
    transaction in which the new one begins. Someone whose account was refused is held until another
    account is known. A supplementary payroll that is not approved yet is answered again.

    Raises:
        NothingToRetry: nothing is left to be paid again.
    """
    first = queries.get_payroll(actor=actor, reference=payroll, permission=PREPARE)
    _lock(first.programme)
    open_one = (
        Payroll.objects.filter(
            programme=first.programme,
            period=first.period,
            sequence__gt=1,
            state=Payroll.State.PREPARED,
        )
        .order_by("-sequence")
        .first()
    )
    if open_one is not None:
        note(subject=str(open_one.reference), programme=first.programme.code, existing=True)
        return Prepared(open_one, existing=True)
    definition = programmes.definition_of(first.version)
    last = Payroll.objects.filter(programme=first.programme, period=first.period).order_by(
        "-sequence"
    )[0]
    with running(kind="payroll", actor=actor, programme=first.programme.code) as run:
        supplement = _new_payroll(
            actor=actor,
            programme=first.programme,
            version=first.version,
            definition=definition,
            month=payroll_month(first.period),
            at=at,
            basis={"supplements": str(first.reference)},
            run_id=run.pk,
            sequence=last.sequence + 1,
            supplements=first,
        )
        values = _values(supplement, definition)
        with cursor() as cur:
            _stage(cur, values)
            cur.execute(drafting.DUE_AGAIN, values)
            if not _count(cur, "due"):
                raise NothingToRetry(
                    f"Every payment of {first.period} has arrived or is on its way.",
                    mend="Wait for the provider's answers, or reconcile the payroll.",
                )
            _carry_forward(cur, supplement, at=at, by=actor.username)
            counts = _draft(cur, values)
        _finish(supplement, counts, run.pk)
    _note(supplement)
    return Prepared(supplement, existing=False)


@command(DISCARD)
def discard_payroll(*, actor: Actor, payroll: str, reason: str, at: datetime) -> Payroll:
    """Discard a regular payroll that nobody has approved, so that it can be prepared anew.

    Its payments are cancelled and the entitlements it found are void; nothing of it was promised
    to anybody. A supplementary payroll is not discarded: hold its payments instead.

    Raises:
        PayrollNotPrepared: it is approved, discarded or supplementary.
    """
    found = queries.get_payroll(actor=actor, reference=payroll, permission=DISCARD, lock=True)
    if found.state != Payroll.State.PREPARED or found.sequence > 1:
        raise PayrollNotPrepared(
            f"{found.reference} cannot be discarded.",
            mend="Only a regular payroll that nobody has approved can be.",
        )
    with cursor() as cur:
        moving.stage_moves(cur)
        cur.execute(
            "INSERT INTO moved (payment_id, before, after, kind, reason)"
            " SELECT id, state, 'CANCELLED', 'DISCARDED', %(reason)s FROM payments_payment"
            " WHERE payroll_id = %(payroll)s AND state IN ('PREPARED', 'HELD')",
            {"payroll": found.pk, "reason": reason[:300]},
        )
        moving.move_payments(cur, at=at, by=actor.username)
        cur.execute(
            "UPDATE payments_paymentline l SET live = false FROM payments_payment p"
            " WHERE p.id = l.payment_id AND p.payroll_id = %s AND l.live",
            [found.pk],
        )
        cur.execute(
            "UPDATE payments_entitlement t SET voided_at = %s FROM payments_paymentline l"
            " JOIN payments_payment p ON p.id = l.payment_id"
            " WHERE l.entitlement_id = t.id AND p.payroll_id = %s AND t.voided_at IS NULL",
            [at, found.pk],
        )
        voided = cur.rowcount
    found.state = Payroll.State.DISCARDED
    found.save(update_fields=["state"])
    note(subject=str(found.reference), programme=found.programme.code, voided=voided)
    return found


def _lock(programme: Programme) -> None:
    with connection.cursor() as cur:
        cur.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PREPARE_LOCK, programme.pk % 2**31])


def _new_payroll(
    *,
    actor: Actor,
    programme: Programme,
    version: ProgrammeVersion,
    definition: Definition,
    month: Period,
    at: datetime,
    basis: dict[str, Any],
    run_id: int,
    sequence: int = 1,
    supplements: Payroll | None = None,
) -> Payroll:
    pay_on = pay_day(month, definition.payment_day)
    country = find_country()
    payroll = Payroll.objects.create(
        programme=programme,
        period=month.code,
        covers_from=month.starts_on,
        covers_to=month.ends_on,
        sequence=sequence,
        supplements=supplements,
        version=version,
        currency=definition.currency,
        minor_digits=country.minor_digits if country else 2,
        pay_on=pay_on,
        basis=basis,
        run_id=run_id,
        prepared_at=at,
        prepared_by=actor.username,
    )
    published = Channel.objects.filter(code__in=definition.channels, currency=definition.currency)
    if not published.exists():
        raise ChannelMissing(
            f"{programme.code} pays in {definition.currency} through "
            f"{', '.join(definition.channels) or 'no channel'}, and none of these is published.",
            mend="Add the channel to the blueprint and apply it: amana apply DIR.",
        )
    return payroll


def _values(payroll: Payroll, definition: Definition) -> dict[str, Any]:
    return {
        "payroll": payroll.pk,
        "programme": payroll.programme_id,
        "version": payroll.version_id,
        "period": payroll.period,
        "currency": payroll.currency,
        "covers_from": payroll.covers_from,
        "covers_to": payroll.covers_to,
        "channels": list(definition.channels),
    }


def _stage(cur: Any, values: dict[str, Any]) -> None:
    cur.execute(f"DROP TABLE IF EXISTS {', '.join(drafting.TABLES)}")
    cur.execute(drafting.STAGING)
    cur.execute(drafting.STAGE_CHANNELS, values)


def _draft(cur: Any, values: dict[str, Any]) -> dict[str, int]:
    """Turn `due` into entitlements, payments and lines; give the counts."""
    cur.execute("ANALYZE due")
    cur.execute(drafting.RESOLVE, values)
    cur.execute("ANALYZE resolved")
    cur.execute(drafting.ENTITLE, values)
    cur.execute("ANALYZE resolved")
    cur.execute(drafting.DRAFT, values)
    cur.execute("ANALYZE draft")
    cur.execute(drafting.PAY, values)
    cur.execute(drafting.LINES, values)
    cur.execute(drafting.COUNTS)
    payments, total, held, held_total = cur.fetchone()
    cur.execute(f"DROP TABLE IF EXISTS {', '.join(drafting.TABLES)}")
    return {
        "payments": payments,
        "total_minor": int(total),
        "held": held,
        "held_minor": int(held_total),
    }


def _carry_forward(cur: Any, supplement: Payroll, *, at: datetime, by: str) -> None:
    """End the old payments' claim on their entitlements: cancel what was held, and unlink lines."""
    moving.stage_moves(cur)
    cur.execute(
        """
        INSERT INTO moved (payment_id, before, after, kind, held_reason, reason)
        SELECT p.id, p.state, CASE p.state WHEN 'HELD' THEN 'CANCELLED' ELSE p.state END,
               %(kind)s, p.held_reason, %(reason)s
        FROM payments_payment p WHERE p.id IN (SELECT old_payment_id FROM due)
        """,
        {"kind": moving.CARRY, "reason": f"Carried forward to {supplement.reference}"},
    )
    moving.move_payments(cur, at=at, by=by)
    cur.execute(
        "UPDATE payments_paymentline l SET live = false"
        " WHERE l.live AND l.payment_id IN (SELECT old_payment_id FROM due)"
    )


def _count(cur: Any, table: str) -> int:
    cur.execute(f"SELECT count(*) FROM {table}")
    return int(cur.fetchone()[0])


def _finish(payroll: Payroll, counts: dict[str, int], run_id: int) -> None:
    payroll.counts = counts
    payroll.save(update_fields=["counts"])
    runs.finish(run_id, result={"payroll": str(payroll.reference), **counts})


def _note(payroll: Payroll) -> None:
    note(
        subject=str(payroll.reference),
        programme=payroll.programme.code,
        period=payroll.period,
        **payroll.counts,
    )
