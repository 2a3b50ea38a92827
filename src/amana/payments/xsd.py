"""Validate payment files against the official XSD, streamed through libxml2.

The schema pain.001.001.09 comes with the package `sepaxml` (MIT) as published by ISO 20022. Only
its file is used; the package is located, never imported (docs/decisions/0007).
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from lxml import etree

from amana.kernel.errors import AmanaError, Where


class FileNotValid(AmanaError):
    """A payment file that breaks its schema; it must not leave the house."""

    code = "FILE_NOT_VALID"
    http_status = 500


class SchemaMissing(AmanaError):
    """The schema of a message is not installed."""

    code = "SCHEMA_MISSING"
    http_status = 500


def schema_path(message_name: str) -> Path:
    """Give the file of an official schema, such as `pain.001.001.09`."""
    found = importlib.util.find_spec("sepaxml")
    if found is not None and found.submodule_search_locations:
        for folder in found.submodule_search_locations:
            path = Path(folder) / "schemas" / f"{message_name}.xsd"
            if path.is_file():
                return path
    raise SchemaMissing(
        f"The schema of {message_name} is not installed.",
        mend="Install the package sepaxml, version 2.7 or later.",
    )


@functools.lru_cache(maxsize=8)
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path))


def validate_file(path: Path, message_name: str, *, schema: Path | None = None) -> None:
    """Check a whole file against its schema, in one streamed pass with flat memory.

    Args:
        schema: another copy of the schema, for tests.

    Raises:
        FileNotValid: names the element and the line of the first mistake.
    """
    compiled = _schema(schema or schema_path(message_name))
    context = etree.iterparse(
        str(path),
        events=("end",),
        tag="{*}CdtTrfTxInf",
        schema=compiled,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
    )
    try:
        for _, element in context:
            element.clear(keep_tail=False)
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise FileNotValid(
            f"The file does not keep to {message_name}: {error.msg}",
            where=Where(file=path.name, row=error.lineno or None),
            mend="Please report this: Amana never sends a file that breaks its schema.",
        ) from error
