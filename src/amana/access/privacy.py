"""What kind of information each column holds, so that none is shown, exported or kept by accident.

Every field of every table is classified once, in its room's `privacy.py`; a test fails for a field
without a class. Exports, snapshots and logs ask here.
"""

from __future__ import annotations

from enum import StrEnum


class PrivacyClass(StrEnum):
    """How close a column is to a person.

    PUBLIC may be published; INTERNAL is the working of the house (keys, states, counts); LINKED is
    about one person or household without naming them; PERSONAL names or locates them (names,
    numbers, phones, addresses); SENSITIVE could harm them (health, disability, protection);
    SECRET is never shown (passwords, keys).
    """

    PUBLIC = "PUBLIC"
    INTERNAL = "INTERNAL"
    LINKED = "LINKED"
    PERSONAL = "PERSONAL"
    SENSITIVE = "SENSITIVE"
    SECRET = "SECRET"


_classes: dict[tuple[str, str], PrivacyClass] = {}


def classify(
    model: str,
    *,
    public: str = "",
    internal: str = "",
    linked: str = "",
    personal: str = "",
    sensitive: str = "",
    secret: str = "",
) -> None:
    """Classify the fields of a table, given as names between spaces.

    Args:
        model: `room.Model`.

    Raises:
        ValueError: a field is named twice.
    """
    given = {
        PrivacyClass.PUBLIC: public,
        PrivacyClass.INTERNAL: internal,
        PrivacyClass.LINKED: linked,
        PrivacyClass.PERSONAL: personal,
        PrivacyClass.SENSITIVE: sensitive,
        PrivacyClass.SECRET: secret,
    }
    for privacy_class, names in given.items():
        for name in names.split():
            key = (model, name)
            if _classes.get(key, privacy_class) is not privacy_class:
                raise ValueError(f"{model}.{name} is classified twice")
            _classes[key] = privacy_class


def find_class(model: str, field: str) -> PrivacyClass | None:
    """Find the class of a field, or None when nobody has said."""
    return _classes.get((model, field))


def listed_fields(model: str) -> set[str]:
    """Give the names classified for a model, to find those that no longer exist."""
    return {field for known, field in _classes if known == model}
