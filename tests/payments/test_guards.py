import importlib
import re

from amana.payments import states


def test_the_database_and_the_words_know_the_same_moves() -> None:
    guards = importlib.import_module("amana.payments.migrations.0002_guards")
    in_database = set(re.findall(r"\('([A-Z]+)', '([A-Z]+)'\)", guards.LEGAL_MOVES))
    in_words = {(a.value, b.value) for a, after in states.MOVES.items() for b in after}
    assert in_database == in_words
