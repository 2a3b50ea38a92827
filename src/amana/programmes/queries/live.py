"""One unit judged now, over its live facts, by the same compiled rules as a whole country."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from amana import engine
from amana.engine.statement import Statement
from amana.programmes.models import ProgrammeVersion
from amana.programmes.queries import judging
from amana.registry import snapshots
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Person


def evaluate(
    version: ProgrammeVersion,
    unit: Group | Person,
    *,
    on: date,
    row: Mapping[str, Any] | None = None,
) -> engine.Explanation:
    """Judge one unit with a version's rules.

    Args:
        on: the day of ages and parameters.
        row: the unit's row in the last published ranking; its rank shares are read off it, and a
            criterion about a rank is unknown without it.
    """
    schema = snapshots.assemble(get_dictionary(), as_of=on).schema
    compiled = judging.compiled_with(version, schema, on)
    tables = snapshots.live_tables(unit, on=on)
    ranks = ranks_of(compiled, row) if row is not None else {}
    return engine.evaluate_one(compiled, tables, unit_id=unit.pk, ranks=ranks)


def ranks_of(
    compiled: engine.Compiled, row: Mapping[str, Any]
) -> dict[tuple[str, str], Decimal | None]:
    """Read the rank shares, by (model, level), off a unit's row in a run's results."""
    shares = Statement(compiled.schema, compiled.typed, compiled.on).all_shares()
    alone = len(shares) == 1
    return {
        (share.model, share.level): row.get(
            "rank_share" if alone else f"rank_share_{share.model}_{share.level}"
        )
        for share in shares
    }
