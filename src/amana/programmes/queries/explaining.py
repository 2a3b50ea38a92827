"""One decision explained: the same reasons in the same words for every face.

`explain` answers from the last targeting run; a unit the run did not know, or a programme without
a run, is judged live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import floor
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from amana import engine
from amana.access import scope
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError
from amana.places.country import find_country
from amana.places.models import Area
from amana.programmes import words
from amana.programmes.definition import Criterion, Definition, Text
from amana.programmes.errors import ProgrammeIsExternal, UnitNotFound, UnitOfOtherKind
from amana.programmes.models import Programme, ProgrammeVersion, TargetingRun
from amana.programmes.queries import judging, live, results
from amana.programmes.queries.catalogue import definition_of, get_programme, get_version
from amana.programmes.queries.units import find_unit
from amana.registry.dictionary import Dictionary
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group, Person
from amana.scoring.models import ScoringModel

VIEW: Final = "programmes.view_decisions"
_SHARE: Final = re.compile(
    r"score\.(\w+)\.rank_share\(\s*['\"](\w+)['\"]\s*\)\s*<=?\s*(?:param\.(\w+)|(\d*\.?\d+))"
)


_NUMBER: Final = re.compile(r"^-?\d+\.\d+$")


@dataclass(frozen=True)
class Explained:
    """What was decided about one unit, with the reasons in data and in words.

    Args:
        criteria: for each criterion: id, says, outcome (met, failed, unknown), missing (names of
            what would settle it), values (what the rule read); and for people `sentence`,
            `short_sentence`, `change` (what would meet it), `missing_titles`, `value_titles`,
            `value_words` and `rule`.
        run: the targeting run it comes from; None when it was judged live.
        on: the day of ages and parameters.
    """

    programme: Programme
    version: ProgrammeVersion
    unit: Group | Person
    outcome: str
    criteria: tuple[dict[str, Any], ...]
    score: Decimal | None
    score_missing: tuple[str, ...]
    rank: int | None
    rank_of: int | None
    selected: bool | None
    sentence: str
    run: TargetingRun | None
    on: date
    benefits: Mapping[str, int | None]

    def as_dict(self) -> dict[str, Any]:
        """Give it for JSON: the form of `amana explain` and the API."""
        return {
            "programme": self.programme.code,
            "version": self.version.version,
            "reference": str(self.unit.reference),
            "outcome": self.outcome,
            "sentence": self.sentence,
            "criteria": [
                {
                    key: criterion[key]
                    for key in ("id", "says", "outcome", "missing", "values", "sentence")
                }
                for criterion in self.criteria
            ],
            "score": None if self.score is None else float(self.score),
            "rank": self.rank,
            "rank_of": self.rank_of,
            "selected": self.selected,
            "run": self.run.reference if self.run else None,
            "on": self.on.isoformat(),
        }


@dataclass(frozen=True)
class _Speech:
    """What sentences are made with: the reader's language, the dictionary and its titles."""

    language: str
    dictionary: Dictionary
    titles: Mapping[str, str]


def _speech() -> _Speech:
    language = translation.get_language() or "en"
    dictionary = get_dictionary()
    return _Speech(language, dictionary, _titles_of(dictionary, language))


def explain(*, actor: Actor, programme: str, reference: str, on: date) -> Explained:
    """Explain what the last targeting run decided about a unit, or judge it live when none did.

    Args:
        reference: of the household or person, or `source:external-id`. A person is answered for
            their household when the programme assists households.

    Raises:
        ProgrammeNotFound, UnitNotFound, UnitOfOtherKind, ProgrammeIsExternal, VersionNotFound.
    """
    found = get_programme(programme)
    unit = unit_for(found, reference)
    require_view(actor, found, unit)
    return explain_unit(found, unit, on=on)


def explain_unit(programme: Programme, unit: Group | Person, *, on: date) -> Explained:
    """Explain a decision whose subject the caller may see."""
    if programme.external:
        raise ProgrammeIsExternal(
            f"{programme.code} is decided by another system.",
            mend="Ask the agency that runs it.",
        )
    run = find_last_run(programme)
    row = results.find_row(run, unit.pk) if run is not None else None
    if run is not None and row is not None:
        return _explain_from(run, unit, row, _speech())
    return evaluate_live(programme, unit, on=on)


