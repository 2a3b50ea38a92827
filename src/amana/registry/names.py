"""Names as people say and write them: the tokens by which they are searched.

A name gives two kinds of tokens: each of its words, folded to small Latin letters without accents
(`wanjiku`), and how each sounds (`~WNJK`, by Metaphone). “Wanjiku”, “Wanjikũ” and “Wangiku” share a
token, whatever the order of the words. A search asks for names that have, for each word asked, the
word itself or its sound.

Known limits: Metaphone was made for English spelling; other languages are served by its tolerance
of vowels, not by their own rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

TOKEN_CHARACTERS_MAX: Final = 40
WORDS_MAX: Final = 12
_WORD: Final = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Give a text in small Latin letters without accents.

    >>> fold("Wanjikũ  O’Brien"), fold("فاطمة")
    ("wanjiku o'brien", 'ftmh')
    """
    from anyascii import anyascii

    return " ".join(anyascii(text).lower().split())


def words_of(text: str) -> list[str]:
    """Give the folded words of a name, at most twelve; marks inside a word join its parts.

    >>> words_of("O’Brien, Mary-Ann")
    ['obrien', 'maryann']
    """
    folded = re.sub(r"['`\\-]", "", fold(text))
    return [word[:TOKEN_CHARACTERS_MAX] for word in _WORD.findall(folded)][:WORDS_MAX]


def sound_of(word: str) -> str:
    """Give the token of how a folded word sounds; empty when it has no consonant to go by.

    >>> sound_of("wanjiku") == sound_of("wangiku")
    True
    """
    import jellyfish

    sound = jellyfish.metaphone(word)
    return f"~{sound[:TOKEN_CHARACTERS_MAX]}" if len(sound) > 1 else ""


def tokens_of(*names: str) -> list[str]:
    """Give the tokens of one person's names, sorted, each once.

    >>> tokens_of("Wanjikũ Otieno")
    ['otieno', 'wanjiku', '~OTN', '~WNJK']
    """
    words = {word for name in names for word in words_of(name)}
    return sorted(words | {sound for word in words if (sound := sound_of(word))})


def alternatives(text: str) -> list[list[str]]:
    """Give, for each word of a search, the tokens of which a name must have one.

    >>> alternatives("Wangiku")
    [['wangiku', '~WNJK']]
    """
    return [[word, sound] if (sound := sound_of(word)) else [word] for word in words_of(text)]


def tokenise(duck: duckdb.DuckDBPyConnection, table: str, column: str, result: str) -> None:
    """Make the tokens of a whole column of names: the set-based twin of `tokens_of`.

    The words of all names are few against the names, so each distinct written word is folded and
    sounded once, in one call, and joined back.

    Args:
        duck: connection that holds `table`.
        table, column: where the names stand; each row's `rowid` names it.
        result: table to make.

    Grain:   one row per row of `table` that has at least one token.
    Columns: place bigint (the rowid), tokens varchar (a PostgreSQL array literal, `{a,b}`).
    """
    import pyarrow as pa

    spread = (
        "SELECT DISTINCT rowid AS place, "
        f"unnest(string_split_regex(trim({column}), '\\s+')) AS written "
        f"FROM {table} WHERE {column} <> ''"
    )
    duck.execute(f"CREATE OR REPLACE TEMP TABLE written_words AS {spread}")
    written: Sequence[str] = [
        row[0] for row in duck.execute("SELECT DISTINCT written FROM written_words").fetchall()
    ]
    found: tuple[list[str], list[str]] = ([], [])
    for word in written:
        for token in tokens_of(word):
            found[0].append(word)
            found[1].append(token)
    columns = [pa.array(values, pa.string()) for values in found]
    duck.register("word_tokens", pa.table(columns, names=["written", "token"]))
    duck.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {result} AS
        SELECT place, '{{' || string_agg(DISTINCT token, ',' ORDER BY token) || '}}' AS tokens
        FROM written_words JOIN word_tokens USING (written) GROUP BY place
        """
    )
    duck.unregister("word_tokens")
    duck.execute("DROP TABLE written_words")
