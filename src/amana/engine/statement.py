"""Typed rules → the steps of one statement (see `plan` for the steps).

Two shapes come out of the same steps: the run over a snapshot, and the live one for a single unit,
which adds the reasons (what is missing, the values read) and takes ranks from the last published
ranking (table ``published``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from amana.engine import nodes, sql
from amana.engine.blame import Blame
from amana.engine.emit import Emitter
from amana.engine.members import MemberScan
from amana.engine.nodes import Node
from amana.engine.plan import (
    Typed,
    TypedModel,
    UnitScan,
    benefit_amount,
    lottery,
    member_steps,
    named_list,
    rank_columns,
    setting_on,
)
from amana.engine.schema import Schema
from amana.engine.sql import Expr

FAVOUR = 1


@dataclass(frozen=True, slots=True)
class Observed:
    """A value a rule reads, for the live statement: its path and the columns that carry it."""

    path: str
    columns: tuple[str, ...]


class Statement:
    """Write one rule set as a statement."""

    def __init__(self, schema: Schema, typed: Typed, day: dt.date) -> None:
        self.schema = schema
        self.typed = typed
        self.ruleset = typed.ruleset
        unit = self.ruleset.unit
        self.setting = setting_on(self.ruleset, day, schema.minor_digits, unit)
        self.scan = MemberScan()
        self.main = UnitScan(self.setting, self.scan)
        used = self.used_models()
        models = [model for model in typed.models if model.model.code in used]
        self.own = [model for model in models if model.model.of == unit]
        self.home = [model for model in models if model.model.of != unit]
        self.main.home = {model.model.code: model.model.of for model in self.home}

    def model(self, code: str) -> TypedModel:
        """Give a typed model by its code."""
        return next(model for model in self.typed.models if model.model.code == code)

    @property
    def emitter(self) -> Emitter:
        """Give the emitter over units."""
        return self.main.emitter

    def used_models(self) -> set[str]:
        """Give the models some rule reads; the first one always, since the result shows it."""
        found = {model.model.code for model in self.typed.models[:1]}
        for part in self.parts():
            if isinstance(part, nodes.Score | nodes.RankShare):
                found.add(part.model)
        return found

    def parts(self) -> Iterable[Node]:
        """Give every node outside the models."""
        return (part for node in self.typed.nodes for part in nodes.walk(node))

    def shares(self, models: Iterable[TypedModel]) -> list[nodes.RankShare]:
        """Give the rank shares of these models that the rules read, in order, each once."""
        codes = {model.model.code for model in models}
        found: dict[tuple[str, str], nodes.RankShare] = {}
        for part in self.parts():
            if isinstance(part, nodes.RankShare) and part.model in codes:
                found.setdefault((part.model, part.level), part)
        return list(found.values())

    # -- the run --------------------------------------------------------------------------

    def write(
        self, *, seed: str | None, places_by: str | None = None, places_count: int | None = None
    ) -> exp.Select:
        """Write the statement over a snapshot: one row per unit, in the order of its id."""
        steps = self.all_steps(seed=seed, places_by=places_by)
        return _chained(self.final(seed, places_by, places_count), steps)

    def write_model(self) -> exp.Select:
        """Write the scores of the first model alone: unit_id, area_id, score, missing."""
        code = self.typed.models[0].model.code
        columns = [self.main.score_column(self.own[0])]
        score, missing = sql.named(f"score.{code}"), self.main.model_missing(self.own[0])
        nothing = sql.cast(exp.Array(expressions=[]), "VARCHAR[]")
        final = sql.select(
            sql.named("unit_id"),
            sql.named("area_id"),
            sql.alias(score, "score"),
            sql.alias(sql.case((sql.is_null(score), missing), default=nothing), "missing"),
        ).from_("scored")
        steps = [("units", self.main.units([])), ("scored", _all_and(columns, "units"))]
        return _chained(final.order_by(sql.named("unit_id")), self.with_members(steps))

    @property
    def can_slice(self) -> bool:
        """Tell whether no unit's row depends on units of another slice before the ranks."""
        return not self.shares(self.home)

    def write_sliced(
        self, *, seed: str, places_by: str | None, places_count: int | None
    ) -> tuple[exp.Select, exp.Select]:
        """Write the scans of one slice, and the rest over the table ``scanned``."""
        steps = self.all_steps(seed=seed, places_by=places_by)
        names = [name for name, _ in steps]
        cut = names.index("scored" if "scored" in names else "units")
        scanned = sql.select(exp.Star()).from_(names[cut])
        rest = [(names[cut], sql.select(exp.Star()).from_("scanned")), *steps[cut + 1 :]]
        final = self.final(seed, places_by, places_count)
        return _chained(scanned, steps[: cut + 1]), _chained(final, rest)

    def all_steps(self, *, seed: str | None, places_by: str | None) -> list[tuple[str, exp.Select]]:
        """Write every step before the final select."""
        decided = self.decided_columns()
        self.score_column()  # so that the household's score is passed on to a person
        for share in self.all_shares():
            self.share_column(share)
        keys = [
            sql.alias(self.emitter.emit(node), f"key.{n}")
            for n, (node, _) in enumerate(self.typed.priority)
        ]
        levels = {share.level for share in self.shares(self.own)} - {"all"}
        if places_by not in (None, "all"):
            levels.add(str(places_by))
        steps = self.steps(levels, seed=seed, live=False)
        steps.append(("decided", _all_and(decided + keys, steps[-1][0])))
        return self.with_members(steps)

    def steps(
        self, levels: Iterable[str], *, seed: str | None, live: bool
    ) -> list[tuple[str, exp.Select]]:
        """Write the steps up to ``judged``; every expression above them is emitted already."""
        criteria = [
            sql.alias(self.emitter.emit(node, FAVOUR), f"c.{criterion.id}")
            for criterion, node in zip(self.ruleset.criteria, self.typed.criteria, strict=True)
        ]
        scores = [self.main.score_column(model) for model in self.own]
        lacks = [self.main.missing_column(model) for model in self.own] if live else []
        steps = self.home_steps(seed=seed, live=live)
        steps.append(("units", self.main.units(sorted(set(levels)))))
        if scores:
            steps.append(("scored", _all_and(scores, steps[-1][0])))
        if live and scores:
            steps.append(("lacking", _all_and(lacks, steps[-1][0])))
        self.add_ranks(steps, self.own, "ranked", seed=seed, live=live)
        if criteria:
            steps.append(("judged", _all_and(criteria, steps[-1][0])))
        return steps

    def add_ranks(
        self,
        steps: list[tuple[str, exp.Select]],
        models: list[TypedModel],
        name: str,
        *,
        seed: str | None,
        live: bool,
    ) -> None:
        """Append the second pass over units, which ranks them, when some rule reads a rank."""
        shares = self.shares(models)
        if not shares:
            return
        if live:
            columns = []
            for share in shares:
                for part in ("rank", "of"):
                    column = f"{part}.{share.model}.{share.level}"
                    there = sql.not_null(sql.named(f"score.{share.model}"))
                    published = sql.case((there, sql.column("published", column)))
                    columns.append(sql.alias(published, column))
            select = _all_and(columns, steps[-1][0]).join("published", join_type="cross")
            steps.append((name, select))
            return
        drawn = sql.alias(lottery(seed, None), "lottery")
        steps.append((f"{name}_drawn", _all_and([drawn], steps[-1][0])))
        by_code = {model.model.code: model.model for model in models}
        steps.append((name, _all_and(rank_columns(shares, by_code), steps[-1][0])))

    def home_steps(self, *, seed: str | None, live: bool) -> list[tuple[str, exp.Select]]:
        """Write the steps that score and rank households for a programme for persons."""
        steps: list[tuple[str, exp.Select]] = []
        if not self.home:
            return steps
        unit = self.home[0].model.of
        scan = UnitScan(replace(self.setting, unit=unit), self.scan)
        scores = [scan.score_column(model) for model in self.home]
        lacks = [scan.missing_column(model) for model in self.home]
        levels = {share.level for share in self.shares(self.home)} - {"all"}
        steps.append(("home_units", scan.units(sorted(levels))))
        steps.append(("home_scored", _all_and(scores, "home_units")))
        self.add_ranks(steps, self.home, "home_ranked", seed=seed, live=live)
        steps.append(("home_scores", _all_and(lacks, steps[-1][0])))
        return steps

    def with_members(self, steps: list[tuple[str, exp.Select]]) -> list[tuple[str, exp.Select]]:
        """Put the grouped scan first; called last, when every rule has asked for its columns."""
        if self.scan.is_empty:
            return steps
        return [*member_steps(self.scan), *steps]

    # -- what was decided -----------------------------------------------------------------

    def met(self) -> Expr:
        """Give Kleene's and over all criteria."""
        return sql.both(*(sql.named(f"c.{criterion.id}") for criterion in self.ruleset.criteria))

    def decided_columns(self) -> list[Expr]:
        """Give outcome, missing and the amounts of the benefits."""
        met = self.met()
        missing: Expr = sql.cast(exp.Array(expressions=[]), "VARCHAR[]")
        if met is not sql.TRUE:
            missing = sql.case((sql.is_null(met), self.missing()), default=missing)
        return [*self.outcome_columns(), sql.alias(missing, "missing"), *self.benefit_columns()]

    def outcome_columns(self) -> list[Expr]:
        """Give the outcome."""
        met = self.met()
        if met is sql.TRUE:
            return [sql.alias(sql.text("eligible"), "outcome")]
        outcome = sql.case(
            (met, sql.text("eligible")),
            (sql.negate(met), sql.text("ineligible")),
            default=sql.text("undetermined"),
        )
        return [sql.alias(outcome, "outcome")]

    def benefit_columns(self) -> list[Expr]:
        """Give ``b.<id>``, each amount in whole minor units."""
        return [
            sql.alias(benefit_amount(benefit, self.emitter.value(node, FAVOUR)), f"b.{benefit.id}")
            for benefit, node in zip(self.ruleset.benefits, self.typed.benefits, strict=True)
        ]

    def missing(self) -> Expr:
        """Give the names that can settle any criterion that is unknown."""
        names: Blame = {}
        lists: dict[str, Expr] = {}
        for criterion, node in zip(self.ruleset.criteria, self.typed.criteria, strict=True):
            unknown = sql.is_null(sql.named(f"c.{criterion.id}"))
            for name, when in self.blamed(node).items():
                into = lists if name.startswith("score.") else names
                cause = sql.both(unknown, when)
                into[name] = sql.either(into[name], cause) if name in into else cause
        return named_list(names, self.score_lists(lists))

    def blamed(self, node: Node) -> Blame:
        """Give the blame of a criterion; nothing when it is always known."""
        if self.emitter.value(node, FAVOUR).known:
            return {}
        return self.main.blamer.blame(node, FAVOUR)

    def score_lists(self, causes: Blame) -> list[Expr]:
        """Give, for scores that are unknown, the lists of what their models miss."""
        found: list[Expr] = []
        for name, when in sorted(causes.items()):
            code = name.removeprefix("score.")
            listed = self.main.missing_of(self.model(code))
            unknown = sql.is_null(self.main.reach("score", code))
            if code in self.main.home:
                nobody = exp.Array(expressions=[sql.text("person.household")])
                listed = exp.Coalesce(this=listed, expressions=[sql.cast(nobody, "VARCHAR[]")])
            nothing = sql.cast(exp.Array(expressions=[]), "VARCHAR[]")
            found.append(sql.case((sql.both(when, unknown), listed), default=nothing))
        return found

    # -- the result -----------------------------------------------------------------------

    def score_column(self) -> Expr:
        """Give the score of the first model, or null."""
        if not self.typed.models:
            return sql.cast(sql.NULL, "DECIMAL(12,6)")
        return self.main.reach("score", self.typed.models[0].model.code)

    def share_column(self, share: nodes.RankShare) -> Expr:
        """Give a rank share as a decimal of six digits."""
        rank, count = self.emitter.rank_parts(share)
        return sql.fn("AMANA_DIVIDE", rank, count)

    def all_shares(self) -> list[nodes.RankShare]:
        """Give every rank share read, those of the unit's own models first."""
        return [*self.shares(self.own), *self.shares(self.home)]

    def final(
        self, seed: str | None, places_by: str | None, places_count: int | None
    ) -> exp.Select:
        """Write the last select: the result's columns in their order."""
        columns = [
            sql.named("unit_id"),
            sql.named("area_id"),
            sql.named("outcome"),
            *(
                sql.alias(sql.named(f"c.{criterion.id}"), f"c_{criterion.id}")
                for criterion in self.ruleset.criteria
            ),
            sql.named("missing"),
            sql.alias(self.score_column(), "score"),
        ]
        eligible = exp.EQ(this=sql.named("outcome"), expression=sql.text("eligible"))
        rank, count = self.rank(seed, places_by, eligible)
        shares = self.all_shares()
        share = self.share_column(shares[0]) if shares else sql.cast(sql.NULL, "DECIMAL(18,6)")
        columns += [
            sql.alias(rank, "rank"),
            sql.alias(count, "rank_of"),
            sql.alias(share, "rank_share"),
        ]
        benefits = [
            sql.alias(sql.named(f"b.{benefit.id}"), f"b_{benefit.id}")
            for benefit in self.ruleset.benefits
        ]
        more = [
            sql.alias(self.share_column(other), f"rank_share_{other.model}_{other.level}")
            for other in shares
            if len(shares) > 1
        ]
        inner = sql.select(*columns, *benefits, *more).from_("decided")
        place: Expr = sql.NULL
        if places_by not in (None, "all"):
            inner = inner.select(sql.alias(sql.named(f"area.{places_by}"), "place"))
            place = sql.column("places", "places")
        selected = _selected(eligible, places_by, places_count, place)
        names = ["unit_id", "area_id", "outcome"]
        names += [f"c_{criterion.id}" for criterion in self.ruleset.criteria]
        names += ["missing", "score", "rank", "rank_of", "rank_share"]
        after = [f"b_{benefit.id}" for benefit in self.ruleset.benefits]
        after += [f"rank_share_{s.model}_{s.level}" for s in shares if len(shares) > 1]
        result = sql.select(
            *(sql.column("ranks", name) for name in names),
            sql.alias(selected, "selected"),
            *(sql.column("ranks", name) for name in after),
        ).from_(inner.subquery("ranks"))
        if places_by not in (None, "all"):
            on = exp.EQ(
                this=sql.column("places", "area_id"), expression=sql.column("ranks", "place")
            )
            result = result.join("places", on=on, join_type="left")
        return result.order_by(sql.column("ranks", "unit_id"))

    def rank(self, seed: str | None, places_by: str | None, eligible: Expr) -> tuple[Expr, Expr]:
        """Give the total rank among the eligible of a place area, and how many they are."""
        if places_by is None and not self.typed.priority:
            return sql.cast(sql.NULL, "BIGINT"), sql.cast(sql.NULL, "BIGINT")
        within = [eligible]
        if places_by not in (None, "all"):
            within.append(sql.named(f"area.{places_by}"))
        order = [
            exp.Ordered(this=sql.named(f"key.{n}"), desc=descending, nulls_first=False)
            for n, (_, descending) in enumerate(self.typed.priority)
        ]
        drawn = sql.named("lottery") if self.shares(self.own) else lottery(seed, eligible)
        for last in (drawn, sql.named("unit_id")):
            order.append(exp.Ordered(this=last, nulls_first=False))
        row = exp.Window(
            this=sql.fn("ROW_NUMBER"),
            partition_by=[part.copy() for part in within],
            order=exp.Order(expressions=order),
        )
        count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=within)
        there = eligible
        if places_by not in (None, "all"):
            there = sql.both(eligible, sql.not_null(sql.named(f"area.{places_by}")))
        return sql.case((there, row)), sql.case((there, count))

    # -- one unit -------------------------------------------------------------------------

    def write_live(self) -> tuple[exp.Select, list[Observed]]:
        """Write the statement for one unit (``$unit``), with reasons and values read."""
        self.main.keeps_missing = True
        columns = [*self.outcome_columns(), *self.benefit_columns()]
        reasons = []
        for criterion, node in zip(self.ruleset.criteria, self.typed.criteria, strict=True):
            names: Blame = {}
            lists: Blame = {}
            for name, when in self.blamed(node).items():
                (lists if name.startswith("score.") else names)[name] = when
            unknown = sql.is_null(sql.named(f"c.{criterion.id}"))
            listed = sql.case((unknown, named_list(names, self.score_lists(lists))))
            reasons.append(sql.alias(listed, f"missing_{criterion.id}"))
        observed, values = self.observed()
        shares = self.all_shares()
        score = sql.alias(self.score_column(), "score")
        share = self.share_column(shares[0]) if shares else sql.NULL
        lists_of_models = [
            sql.alias(self.main.missing_of(model), f"lacks_{model.model.code}")
            for model in [*self.own, *self.home]
        ]
        steps = self.steps(set(), seed="", live=True)
        # the steps may pass more columns now that values are observed
        extra = [*columns, *reasons, *values, score, sql.alias(share, "rank_share")]
        select = _all_and([*extra, *lists_of_models], steps[-1][0])
        wanted = exp.EQ(this=sql.named("unit_id"), expression=exp.Parameter(this="unit"))
        return _chained(select.where(wanted), self.with_members(steps)), observed

    def observed(self) -> tuple[list[Observed], list[Expr]]:
        """Give the values the criteria and models read, and the columns that carry them."""
        found: dict[str, Observed] = {}
        columns: list[Expr] = []

        def keep(path: str, *exprs: Expr) -> None:
            names = tuple(f"value.{len(columns) + n}" for n in range(len(exprs)))
            columns.extend(sql.alias(expr, name) for expr, name in zip(exprs, names, strict=True))
            found[path] = Observed(path, names)

        for part in self.parts():
            path = path_of(part)
            if path is None or path in found:
                continue
            if isinstance(part, nodes.Score):
                keep(path, self.main.reach("score", part.model))
            elif isinstance(part, nodes.RankShare):
                keep(path, self.share_column(part))
            elif isinstance(part, nodes.Receives | nodes.Variable) and part.scope != "member":
                keep(path, self.emitter.emit(part))
            elif isinstance(part, nodes.Age) and part.scope != "member":
                keep(path, *self.emitter.age_bounds(part))
            elif isinstance(part, nodes.Age):
                keep(path, *(self.listed(end) for end in self.emitter.inner().age_bounds(part)))
            else:
                keep(path, self.listed(self.emitter.inner().emit(part)))
        return list(found.values()), columns

    def listed(self, expr: Expr) -> Expr:
        """Give the values of all members, in the order of their ids."""
        order = exp.Order(
            this=expr, expressions=[exp.Ordered(this=sql.column("member", "person_id"))]
        )
        name = self.scan.column("list", exp.Anonymous(this="LIST", expressions=[order]))
        return self.main.reach("members", name)


