"""A decision in sentences: one function for every face, so that all say the same.

Pure: data in, words out. A person is "not eligible", never anything harsher; what is unknown is "we
do not know yet", and then what would settle it. Sentences of criteria come from the programme's own
file; where it gives none for the negative, a cautious one is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MET: Final = "met"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"

ELIGIBLE: Final = "eligible"
INELIGIBLE: Final = "ineligible"
UNDETERMINED: Final = "undetermined"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a unit stands in a ranking.

    Args:
        rank: 1 is the poorest, or first in the programme's order; None when it has no rank.
        of: how many are ranked with it; units without a score are not among them.
        limit: the last rank that is let in, when there is a limit.
        area: name of the area it is ranked in; empty for all of them together.
        share, limit_share: the same from 0 (poorest) to 1, for when only that is known.
    """

    rank: int | None = None
    of: int | None = None
    limit: int | None = None
    area: str = ""
    share: Decimal | None = None
    limit_share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion of one decision.

    Args:
        says, says_not: the sentences when it holds and when it does not (may be empty).
        outcome: `met`, `failed` or `unknown`.
        missing: titles by code of the variables that would settle it.
        values: what the rule read, by the words of the rule (`household.roof`).
        standing: for a criterion about a share of a ranking.
    """

    id: str
    says: str
    says_not: str
    outcome: str
    missing: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    standing: Standing | None = None
    when: str = ""


@dataclass(frozen=True, slots=True)
class DecisionWords:
    """What the sentences are made of.

    Args:
        outcome: `eligible`, `ineligible` or `undetermined`.
        selected: whether there is a place for it; None when no list was made.
        standing: its place in the order of the list.
    """

    outcome: str
    criteria: Sequence[CriterionResult]
    selected: bool | None = None
    standing: Standing | None = None


def decision_sentence(decision: DecisionWords) -> str:
    """Say what was decided and why, in one sentence that ends with a full stop.

    >>> poor = CriterionResult("poor", "The household is among the poorest 30 % of its district",
    ...     "", "failed", standing=Standing(412, 1010, 303, "Kisumu East"))
    >>> print(decision_sentence(DecisionWords("ineligible", [poor])))
    Not eligible: the household is not among the poorest 30 % of its district; in Kisumu East it ranks 412 of 1,010, the limit is 303.
    """  # noqa: E501
    if decision.outcome == INELIGIBLE:
        failed = [c for c in decision.criteria if c.outcome == FAILED]
        return _("Not eligible: %(why)s.") % {"why": "; ".join(map(criterion_clause, failed))}
    if decision.outcome == UNDETERMINED:
        unknown = [c for c in decision.criteria if c.outcome == UNKNOWN]
        return _("We do not know yet: %(why)s.") % {
            "why": "; ".join(map(criterion_clause, unknown))
        }
    return _eligible(decision)


def criterion_clause(criterion: CriterionResult, *, settled_by: bool = True) -> str:
    """Say how one criterion came out, as a clause without a full stop.

    Args:
        settled_by: when unknown, say what would settle it.

    >>> print(criterion_clause(CriterionResult("c", "The household has a child under 5", "",
    ...     "unknown", {"birth": "date of birth of a member"})))
    whether the household has a child under 5; what would settle it: date of birth of a member
    """
    if criterion.outcome == MET:
        clause = _lower_first(criterion.says)
    elif criterion.outcome == FAILED:
        clause = _lower_first(criterion.says_not or negate(criterion.says))
    else:
        clause = _("whether %(says)s") % {"says": _lower_first(criterion.says)}
        if criterion.missing and settled_by:
            clause = _("%(clause)s; what would settle it: %(names)s") % {
                "clause": clause,
                "names": ", ".join(criterion.missing.values()),
            }
    ranked = standing_clause(criterion.standing)
    return f"{clause}; {ranked}" if ranked else clause


def criterion_sentence(criterion: CriterionResult, *, settled_by: bool = True) -> str:
    """Say how one criterion came out, as a sentence for a list of reasons.

    Args:
        settled_by: when unknown, say what would settle it.

    >>> print(criterion_sentence(CriterionResult("c", "The household has a child under 5", "",
    ...     "failed")))
    The household does not have a child under 5.
    >>> print(criterion_sentence(CriterionResult("c", "Nobody is 65", "", "unknown")))
    We do not know yet whether nobody is 65.
    """
    clause = criterion_clause(criterion, settled_by=settled_by)
    if criterion.outcome == UNKNOWN:
        return _("We do not know yet %(clause)s.") % {"clause": clause}
    return clause[:1].upper() + clause[1:] + "."


def change_sentence(criterion: CriterionResult) -> str:
    """Say what would meet a criterion about a rank that is not met; empty for any other.

    >>> print(change_sentence(CriterionResult("p", "Poor", "", "failed",
    ...     standing=Standing(6, 15, 4))))
    It would be met at rank 4 or better.
    """
    standing = criterion.standing
    if criterion.outcome != FAILED or standing is None or not standing.limit:
        return ""
    return _("It would be met at rank %(limit)s or better.") % {"limit": number(standing.limit)}


def standing_clause(standing: Standing | None) -> str:
    """Say where a unit ranks; empty when it has no rank.

    >>> standing_clause(Standing(3, 200, 50, "Kajulu"))
    'in Kajulu it ranks 3 of 200, the limit is 50'
    >>> standing_clause(Standing(None, 200, 50))
    ''
    """
    if standing is None:
        return ""
    if standing.rank is None or standing.of is None:
        return _share_clause(standing)
    numbers = {"rank": number(standing.rank), "of": number(standing.of)}
    clause = _("it ranks %(rank)s of %(of)s") % numbers
    if standing.area:
        clause = _("in %(area)s %(clause)s") % {"area": standing.area, "clause": clause}
    if standing.limit is not None:
        clause = _("%(clause)s, the limit is %(limit)s") % {
            "clause": clause,
            "limit": number(standing.limit),
        }
    return clause


def _share_clause(standing: Standing) -> str:
    if standing.share is None:
        return ""
    clause = _("counted from the poorest it stands at %(share)s") % {
        "share": percent(standing.share)
    }
    if standing.area:
        clause = _("in %(area)s, %(clause)s") % {"area": standing.area, "clause": clause}
    if standing.limit_share is not None:
        clause = _("%(clause)s, the limit is %(limit)s") % {
            "clause": clause,
            "limit": percent(standing.limit_share),
        }
    return clause


def percent(share: Decimal) -> str:
    """Write a share of 1 as a percentage, with one digit when it needs one.

    >>> percent(Decimal("0.408")), percent(Decimal("0.300000"))
    ('40.8 %', '30 %')
    """
    value = (share * 100).quantize(Decimal("0.1"))
    whole = value == value.to_integral_value()
    return f"{number_format(value, 0 if whole else 1)} %"


def negate(says: str) -> str:
    """Make the negative of a criterion's sentence, or quote it when that is not safe.

    Only sentences that begin with one known subject and verb are turned round; for others the
    programme's file should give `says_not`.

    >>> negate("The person is 65 or older")
    'The person is not 65 or older'
    >>> negate("No member receives the orphans grant")
    'A member receives the orphans grant'
    >>> negate("Every child goes to school")
    'it does not hold that “every child goes to school”'
    """
    found = _NONE.match(says)
    if found:
        return f"A {found[1]}" if found[1] else f"Somebody {found[2]}"
    found = _SUBJECT.match(says)
    if found and not re.search(r"\b(no|not|never|nobody|none)\b", says, re.IGNORECASE):
        subject, verb, rest = found.groups()
        if verb == "is":
            return f"{subject} is not {rest}"
        return f"{subject} does not {_INFINITIVE[verb]} {rest}"
    return _("it does not hold that “%(says)s”") % {"says": _lower_first(says)}


def number(value: int | Decimal) -> str:
    """Write a whole number with separators; the locale's own come with the face's formatting.

    >>> number(1010)
    '1,010'
    """
    return str(number_format(value, force_grouping=True))


def value_words(value: Any) -> str:
    """Write a value that a rule read, as people read it.

    >>> value_words(True), value_words(None), value_words(Decimal("0.408000")), value_words([])
    ('yes', 'we do not know', '0.408', 'none')
    """
    if value is None:
        return _("we do not know")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal | float):
        text = f"{Decimal(str(value)):,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, int):
        return number(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, list | tuple):
        return ", ".join(value_words(item) for item in value) or _("none")
    return str(value)


_SUBJECT: Final = re.compile(
    r"^(The (?:household|person|family|child|applicant|head|group|institution|home))"
    r" (is|has|lives|receives|owns|works) (.+)$"
)
_NONE: Final = re.compile(r"^(?:No (member \w+.*|child \w+.*|adult \w+.*)|Nobody (.*))$")
_INFINITIVE: Final = {
    "has": "have",
    "lives": "live",
    "receives": "receive",
    "owns": "own",
    "works": "work",
}


def _lower_first(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if len(first) > 1 and first.isupper() else text[:1].lower() + text[1:]


def _eligible(decision: DecisionWords) -> str:
    count = len(decision.criteria)
    held = ngettext("the one criterion is met", "all %(count)s criteria are met", count) % {
        "count": count
    }
    ranked = standing_clause(decision.standing)
    if decision.selected is None:
        words = _("Eligible: %(held)s.") if not ranked else _("Eligible: %(held)s; %(ranked)s.")
    elif decision.selected:
        words = _("Eligible and selected: %(held)s.")
        if ranked:
            words = _("Eligible and selected: %(held)s; %(ranked)s.")
    else:
        words = _("Eligible, but there is no place yet: %(held)s.")
        if ranked:
            words = _("Eligible, but there is no place yet: %(held)s; %(ranked)s.")
    return words % {"held": held, "ranked": ranked}
