"""The rule engine: one language, one compiler, every reason kept. No Django in this room.

The public API (import these names from ``amana.engine``):

Rules as data (`rules`), all frozen:
    ``RuleSet(code, version, unit, criteria, parameters, models, priority, benefits, birth)``
    ``Criterion(id, says, when)``            ``Benefit(id, amount, rounding, step_minor)``
    ``Model(code, version, kind, of, terms, items, intercept, round, direction, title)``
    ``Term(id, value, weight, says)``        ``Item(id, points=((when, points), …), says)``
    ``Parameter.of(values, unit=, currency=, minor_digits=)`` values: one, or [(from, value), …]
    ``Places(by="all"|level, count=, areas={area_id: places})``     ``Birth``, ``Rounding``
What rules may read (`schema`): ``Schema.build(people=, groups=, areas=, levels=, programmes=,
    minor_digits=)`` from the dictionary, ``Schema.from_manifest(manifest)``; ``Column(kind, codes,
    title)``, ``Kind``, ``kind_of(word)``.
Checking and compiling (`compile`):
    ``check(schema, ruleset | model) -> list[RuleError]``: every mistake, with line, column, caret.
    ``compile_rules(schema, ruleset, on=date) -> Compiled`` raises RulesRefused; ``.sql()`` reads.
    ``compile_model(schema, model, on=date) -> Compiled``
Running (`run`):
    ``run(compiled, snapshot_dir, out_path, seed=, places=, slices=, progress=) -> Manifest``
        writes OUT.parquet, OUT.manifest.json and OUT.sql. Columns: unit_id, area_id, outcome
        ('eligible' | 'ineligible' | 'undetermined'), c_<id> bool, missing text[], score
        decimal(12,6), rank, rank_of, rank_share decimal(18,6), selected, b_<id> minor units.
    ``run_model(compiled, snapshot_dir, out_path) -> Manifest``: unit_id, area_id, score, missing.
One unit (`live`):
    ``evaluate_one(compiled, tables, unit_id=, ranks=) -> Explanation`` for live rows, in
        milliseconds; ``tables`` = {"people", "groups", "areas"} as Arrow in the snapshot's layout.
    ``explain(compiled, snapshot_dir, unit_id, results=, seed=) -> Explanation``
    ``Explanation.criteria``: id, says, outcome ('met' | 'failed' | 'unknown'), missing, values,
        and ``words``: the sentence for a person.
Snapshots on disk (`snapshots`): ``write_snapshot(folder, reference=, taken_at=, as_of=,
    dictionary_version=, schema=, tables=) -> Snapshot``, ``open_snapshot(folder)``.

Invariants: unknown is not false (Kleene's logic throughout); nothing in a rule reads the clock,
the network or a file; the same snapshot, rules, day and seed give the same hash.
"""

from amana.engine.compile import Compiled, check, compile_model, compile_rules
from amana.engine.errors import (
    RuleError,
    RulesRefused,
    RunCancelled,
    SnapshotDoesNotFit,
    SnapshotNotFound,
    UnitNotFound,
)
from amana.engine.live import CriterionOutcome, Explanation, evaluate_one, explain
from amana.engine.rules import (
    Benefit,
    Birth,
    Criterion,
    Item,
    Model,
    Parameter,
    Places,
    Rounding,
    RuleSet,
    Term,
)
from amana.engine.run import Manifest, run, run_model
from amana.engine.schema import Column, Kind, Schema, kind_of
from amana.engine.snapshots import Snapshot, open_snapshot, write_snapshot

__all__ = [
    "Benefit",
    "Birth",
    "Column",
    "Compiled",
    "Criterion",
    "CriterionOutcome",
    "Explanation",
    "Item",
    "Kind",
    "Manifest",
    "Model",
    "Parameter",
    "Places",
    "Rounding",
    "RuleError",
    "RuleSet",
    "RulesRefused",
    "RunCancelled",
    "Schema",
    "Snapshot",
    "SnapshotDoesNotFit",
    "SnapshotNotFound",
    "Term",
    "UnitNotFound",
    "check",
    "compile_model",
    "compile_rules",
    "evaluate_one",
    "explain",
    "kind_of",
    "open_snapshot",
    "run",
    "run_model",
    "write_snapshot",
]
