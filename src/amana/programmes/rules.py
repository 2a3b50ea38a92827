"""A programme's rules as the engine takes them.

Pure: a definition and the scoring models it names become one `RuleSet`; every benefit, parameter
and key of the order of need goes with it, so that publishing checks them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from amana.engine.rules import Benefit, Birth, Criterion, Model, Parameter, RuleSet
from amana.engine.schema import Kind
from amana.programmes.definition import Definition

_SCORE: Final = re.compile(r"\bscore\.([a-z][a-z0-9_]*)")
_RECEIVES: Final = re.compile(r"\breceives\(\s*['\"]([^'\"]+)['\"]\s*\)")


def models_named(definition: Definition) -> set[str]:
    """Give the codes of the scoring models that the rules speak of."""
    texts = [criterion.when for criterion in definition.eligibility]
    texts += [*definition.priority, *(benefit.amount for benefit in definition.benefits)]
    texts += [exit_.criterion.when for exit_ in definition.exits]
    found = {name for text in texts for name in _SCORE.findall(text)}
    return found | ({definition.model} if definition.model else set())


def programmes_named(definition: Definition) -> set[str]:
    """Give the codes of the programmes that eligibility asks about with `receives('…')`."""
    return {code for c in definition.eligibility for code in _RECEIVES.findall(c.when)}


def rule_set(definition: Definition, models: Mapping[str, Model]) -> RuleSet:
    """Give the rules that decide who is eligible, in which order, and for how much."""
    return RuleSet(
        code=definition.code,
        version=definition.version,
        unit=definition.unit,
        criteria=tuple(
            Criterion(criterion.id, criterion.says.words(), criterion.when)
            for criterion in definition.eligibility
        ),
        parameters=_parameters(definition),
        models=tuple(models[code] for code in sorted(models_named(definition)) if code in models),
        priority=definition.priority,
        benefits=tuple(Benefit(benefit.id, benefit.amount) for benefit in definition.benefits),
        birth=Birth(definition.birth),
    )


def _parameters(definition: Definition) -> dict[str, Parameter]:
    return {
        parameter.name: Parameter(
            kind=Kind(parameter.kind),
            values=tuple((value.valid_from, value.value) for value in parameter.values),
            unit=parameter.values[0].unit,
        )
        for parameter in definition.parameters
    }
