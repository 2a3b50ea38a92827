"""A form's file of the blueprint (`forms/<code>.yaml`), read with the place of every mistake. Pure.

The mapping inside is intake's language: its reader tells mistakes by the path of their key, which
is turned here into the line of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from amana.intake.fitting import Known, check_mapping
from amana.intake.mapping import FileMapping
from amana.intake.mapping_file import parse_mapping
from amana.kernel.errors import AmanaError, BadInputs
from amana.kernel.yaml_source import Source
from amana.registry.dictionary import Dictionary

CHANNELS: Final = ("file", "interview", "web", "phone", "register")
LEGAL_BASES: Final = (
    "CONSENT",
    "CONTRACT",
    "LEGAL_OBLIGATION",
    "VITAL_INTERESTS",
    "PUBLIC_TASK",
    "LEGITIMATE_INTERESTS",
)


@dataclass(frozen=True)
class FormFile:
    """A form as plain data, its mapping when it has one that could be read, and its source."""

    definition: dict[str, Any]
    mapping: FileMapping | None
    source: Source


def read_form(source: Source) -> FormFile:
    """Read a form; mistakes are noted on the source's problems."""
    source.code("form")
    source.text("version")
    source.translations("title")
    source.code("source")
    source.one_of("channel", CHANNELS, "file")
    basis = source.mapping("legal_basis")
    basis.one_of("kind", LEGAL_BASES)
    basis.text("text")
    basis.finish()
    mapping = None
    part = source.mapping("mapping", required=False)
    if part:
        try:
            mapping = parse_mapping(part.value(), file=source.file)
        except AmanaError as error:
            _tell(error, part)
    source.finish()
    return FormFile(source.value() or {}, mapping, source)


def check_form(
    form: FormFile, *, dictionary: Dictionary, schemes: Sequence[str], minor_digits: int
) -> None:
    """Check the form's mapping against the dictionary; mistakes are noted on the source's problems.

    Args:
        schemes: kinds of identity numbers that the blueprint names.
    """
    if form.mapping is None:
        return
    known = Known(
        dictionary=dictionary,
        schemes=schemes,
        minor_digits=minor_digits,
        today=date.max,
        collected_on=date.max,
    )
    try:
        check_mapping(form.mapping, known, file=form.source.file)
    except AmanaError as error:
        _tell(error, form.source.at("mapping"))


def _tell(error: AmanaError, part: Source) -> None:
    """Note an error of the mapping, or each of several, at the line of the key it names."""
    for one in error.errors if isinstance(error, BadInputs) else [error]:
        path: list[str | int] = []
        for step in re.findall(r"[^.\[\]]+|\[\d+\]", one.where.field or ""):
            path.append(int(step[1:-1]) - 1 if step.startswith("[") else step)
        one.where = part.locate(path)
        part.problems.found.append(one)
