"""A programme's file of the blueprint (`programmes/<code>.yaml`), read into a `Definition`.

Pure but for the places file beside it. Every mistake names file, line and key, and all are told at
once by the caller's `Problems`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from amana.kernel.csv_source import read_csv
from amana.kernel.text_source import decimal_of
from amana.kernel.yaml_source import NAME, Source
from amana.programmes.definition import (
    BENEFIT_KINDS,
    BIRTH_RULES,
    EVERY,
    FEMALE_CAREGIVER,
    RECIPIENT_RULES,
    UNITS,
    Benefit,
    Condition,
    Criterion,
    DatedValue,
    Definition,
    Exit,
    Parameter,
    Places,
    Quota,
    Separation,
    Text,
    Value,
)

PARAMETER_LIMIT: Final = 200
RULE_LIMIT: Final = 100
QUOTA_LIMIT: Final = 100_000
_MONEY_UNIT: Final = re.compile(r"^([A-Z]{3})(?:/[a-z-]+)?$")


@dataclass(frozen=True)
class ProgrammeFile:
    """A definition and where each of its rules stands, so that a slip in one can be pointed at.

    Args:
        rules: (`criterion`, `benefit`, `exit`, `condition` or `priority`, id) → the value of the
            file that holds the rule, and its key there (empty when the value is the rule itself).
    """

    definition: Definition
    rules: dict[tuple[str, str], tuple[Source, str]]


def read_programme(
    root: Source, *, folder: Path | None, currency: str, minor_digits: int
) -> ProgrammeFile:
    """Read a programme; mistakes are noted in the problems of `root`, never raised.

    Args:
        root: the file, from `kernel.yaml_source.read_yaml`.
        folder: where `places.file` is looked for.
        currency: the blueprint's currency; a parameter with the unit `XTS` or `XTS/month` is money,
            written in major units and kept in minor ones.
        minor_digits: digits after the point in that currency.
    """
    return _Reader(root, folder, currency, minor_digits).read()


class _Reader:
    def __init__(self, root: Source, folder: Path | None, currency: str, minor_digits: int) -> None:
        self.root = root
        self.folder = folder
        self.currency = currency
        self.minor_digits = minor_digits
        self.rules: dict[tuple[str, str], tuple[Source, str]] = {}

    def read(self) -> ProgrammeFile:
        root = self.root
        unit = root.one_of("assists", UNITS, "household")
        model = root.code("model", "")
        validation = root.mapping("validation", required=False)
        recipient = root.mapping("recipient", required=False)
        payment = root.mapping("payment", required=False)
        external = root.boolean("external", False)
        definition = Definition(
            code=root.code("programme"),
            version=root.text("version", "1"),
            title=Text(root.translations("title")),
            agency=root.text("agency", ""),
            unit=unit,
            external=external,
            valid_from=root.date("from"),
            valid_to=root.date("until", None),
            birth=root.one_of("birth", BIRTH_RULES, "strict"),
            currency=self.currency,
            parameters=self.parameters(),
            eligibility=self.criteria("eligibility", "criterion"),
            model=model,
            priority=self.priority(model),
            places=self.places(),
            list_days=validation.integer("list_days", 0, minimum=0, maximum=365),
            validated_by=validation.text("by", ""),
            recipient=recipient.one_of("default", RECIPIENT_RULES, _recipient_of(unit)),
            recipient_proof=tuple(recipient.words("proof")),
            benefits=self.benefits(),
            conditions=self.conditions(),
            evidence=tuple(root.words("evidence")),
            recertify_months=root.integer("recertify_months", None, minimum=1, maximum=600),
            exits=self.exits(),
            separations=self.separations(),
            channels=tuple(payment.words("channels")),
            payment_day=payment.integer("day", 1, minimum=1, maximum=28),
            legal_basis=root.text("legal_basis", ""),
            note=root.text("note", ""),
        )
        for section in (validation, recipient, payment, root):
            section.finish()
        if not external and not definition.eligibility and root:
            root.problem(
                "The programme has no criterion of eligibility.",
                mend="Add one under “eligibility:”, or say “external: true” when another "
                "system decides.",
            )
        if definition.valid_to is not None and definition.valid_to <= definition.valid_from:
            root.problem("It ends before it begins.", key="until", mend="Give a later day.")
        return ProgrammeFile(definition, self.rules)

    # -- parameters -----------------------------------------------------------------------------

    def parameters(self) -> tuple[Parameter, ...]:
        entries = self.root.entries("parameters")
        if len(entries) > PARAMETER_LIMIT:
            self.root.problem(f"More than {PARAMETER_LIMIT} parameters.", key="parameters")
        found = []
        for name, source in entries:
            if not NAME.match(name):
                source.problem(
                    f"“{name}” cannot be a parameter's name.",
                    mend="Use small letters, digits and underscores: rules say param.<name>.",
                )
            parameter = self.parameter(name, source)
            if parameter is not None:
                found.append(parameter)
        return tuple(found)

    def parameter(self, name: str, source: Source) -> Parameter | None:
        values: list[DatedValue] = []
        kinds: set[str] = set()
        for item in source.items():
            if not item.is_mapping:
                item.problem(
                    f"Parameter “{name}” needs a value and the day it starts.",
                    mend="Write [{from: 2026-01-01, value: 5, unit: years}].",
                )
                continue
            start, unit = item.date("from"), item.text("unit", "")
            reference, typed = item.text("ref", ""), self.value(item, unit)
            item.finish()
            if typed is None:
                continue
            kind, value = typed
            if any(earlier.valid_from == start for earlier in values):
                item.problem(f"“{name}” has two values from {start}.", mend="Keep one.")
            kinds.add(kind)
            values.append(DatedValue(start, value, unit, reference))
        if kinds == {"integer", "decimal"}:
            kinds = {"decimal"}
            values = [
                DatedValue(v.valid_from, Decimal(str(v.value)), v.unit, v.reference) for v in values
            ]
        if len(kinds) > 1:
            source.problem(
                f"Parameter “{name}” changes its type: {', '.join(sorted(kinds))}.",
                mend="Give every value the same type and unit, or use another name.",
            )
        if not values:
            return None
        values.sort(key=lambda value: value.valid_from)
        return Parameter(name=name, kind=min(kinds), values=tuple(values))

    def value(self, item: Source, unit: str) -> tuple[str, Value] | None:
        money = _MONEY_UNIT.match(unit)
        if money and money[1] == self.currency:
            return self.money(item)
        raw = item.at("value")
        if not raw:
            item.text("value")  # notes that it is missing
            return None
        value: Value = raw.value()
        for kind, type_ in _KINDS:
            if isinstance(value, type_):
                return kind, value
        raw.problem(f"“value” is {raw.kind()}.", mend="Expected one number, text, date or yes/no.")
        return None

    def money(self, item: Source) -> tuple[str, Value] | None:
        text = item.text("value")
        if not text:
            return None
        amount = decimal_of(text)
        if amount is None:
            item.problem(
                f"“{text}” is not an amount.", key="value", mend="Expected such as 2000 or 12.50."
            )
            return None
        minor = amount.scaleb(self.minor_digits)
        if minor != minor.to_integral_value():
            item.problem(
                f"{text} {self.currency} is finer than the currency allows.",
                key="value",
                mend=f"Use at most {self.minor_digits} digits after the point.",
            )
            return None
        return "money", int(minor)

    # -- rules ----------------------------------------------------------------------------------

    def rule(self, kind: str, name: str, source: Source, key: str) -> str:
        text = source.text(key)
        if (kind, name) in self.rules:
            source.problem(f"Two rules are called “{name}”.", key="id", mend="Rename one.")
        self.rules[kind, name] = (source, key)
        return text

    def rows(self, key: str) -> list[Source]:
        rows = self.root.list_of(key)
        if len(rows) > RULE_LIMIT:
            self.root.problem(f"“{key}” has more than {RULE_LIMIT} rules.", key=key)
        return rows

    def criterion(self, kind: str, row: Source, *, must_say: bool = True) -> Criterion:
        name = row.code("id")
        return Criterion(
            id=name,
            says=Text(row.translations("says") if must_say else row.translations("says", {})),
            says_not=Text(row.translations("says_not", {})),
            when=self.rule(kind, name, row, "when"),
        )

    def criteria(self, key: str, kind: str) -> tuple[Criterion, ...]:
        found = []
        for row in self.rows(key):
            found.append(self.criterion(kind, row))
            row.finish()
        return tuple(found)

    def conditions(self) -> tuple[Condition, ...]:
        found = []
        for row in self.rows("conditions"):
            criterion = self.criterion("condition", row)
            every, misses = row.text("every", "month"), row.integer("misses_allowed", 0, minimum=0)
            found.append(Condition(criterion, every, misses))
            row.finish()
        return tuple(found)

    def exits(self) -> tuple[Exit, ...]:
        found = []
        for row in self.rows("exits"):
            criterion = self.criterion("exit", row, must_say=False)
            found.append(Exit(criterion, row.integer("notice_days", 30, minimum=0, maximum=365)))
            row.finish()
        return tuple(found)

    def priority(self, model: str) -> tuple[str, ...]:
        rank = self.root.mapping("rank", required=False)
        here = rank or self.root
        key = "by" if rank else "priority"
        if rank and self.root.has("priority"):
            rank.problem("“rank” and “priority” both say who comes first.", mend="Keep one.")
        found: list[str] = []
        for item in here.at(key).items():
            if not item.is_scalar:
                item.problem(f"“{key}” is {item.kind()}.", mend="Write a rule, or [rule, rule].")
                continue
            rule = item.raw().strip()
            if rule == "score" and model:
                rule = f"score.{model}.value"
            self.rules["priority", str(len(found) + 1)] = (item, "")
            found.append(rule)
        rank.finish()
        return tuple(found)

    def benefits(self) -> tuple[Benefit, ...]:
        found = []
        for row in self.rows("benefits"):
            name = row.code("id")
            found.append(
                Benefit(
                    id=name,
                    says=Text(row.translations("says", {})),
                    kind=row.one_of("kind", BENEFIT_KINDS, "cash"),
                    every=row.one_of("every", EVERY, "month"),
                    amount=self.rule("benefit", name, row, "amount"),
                )
            )
            row.finish()
        return tuple(found)

    # -- places and people who decide -----------------------------------------------------------

    def places(self) -> Places | None:
        if not self.root.has("places"):
            return None
        section = self.root.mapping("places")
        by = section.code("by", "all")
        quotas: tuple[Quota, ...] = ()
        if section.has("file"):
            quotas = self.quotas(section)
        elif by != "all":
            section.problem(
                f"Places by {by} need a file.",
                mend="Write {by: " + by + ", file: places.csv}.",
            )
        else:
            quotas = (Quota("", 0, section.integer("places", minimum=0)),)
        section.finish()
        return Places(by=by, quotas=quotas)

    def quotas(self, section: Source) -> tuple[Quota, ...]:
        name = section.text("file")
        if self.folder is None or "/" in name or "\\" in name:
            section.problem(
                f"“{name}” cannot be read.", key="file", mend="Name a file beside this one."
            )
            return ()
        problems = self.root.problems
        table = read_csv(
            self.folder / name,
            problems=problems,
            required=("area_code", "places"),
            optional=("year",),
        )
        if table is None:
            return ()
        found: dict[tuple[str, int], Quota] = {}
        columns = table.columns
        for number in range(min(len(table), QUOTA_LIMIT)):
            area, year = columns["area_code"][number], columns["year"][number]
            places = columns["places"][number]
            if not area:
                problems.add("The area is not named.", where=table.where(number, "area_code"))
            if not re.fullmatch(r"(\d{4})?", year):
                problems.add(
                    f"“{year}” is not a year.",
                    mend="Write it as 2026, or leave it empty for every year.",
                    where=table.where(number, "year"),
                )
                continue
            if not re.fullmatch(r"\d{1,9}", places):
                problems.add(
                    f"“{places}” is not a number of places.",
                    mend="Write a whole number.",
                    where=table.where(number, "places"),
                )
                continue
            quota = Quota(area, int(year or 0), int(places))
            if (area, quota.year) in found:
                problems.add(
                    f"{area} has two rows for {year or 'every year'}.",
                    mend="Keep one.",
                    where=table.where(number),
                )
            found[area, quota.year] = quota
        return tuple(found.values())

    def separations(self) -> tuple[Separation, ...]:
        found = []
        for row in self.root.list_of("separations"):
            found.append(Separation(row.text("act"), row.text("not_with")))
            row.finish()
        return tuple(found)


_KINDS: Final[tuple[tuple[str, type], ...]] = (
    ("boolean", bool),
    ("integer", int),
    ("decimal", Decimal),
    ("date", date),
    ("text", str),
)


def _recipient_of(unit: str) -> str:
    return {"person": "self", "institution": "organisation"}.get(unit, FEMALE_CAREGIVER)