def explain_units(
    programme: Programme, units: Sequence[Group | Person], *, on: date
) -> dict[int, Explained]:
    """Explain the decisions about several units, for a list of their sentences.

    The sentences are those of `explain_unit`; the values a rule read are left out where the
    outcome is known, since that is read off the run's results in one go. Units that cannot be
    judged are left out.
    """
    found: dict[int, Explained] = {}
    run = find_last_run(programme)
    rows = results.find_rows(run, [unit.pk for unit in units]) if run is not None else {}
    speech = _speech()
    for unit in units:
        row = rows.get(unit.pk)
        try:
            if run is None or row is None:
                found[unit.pk] = evaluate_live(programme, unit, on=on)
            elif row["outcome"] == words.UNDETERMINED:
                found[unit.pk] = _explain_from(run, unit, row, speech)
            else:
                found[unit.pk] = _read_off(run, unit, row, speech)
        except AmanaError:
            continue
    return found


def find_last_run(programme: Programme) -> TargetingRun | None:
    """Find the latest targeting run of a programme that is not superseded."""
    return (
        TargetingRun.objects.filter(programme=programme)
        .exclude(state=TargetingRun.State.SUPERSEDED)
        .select_related("run", "programme", "version", "snapshot")
        .order_by("-id")
        .first()
    )


def evaluate_live(programme: Programme, unit: Group | Person, *, on: date) -> Explained:
    """Judge one unit now, over its live facts; ranks are those of the last run.

    Raises:
        VersionNotFound: no version is in force on that day.
    """
    version = get_version(programme, on)
    run = find_last_run(programme)
    row = results.find_row(run, unit.pk) if run is not None else None
    found = live.evaluate(version, unit, on=on, row=row)
    return _told(version, unit, found, _speech(), run=None, row=None, on=on)


def require_view(actor: Actor, programme: Programme, unit: Group | Person) -> None:
    """Refuse, as if there were no such unit, an actor whose scope does not include it."""
    if not scope.allows(actor, VIEW, programme=programme.code, area_id=unit.area_id):
        raise UnitNotFound(
            f"There is nobody {unit.reference} in your areas.",
            mend="Read the reference again, or ask somebody whose areas include it.",
        )


def unit_for(programme: Programme, reference: str) -> Group | Person:
    """Find the unit a reference means: a person's household, where households are assisted.

    Raises:
        UnitNotFound, UnitOfOtherKind.
    """
    unit = find_unit(reference)
    if unit is None:
        raise UnitNotFound(
            f"There is nobody with the reference {reference}.",
            mend="Copy it from their page, or write source:external-id.",
        )
    if programme.unit_kind == Programme.Unit.PERSON:
        if isinstance(unit, Group):
            raise UnitOfOtherKind(
                f"{programme.code} assists persons, and {reference} is a household.",
                mend="Give the reference of one of its members.",
            )
        return unit
    if isinstance(unit, Person):
        if unit.group is None:
            raise UnitOfOtherKind(
                f"{programme.code} assists households, and {reference} belongs to none.",
                mend="Record the household first, or ask about another programme.",
            )
        return unit.group
    return unit


def _explain_from(
    run: TargetingRun, unit: Group | Person, row: Mapping[str, Any], speech: _Speech
) -> Explained:
    compiled = judging.compiled_for(
        run.version, run.snapshot, run.on, model_versions=run.model_versions
    )
    found = engine.explain(
        compiled,
        judging.snapshot_folder(run.snapshot),
        unit.pk,
        results=results.results_path(run),
    )
    return _told(run.version, unit, found, speech, run=run, row=row, on=run.on)


def _read_off(
    run: TargetingRun, unit: Group | Person, row: Mapping[str, Any], speech: _Speech
) -> Explained:
    """Explain a decision that is known from the run's row alone, without the values read."""
    compiled = judging.compiled_for(
        run.version, run.snapshot, run.on, model_versions=run.model_versions
    )
    shares = {
        f"score.{model}.rank_share('{level}')": share
        for (model, level), share in live.ranks_of(compiled, row).items()
    }
    outcomes = {True: words.MET, False: words.FAILED, None: words.UNKNOWN}
    found = engine.Explanation(
        unit_id=unit.pk,
        outcome=row["outcome"],
        criteria=tuple(
            engine.CriterionOutcome(c.id, c.says, outcomes[row[f"c_{c.id}"]], (), shares)
            for c in compiled.ruleset.criteria
        ),
        score=row["score"],
        rank=row["rank"],
        rank_of=row["rank_of"],
        benefits={b.id: row[f"b_{b.id}"] for b in compiled.ruleset.benefits},
    )
    return _told(run.version, unit, found, speech, run=run, row=row, on=run.on)


