"""The rules shown in the reference are rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amana import engine
from tests.engine.ground import SCHEMA, ruleset

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
SHOWN = [
    line
    for block in re.findall(r"```cel\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("rule", SHOWN)
def test_rule_of_the_reference_is_accepted(rule: str) -> None:
    assert engine.check(SCHEMA, ruleset(rule)) == []


def test_every_macro_and_function_stands_in_the_reference() -> None:
    from amana.engine.resolve import FUNCTIONS, MACROS

    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in (*MACROS, *FUNCTIONS) if not re.search(rf"\b{name}\(", text)]
    assert missing == []
