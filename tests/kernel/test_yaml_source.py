"""YAML and CSV sources: every mistake is told at once, with its place and the mend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from amana.kernel.csv_source import read_csv
from amana.kernel.errors import BadInputs, Problems, Where
from amana.kernel.yaml_source import Source, parse_yaml, read_yaml


def parsed(text: str) -> tuple[Source, Problems]:
    problems = Problems("mistakes")
    return parse_yaml(text, file="demo.yaml", problems=problems), problems


def told(problems: Problems) -> list[str]:
    return [str(error) for error in problems.found]


def test_values_are_typed_when_they_fit() -> None:
    root, problems = parsed(
        "form: survey\nfrom: 2026-01-01\nshare: 0.30\nrange: [0, 120]\nold: true\ncountry: no\n"
        "title: {en: Child grant, sw: Ruzuku}\nplain: Old age\nitems:\n  - {id: a}\n  - {id: b}\n"
    )
    assert root.code("form") == "survey"
    assert root.date("from") == date(2026, 1, 1)
    assert root.decimal("share") == Decimal("0.30")
    assert root.at("range").value() == [0, 120]
    assert root.boolean("old") is True
    assert root.text("country") == "no"  # YAML 1.2: Norway is a text
    assert root.translations("title") == {"en": "Child grant", "sw": "Ruzuku"}
    assert root.translations("plain") == {"": "Old age"}
    assert [item.code("id") for item in root.list_of("items")] == ["a", "b"]
    assert root.text("absent", None) is None
    root.finish()
    assert problems.found == []


def test_every_mistake_is_told_with_line_and_key_when_several_are_made() -> None:
    root, problems = parsed(
        "form: Survey 1\nfrom: 31/01/2026\nkind: squares\nrond: 6\nshare: many\n"
    )
    root.code("form")
    root.date("from")
    root.one_of("kind", ["linear", "points"])
    root.integer("round")
    root.decimal("share")
    root.finish()
    words = told(problems)
    assert words[0].startswith("demo.yaml, row 1, column 7, form: “Survey 1” does not fit “form”.")
    assert words[1].endswith("Expected a date such as 2026-01-31.")
    assert (
        "row 3, column 7, kind: “squares” is not a value of “kind”. Expected linear, points."
        in (words[2])
    )
    assert words[3].endswith("The key “round” is missing. Did you mean “rond”?")
    assert "Expected a number with a point" in words[4]
    assert words[5] == (
        "demo.yaml, row 4, column 1, rond: The key “rond” is not known here. Did you mean “round”?"
    )
    with pytest.raises(BadInputs) as caught:
        problems.raise_if_any()
    assert len(caught.value.as_dict()["errors"]) == 6


def test_nested_path_is_named_when_an_item_is_wrong() -> None:
    root, problems = parsed("variables:\n  - code: roof\n    type: colour\n  - just a text\n")
    for item in root.list_of("variables"):
        item.code("code", name=True)
        item.one_of("type", ["code", "text"])
    assert problems.found[0].where == Where("demo.yaml", 4, 5, "variables[2]")
    assert problems.found[1].where == Where("demo.yaml", 3, 11, "variables[1].type")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("when: m.age < 5\n", (1, 9)),  # plain: column 7 of the file is column 1 of the rule
        ('when: "m.age < 5"\n', (1, 10)),  # the quote is one more
        ("when: |\n    m.age < 5\n", (2, 7)),  # a block starts on the next line, after its indent
    ],
)
def test_place_inside_a_rule_is_a_place_in_the_file(text: str, place: tuple[int, int]) -> None:
    root, _ = parsed(text)
    where = root.where("when", at=(1, 3))
    assert (where.row, where.column) == place


def test_locate_gives_the_nearest_place_when_a_key_is_missing() -> None:
    root, _ = parsed("benefits:\n  - {id: base}\n  - id: child\n    kind: cash\n")
    assert root.locate(("benefits", 1, "kind")) == Where("demo.yaml", 4, 11, "benefits[2].kind")
    assert root.locate(("benefits", 1, "every")) == Where("demo.yaml", 3, 5, "benefits[2].every")
    assert root.locate(("title",)) == Where("demo.yaml", 1, 1, "title")


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("a: [1, 2\nb: 3\n", 2, "This is not YAML"),
        ("a: 1\na: 2\n", 2, "The key “a” stands twice; first on line 1."),
        ("- 1\n- 2\n", 1, "The file is a list."),
        ("a: !!python/object:os.system ls\n", 1, "is not allowed"),
        ("a: !shell ls\n", 1, "The tag “!shell” is not allowed."),
        ("", None, "The file is empty."),
        ("a: " + "[" * 5000, None, "This is not YAML"),
    ],
)
def test_file_is_refused_when_it_is_not_a_plain_mapping(
    text: str, row: int | None, words: str
) -> None:
    root, problems = parsed(text)
    assert not root or problems.found
    assert words in problems.found[0].message
    assert problems.found[0].where.row == row


def test_latin_1_is_refused_with_the_place_of_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_bytes("role: registrar\ntitle: Régisseur\n".encode("latin-1"))
    problems = Problems("mistakes")
    assert not read_yaml(path, problems=problems)
    assert str(problems.found[0]) == (
        "roles.yaml, row 2, column 9: The file is not UTF-8: byte 0xE9 cannot be read."
        " It may be Latin-1; save it again as UTF-8."
    )


def test_equal_data_when_only_comments_and_quotes_differ() -> None:
    first, _ = parsed("a: 'one'  # why\nb: {c: 1.50, d: 2026-01-01, e: null}\n")
    second, _ = parsed('b:\n  c: 1.50\n  d: 2026-01-01\n  e:\na: "one"\n')
    assert first.value() == second.value()
    assert first.value()["b"] == {"c": Decimal("1.50"), "d": date(2026, 1, 1), "e": None}


def test_csv_gives_columns_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "areas.csv"
    path.write_text("code;parent;name\nA;;North\n\nB;A;'Town; old'\n".replace("'", '"'))
    problems = Problems("mistakes")
    table = read_csv(path, problems=problems, required=["code", "name"], optional=["parent", "to"])
    assert table is not None
    assert table.columns["name"] == ["North", "Town; old"]
    assert table.columns["to"] == ["", ""]
    assert table.rows == [2, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("code,nmae\nA,North\n", "The column “nmae” is not known. Did you mean “name”?"),
        ("code,name\nA\n", "areas.csv, row 2: The row has 1 values; the heading has 2."),
        ("", "The file is empty."),
        ('code,name\nA,"North\n', "This is not CSV"),
    ],
)
def test_csv_is_refused_with_its_row(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "areas.csv"
    path.write_text(text)
    problems = Problems("mistakes")
    assert read_csv(path, problems=problems, required=["code", "name"]) is None
    assert words in told(problems)[0]


def test_folded_text_is_one_line_without_the_reader_s_marks() -> None:
    root, problems = parsed("when: >-\n  a == 1\n  || b == 2\n")
    assert root.text("when") == "a == 1 || b == 2"
    assert root.at("when").raw() == "a == 1 || b == 2"
    assert root.at("when").value() == "a == 1 || b == 2"
    assert told(problems) == []
