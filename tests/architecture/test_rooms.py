"""The rooms stand in the ranks of the design, and no key of the database points up."""

from __future__ import annotations

import ast
import re

import pytest
from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField

from tests.architecture.ranks import FACES, PACKAGE, read_ranks

ROOMS = (
    "kernel", "engine", "places", "access", "registry", "identity", "intake", "scoring",
    "programmes", "payments", "cases", "overview", "scenarios", "insight", "exchange",
)  # fmt: skip
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools", "lib"}
FORBIDDEN_CLASSES = re.compile(r"(Service|Processor|Helper|Utils)$")
LINES_MAX = 600
SOURCES = sorted(
    path for path in PACKAGE.glob("**/*.py") if "migrations" not in path.relative_to(PACKAGE).parts
)


def test_no_room_of_the_design_is_missing() -> None:
    ranked = [room for room in read_ranks() if room not in FACES]
    assert ranked == list(ROOMS)
    for room in (*ROOMS, *FACES):
        assert (PACKAGE / room / "__init__.py").is_file(), room


@pytest.mark.parametrize("room", [*ROOMS, *sorted(FACES)])
def test_a_room_says_what_it_owns(room: str) -> None:
    source = (PACKAGE / room / "__init__.py").read_text("utf-8")
    words = ast.get_docstring(ast.parse(source)) or ""
    assert len(words) > 40, f"{room}/__init__.py says what the room owns"


def test_foreign_keys_point_down_only() -> None:
    rank = {name: number for number, name in enumerate(read_ranks())}
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("amana."):
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey | ManyToManyField) or not field.concrete:
                continue
            target = field.related_model._meta.app_label
            if target in rank and rank[target] > rank[model._meta.app_label]:
                wrong.append(f"{model._meta.label}.{field.name} → {target}")
    assert wrong == []


def test_no_module_has_a_name_without_meaning() -> None:
    wrong = [
        str(path.relative_to(PACKAGE)) for path in SOURCES if path.stem.lower() in FORBIDDEN_NAMES
    ]
    assert wrong == []


def test_no_class_is_a_service_or_processor() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and FORBIDDEN_CLASSES.search(node.name)
    ]
    assert wrong == []


def test_no_file_outgrows_its_reader() -> None:
    long = {
        str(path.relative_to(PACKAGE)): count
        for path in SOURCES
        if (count := len(path.read_text("utf-8").splitlines())) > LINES_MAX
    }
    assert long == {}
