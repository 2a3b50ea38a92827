"""A model's file: read, hashed by its content, refused at the place of each mistake."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from amana.kernel.errors import BadInputs, Problems
from amana.kernel.yaml_source import parse_yaml
from amana.scoring.definition import ModelFile, check_model, parse_model, read_model
from tests.engine.ground import SCHEMA

LINEAR = """
model: pmt
version: 1
title: {en: Proxy means test, sw: Kipimo}
kind: linear
direction: lower_is_poorer
intercept: 7.25
terms:
  - {id: rooms, says: Rooms, value: household.rooms, weight: 0.10}
  - {id: tile, says: Tiles, value: "household.roof == 'tile'", weight: -0.5}
"""
POINTS = """
model: card
version: 2
kind: points
direction: higher_is_poorer
items:
  - id: rooms
    says: Rooms
    points:
      - {when: household.rooms >= 4, points: 9}
      - {when: "true", points: 0}
"""


def read(text: str) -> tuple[ModelFile, Problems]:
    problems = Problems("The model has mistakes.")
    root = parse_yaml(text, file="models/pmt.yaml", problems=problems)
    return read_model(root), problems


def test_linear_model_is_read_exactly() -> None:
    file, problems = read(LINEAR)
    assert problems.found == []
    model = file.model
    assert (model.code, model.version, model.of, model.round) == ("pmt", "1", "household", 6)
    assert [(term.id, term.weight) for term in model.terms] == [
        ("rooms", Decimal("0.10")),
        ("tile", Decimal("-0.5")),
    ]
    assert (model.intercept, model.title) == (Decimal("7.25"), "Proxy means test")


def test_scorecard_is_read() -> None:
    file, problems = read(POINTS)
    assert problems.found == []
    assert file.model.items[0].points == (("household.rooms >= 4", 9), ("true", 0))
    assert (file.model.direction, file.model.round) == ("higher_is_poorer", 0)


def test_hash_sees_content_and_not_comments() -> None:
    first, _ = read(LINEAR)
    same, _ = read("# a comment\n" + LINEAR.replace("says: Rooms,", "says: 'Rooms',"))
    other, _ = read(LINEAR.replace("0.10", "0.11"))
    assert first.sha256 == same.sha256 != other.sha256


def test_stored_definition_gives_the_same_model() -> None:
    for text in (LINEAR, POINTS):
        file, _ = read(text)
        assert parse_model(file.definition) == file.model


MISTAKES = [
    ("weight: 0.10", "weight: much", "terms[1].weight", 9),
    ("kind: linear", "kind: lineer", "kind", 5),
    ("intercept: 7.25", "intercpt: 7.25", "intercpt", 7),
    ("id: tile", "id: rooms", "terms[2].id", 10),
    ("direction: lower_is_poorer", "direction: up", "direction", 6),
    ("model: pmt", "model: my-pmt", "model", 2),
    ("household.rooms,", "household.room,", "terms[1].value", 9),
    ("'tile'\"", "'til'\"", "terms[2].value", 10),
]


@pytest.mark.parametrize(("was", "now", "field", "row"), MISTAKES)
def test_mistake_is_told_at_its_place(was: str, now: str, field: str, row: int) -> None:
    file, problems = read(LINEAR.replace(was, now))
    check_model(file, schema=SCHEMA)
    assert problems.found, "no mistake was found"
    where = problems.found[0].where
    assert (where.file, where.field, where.row) == ("models/pmt.yaml", field, row)


def test_plain_data_is_refused_with_the_path_of_its_key() -> None:
    with pytest.raises(BadInputs) as refused:
        parse_model({"model": "pmt", "version": "1", "kind": "linear", "terms": [{"id": "a"}]})
    fields = {error.where.field for error in refused.value.errors}
    assert fields == {"terms[1]"}


@pytest.mark.parametrize("name", ["demo/models/pmt", "demo/models/scorecard"])
def test_models_of_the_blueprints_are_read(name: str) -> None:
    path = Path(__file__).parents[2] / "blueprints" / f"{name}.yaml"
    _, problems = read(path.read_text(encoding="utf-8"))
    assert [str(error) for error in problems.found] == []