def _told(
    version: ProgrammeVersion,
    unit: Group | Person,
    found: engine.Explanation,
    speech: _Speech,
    *,
    run: TargetingRun | None,
    row: Mapping[str, Any] | None,
    on: date,
) -> Explained:
    """Put an explanation of the engine into the words of the programme."""
    definition = definition_of(version)
    language, dictionary, titles = speech.language, speech.dictionary, speech.titles
    texts = {criterion.id: criterion for criterion in definition.eligibility}
    told: list[words.CriterionResult] = []
    criteria: list[dict[str, Any]] = []
    for outcome in found.criteria:
        criterion = texts[outcome.id]
        missing = {name: title_of(name, titles) for name in outcome.missing}
        told.append(
            words.CriterionResult(
                id=outcome.id,
                says=criterion.says.words(language),
                says_not=criterion.says_not.words(language) if criterion.says_not else "",
                outcome=outcome.outcome,
                missing=missing,
                values=outcome.values,
                standing=_standing(criterion, definition, found, run, unit, on),
                when=criterion.when,
            )
        )
        criteria.append(
            {
                "id": outcome.id,
                "says": told[-1].says,
                "outcome": outcome.outcome,
                "missing": list(outcome.missing),
                "values": dict(outcome.values),
                "sentence": words.criterion_sentence(told[-1]),
                "short_sentence": words.criterion_sentence(told[-1], settled_by=False),
                "missing_titles": list(missing.values()),
                "change": words.change_sentence(told[-1]),
                "value_titles": {
                    name: _AGES.get(name) or title_of(name, titles) for name in outcome.values
                },
                "value_words": {
                    name: _value_words(name, value, dictionary, language)
                    for name, value in outcome.values.items()
                },
                "rule": criterion.when,
            }
        )
    selected = bool(row["selected"]) if row is not None else None
    standing = None
    if row is not None and row["rank"] is not None and definition.places is not None:
        standing = words.Standing(
            rank=row["rank"], of=row["rank_of"], limit=_places_for(version, unit, on)
        )
    sentence = words.decision_sentence(words.DecisionWords(found.outcome, told, selected, standing))
    return Explained(
        programme=version.programme,
        version=version,
        unit=unit,
        outcome=found.outcome,
        criteria=tuple(criteria),
        score=found.score,
        score_missing=tuple(title_of(name, titles) for name in found.score_missing),
        rank=row["rank"] if row is not None else None,
        rank_of=row["rank_of"] if row is not None else None,
        selected=selected,
        sentence=sentence,
        run=run,
        on=on,
        benefits=found.benefits or {},
    )


def _standing(
    criterion: Criterion,
    definition: Definition,
    found: engine.Explanation,
    run: TargetingRun | None,
    unit: Group | Person,
    on: date,
) -> words.Standing | None:
    """Say where a unit stands in the ranking a criterion is about, when it is about one."""
    match = _SHARE.search(criterion.when)
    if match is None:
        return None
    model, level, parameter, plain = match.groups()
    outcome = next(c for c in found.criteria if c.id == criterion.id)
    share = outcome.values.get(f"score.{model}.rank_share('{level}')")
    if share is None:
        return None
    bound = definition.parameters_on(on).get(parameter) if parameter else Decimal(plain)
    limit = Decimal(str(bound)) if bound is not None else None
    area = None
    if level != "all" and unit.area is not None:
        area = Area.objects.filter(pk__in=unit.area.path, level__code=level).first()
    of = None
    if run is not None and not definition.is_person:
        of = _count_scored(run.pk, run.results_sha256, level, area.pk if area else None)
    return words.Standing(
        rank=round(Decimal(str(share)) * of) if of else None,
        of=of,
        limit=floor(limit * of) if of and limit is not None else None,
        area=area.name if area else "",
        share=Decimal(str(share)),
        limit_share=limit,
    )


