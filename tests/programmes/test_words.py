"""A decision in sentences: plain, never harsh, and unknown never reads as no."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from amana.programmes.words import (
    CriterionResult,
    DecisionWords,
    Standing,
    criterion_sentence,
    decision_sentence,
    negate,
    value_words,
)

CHILD = CriterionResult("children", "The household has a child under 5", "", "met")
POOR = CriterionResult(
    "poor",
    "The household is among the poorest 30 % of its district",
    "",
    "failed",
    standing=Standing(412, 1010, 303, "Kisumu East"),
)
WORK = CriterionResult(
    "work",
    "Nobody in the household has a salary",
    "Somebody in the household has a salary",
    "unknown",
    missing={"salary": "monthly salary", "works": "kind of work"},
)


def test_not_eligible_names_the_criterion_the_rank_and_the_limit() -> None:
    assert decision_sentence(DecisionWords("ineligible", [CHILD, POOR])) == (
        "Not eligible: the household is not among the poorest 30 % of its district; "
        "in Kisumu East it ranks 412 of 1,010, the limit is 303."
    )


def test_unknown_says_what_would_settle_it_and_never_reads_as_no() -> None:
    sentence = decision_sentence(DecisionWords("undetermined", [CHILD, WORK]))
    assert sentence == (
        "We do not know yet: whether nobody in the household has a salary; "
        "what would settle it: monthly salary, kind of work."
    )
    for harsh in ("not eligible", "no,", "reject", "fail"):
        assert harsh not in sentence.lower()


def test_a_failed_criterion_decides_even_when_another_is_unknown() -> None:
    sentence = decision_sentence(DecisionWords("ineligible", [POOR, WORK]))
    assert sentence.startswith("Not eligible: the household is not among")
    assert "salary" not in sentence


@pytest.mark.parametrize(
    ("selected", "words"),
    [
        (None, "Eligible: all 2 criteria are met; it ranks 3 of 40."),
        (True, "Eligible and selected: all 2 criteria are met; it ranks 3 of 40."),
        (False, "Eligible, but there is no place yet: all 2 criteria are met; it ranks 3 of 40."),
    ],
)
def test_eligible_says_whether_there_is_a_place(selected: bool | None, words: str) -> None:
    decision = DecisionWords("eligible", [CHILD, CHILD], selected, Standing(3, 40))
    assert decision_sentence(decision) == words


def test_the_file_s_own_negative_is_preferred() -> None:
    failed = CriterionResult("work", WORK.says, WORK.says_not, "failed")
    assert criterion_sentence(failed) == "Somebody in the household has a salary."


@pytest.mark.parametrize(
    ("says", "negative"),
    [
        ("The household has a child under 5", "The household does not have a child under 5"),
        ("The person lives in the area", "The person does not live in the area"),
        ("Nobody receives a pension", "Somebody receives a pension"),
        ("The household is not in town", "it does not hold that “the household is not in town”"),
        ("All children are vaccinated", "it does not hold that “all children are vaccinated”"),
    ],
)
def test_a_negative_is_made_only_where_it_is_safe(says: str, negative: str) -> None:
    assert negate(says) == negative


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "we do not know"),
        (False, "no"),
        (1500, "1,500"),
        (Decimal("0.300000"), "0.3"),
        (date(2026, 11, 20), "20 Nov 2026"),
        (["a", "b"], "a, b"),
        ("metal", "metal"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, words: str) -> None:
    assert value_words(value) == words