def path_of(node: Node) -> str | None:
    """Give the name under which an explanation shows a node's value; None when it shows none."""
    if isinstance(node, nodes.Variable | nodes.Age):
        return node.path
    if isinstance(node, nodes.Receives):
        return f"{nodes.WORD_OF[node.scope]}.receives('{node.programme}')"
    if isinstance(node, nodes.Score):
        return f"score.{node.model}.value"
    if isinstance(node, nodes.RankShare):
        return f"score.{node.model}.rank_share('{node.level}')"
    return None


def _selected(eligible: Expr, places_by: str | None, places_count: int | None, place: Expr) -> Expr:
    chosen = exp.EQ(this=sql.column("ranks", "outcome"), expression=sql.text("eligible"))
    if places_by is None:
        return chosen
    if places_by == "all":
        room: Expr = sql.number(places_count or 0)
    else:
        room = exp.Coalesce(this=place, expressions=[sql.number(0)])
    within = exp.LTE(this=sql.column("ranks", "rank"), expression=room)
    return sql.both(chosen, exp.Coalesce(this=within, expressions=[sql.FALSE]))


def _all_and(columns: list[Expr], source: str) -> exp.Select:
    everything = exp.Column(this=exp.Star(), table=exp.to_identifier(source))
    return sql.select(everything, *columns).from_(exp.to_table(source), copy=False)


def _chained(select: exp.Select, steps: list[tuple[str, exp.Select]]) -> exp.Select:
    for name, step in steps:
        select = select.with_(name, as_=step, copy=False)
    return select