@lru_cache(maxsize=4096)
def _count_scored(run_id: int, sha256: str, level: str, area_id: int | None) -> int | None:
    """Count the units with a score in an area of a run (results never change)."""
    run = TargetingRun.objects.select_related("run", "version", "programme").get(pk=run_id)
    with results.opened(run) as duck:
        if level == "all":
            row = duck.execute("SELECT count(score) FROM results").fetchone()
        else:
            below = list(Area.objects.filter(path__contains=[area_id]).values_list("pk", flat=True))
            row = duck.execute(
                "SELECT count(score) FROM results WHERE list_contains(?, area_id)", [below]
            ).fetchone()
    return int(row[0]) if row else None


def _places_for(version: ProgrammeVersion, unit: Group | Person, on: date) -> int | None:
    definition = definition_of(version)
    if definition.places is None:
        return None
    quotas = version.quotas.filter(year__in=(0, on.year)).order_by("-year")
    if definition.places.by == "all":
        quota = quotas.filter(area__isnull=True).first()
    else:
        path = unit.area.path if unit.area else []
        quota = quotas.filter(area__in=path).first()
    return quota.places if quota else 0


def variable_titles(language: str | None = None) -> dict[str, str]:
    """Give the title of every variable and score in a language, by code; for `title_of`."""
    return _titles_of(get_dictionary(), language or translation.get_language() or "en")


def _titles_of(dictionary: Dictionary, language: str) -> dict[str, str]:
    found = {
        code: Text(dict(variable.title)).words(language) or code
        for code, variable in dictionary.variables.items()
    }
    for row in ScoringModel.objects.order_by("id"):
        found[f"score.{row.code}"] = Text(row.title).words(language) or row.code
    return found


def _value_words(name: str, value: Any, dictionary: Dictionary, language: str) -> str:
    """Write what a rule read: codes by their titles, money in major units, shares in percent."""
    if isinstance(value, list):
        if not value:
            return words.value_words([])
        return ", ".join(_value_words(name, one, dictionary, language) for one in value)
    if value is None:
        return words.value_words(None)
    if ".rank_share(" in name:
        return words.percent(Decimal(str(value)))
    variable = dictionary.variables.get(name.partition(".")[2])
    if variable is not None and variable.codes:
        code = dictionary.code_lists[variable.codes].codes.get(str(value))
        return (Text(dict(code.title)).words(language) or str(value)) if code else str(value)
    if variable is not None and variable.type == "money":
        country = find_country()
        return words.value_words(Decimal(value).scaleb(-(country.minor_digits if country else 2)))
    if isinstance(value, str) and _NUMBER.match(value):
        return words.value_words(Decimal(value))
    return words.value_words(value)


def title_of(name: str, titles: Mapping[str, str]) -> str:
    """Say in words what a rule reads: `members.roof` becomes the roof's title.

    >>> title_of("household.roof", {"roof": "Material of the roof"})
    'material of the roof'
    """
    scope_word, _dot, rest = name.partition(".")
    if name == "person.household":
        return _("the household of the person")
    if scope_word == "score":
        model, _dot, what = rest.partition(".")
        named = titles.get(f"score.{model}", model)
        if what.startswith("rank_share"):
            return _("place among the poorest (%(model)s)") % {"model": named}
        return _("score (%(model)s)") % {"model": named}
    if rest == "age":
        of = _("date of birth or age of a member") if scope_word == "members" else ""
        return of or _("date of birth or age")
    if rest.startswith("receives("):
        code = rest.removeprefix("receives(").strip("'\")")
        return _("receives %(programme)s") % {"programme": code}
    title = titles.get(rest, _CORE.get(rest, rest.replace("_", " ")))
    title = title[:1].lower() + title[1:] if title[1:2].islower() else title
    if scope_word == "members":
        return _("%(title)s of a member") % {"title": title}
    return title


#: What a value is called when it is shown, where asking for it is called otherwise.
_AGES: Final = {
    "members.age": gettext_lazy("ages of the members"),
    "person.age": gettext_lazy("age"),
}
_CORE: Final = {
    "sex": "Sex",
    "role": "Relation to the head",
    "presence": "Presence in the household",
    "oldest_application": "Date of the oldest application",
}
