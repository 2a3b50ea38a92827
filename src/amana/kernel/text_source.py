"""Text files that people write: reading them as UTF-8, and words that help to mend a slip."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from amana.kernel.errors import Problems, Where

FILE_BYTES_MAX: Final = 16_000_000
_DECIMAL: Final = re.compile(r"^[-+]?[0-9]+(\.[0-9]+)?$")


def nearest(word: str, known: Iterable[str]) -> str:
    """Give “Did you mean “roof”?”, or nothing when no known word is near.

    >>> nearest("rof", ["roof", "walls"])
    'Did you mean “roof”?'
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean “{found[0]}”?" if found else ""


def some(words: Iterable[str], limit: int = 12) -> str:
    """List words for a message, at most `limit` of them.

    >>> some(["a", "b", "c"], limit=2)
    'a, b … (3 in all)'
    """
    listed = list(words)
    if len(listed) <= limit:
        return ", ".join(listed)
    return f"{', '.join(listed[:limit])} … ({len(listed)} in all)"


def decimal_of(text: str) -> Decimal | None:
    """Read a plain decimal number (no exponent, no thousands), or give None.

    >>> decimal_of("0.30"), decimal_of("1,5")
    (Decimal('0.30'), None)
    """
    if not _DECIMAL.match(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def read_text(
    path: Path, *, problems: Problems, file: str | None = None, bytes_max: int = FILE_BYTES_MAX
) -> str | None:
    """Read a UTF-8 text file; None, with a problem noted, when it is absent, too large or other."""
    name = file or path.name
    try:
        size = path.stat().st_size
        if size > bytes_max:
            problems.add(
                f"The file holds {size} bytes.",
                mend=f"At most {bytes_max} are allowed.",
                where=Where(file=name),
                code="FILE_TOO_LARGE",
            )
            return None
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        problems.add(
            "There is no such file.",
            mend="Write it, or mend its name where it is named.",
            where=Where(file=name),
            code="FILE_ABSENT",
        )
        return None
    except IsADirectoryError:
        problems.add("This is a folder, not a file.", where=Where(file=name), code="FILE_ABSENT")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        row = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        problems.add(
            f"The file is not UTF-8: byte 0x{data[error.start]:02X} cannot be read.",
            mend="It may be Latin-1; save it again as UTF-8.",
            where=Where(file=name, row=row, column=column),
            code="NOT_UTF8",
        )
        return None
