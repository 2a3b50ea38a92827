"""Preparation of payrolls: regular, and supplementary ones that pay again what did not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from amana.access import runs, scope
from amana.access.models import Run
from amana.kernel.command import Actor, command, note
from amana.kernel.period import Period
from amana.payments import amounts as amounts_room
from amana.payments import drafting, moving, queries
from amana.payments.errors import (
    ChannelMissing,
    NobodyEntitled,
    NothingToRetry,
    PayrollNotApproved,
    PayrollNotPrepared,
)
from amana.payments.models import Channel, Payroll
from amana.payments.periods import coverage, pay_day, payroll_month
from amana.payments.running import running
from amana.places.bulk import cursor, refresh_statistics
from amana.places.country import find_country
from amana.programmes import queries as programmes
from amana.programmes.definition import Definition
from amana.programmes.models import Programme, ProgrammeVersion

PREPARE: Final = "payments.prepare_payroll"
DISCARD: Final = "payments.discard_payroll"

#: Payments from which on the planner's picture of the tables that a payroll fills is renewed.
MANY_ROWS: Final = 1_000
FILLED: Final = ("payments_payment", "payments_paymentline", "payments_entitlement")

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
    version = programmes.find_version(found, month.starts_on) or programmes.get_version(
        found, month.ends_on - timedelta(days=1)
    )
    definition = programmes.definition_of(version)
    with running(kind="payroll", actor=actor, programme=found.code) as run:
        given = _find_amounts(found, version, definition, month, run)
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
            _stage_amounts(cur, given, definition, month, values)
            runs.progress(run.pk, done=0, message="what is due")
            cur.execute(f"{drafting.DUE_TABLE} AS {drafting.DUE_NEW}", values)
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
    account is known. Whoever became due since (enrolled late, an amount known only now) is in it
    too. While a supplementary payroll waits for approval it is answered again; the one who prepared
    it adds to it what came up since.

    Raises:
        PayrollNotApproved: the regular payroll of the period waits for approval itself.
        NothingToRetry: nothing is left to be paid again.
    """
    given_one = queries.get_payroll(actor=actor, reference=payroll, permission=PREPARE)
    programme, month = given_one.programme, payroll_month(given_one.period)
    _lock(programme)
    # Answers of providers wait here, so that nothing moves while it is carried forward.
    period = list(
        Payroll.objects.select_for_update()
        .filter(programme=programme, period=month.code)
        .exclude(state=Payroll.State.DISCARDED)
        .order_by("sequence")
    )
    if not period or period[0].state == Payroll.State.PREPARED:
        raise PayrollNotApproved(
            f"The regular payroll of {month.code} has not been approved.",
            mend="What did not reach people is paid again after it was approved and sent.",
        )
    first, last = period[0], period[-1]
    waiting = last if last.state == Payroll.State.PREPARED else None
    if waiting is not None and waiting.prepared_by != actor.username:
        note(subject=str(waiting.reference), programme=programme.code, existing=True)
        return Prepared(waiting, existing=True)
    definition = programmes.definition_of(first.version)
    with running(kind="payroll", actor=actor, programme=programme.code) as run:
        given = _find_amounts(programme, first.version, definition, month, run)
        supplement = waiting or _new_payroll(
            actor=actor,
            programme=programme,
            version=first.version,
            definition=definition,
            month=month,
            at=at,
            basis={**given.basis, "supplements": str(first.reference)},
            run_id=run.pk,
            sequence=last.sequence + 1,
            supplements=first,
        )
        values = _values(supplement, definition)
        with cursor() as cur:
            _stage(cur, values)
            _stage_amounts(cur, given, definition, month, values)
            cur.execute(drafting.DUE_AGAIN, values)
            cur.execute(f"INSERT INTO due {drafting.DUE_NEW}", values)
            if _count(cur, "due"):
                _carry_forward(cur, supplement, at=at, by=actor.username)
                counts = _draft(cur, values)
            elif waiting is not None:
                counts = {}
            else:
                raise NothingToRetry(
                    f"Every payment of {month.code} has arrived or is on its way.",
                    mend="Wait for the provider's answers, or reconcile the payroll.",
                )
        _finish(supplement, counts, run.pk)
    _note(supplement)
    return Prepared(supplement, existing=waiting is not None)


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


def _find_amounts(
    programme: Programme,
    version: ProgrammeVersion,
    definition: Definition,
    month: Period,
    run: Run,
) -> amounts_room.Amounts:
    return amounts_room.find_amounts(
        programme=programme,
        version=version,
        on=max(month.starts_on, definition.valid_from),
        known_on=month.ends_on - timedelta(days=1),
        run=run,
    )


def _stage_amounts(
    cur: Any,
    given: amounts_room.Amounts,
    definition: Definition,
    month: Period,
    values: dict[str, Any],
) -> None:
    """Stage what the cash components cover in a month, and their amounts per enrolled unit."""
    components = [benefit for benefit in definition.benefits if benefit.kind == "cash"]
    for benefit in components:
        covered = coverage(benefit.every, month)
        cur.execute(
            "INSERT INTO staged_component VALUES (%s, %s, %s, %s)",
            [benefit.id, covered.code, covered.covers_from, covered.covers_to],
        )
    amounts_room.stage_amounts(
        cur, amounts=given, components=[benefit.id for benefit in components], values=values
    )


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
    """Keep what was found, added to what earlier additions to the payroll found."""
    known = payroll.counts
    payroll.counts = {key: known.get(key, 0) + counts.get(key, 0) for key in {**known, **counts}}
    payroll.save(update_fields=["counts"])
    # Approval and export join these tables whole; the planner must not think them still empty.
    if sum(counts.values()) >= MANY_ROWS:
        refresh_statistics(*FILLED)
    runs.finish(run_id, result={"payroll": str(payroll.reference), **payroll.counts})


def _note(payroll: Payroll) -> None:
    note(
        subject=str(payroll.reference),
        programme=payroll.programme.code,
        period=payroll.period,
        **payroll.counts,
    )
