"""Bringing the dictionary in the database to what a blueprint says."""

from __future__ import annotations

from typing import Any

from django.db import connection
from psycopg import sql

from amana.kernel.changes import Changes
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import AmanaError, BadInputs, Conflict, Where
from amana.kernel.text_source import some
from amana.registry.dictionary import CodeList, Dictionary, Variable
from amana.registry.models import CodeList as CodeListRow
from amana.registry.models import Variable as VariableRow

#: Where the facts of a grain are kept.
TABLES = {
    "person": ("registry_person", "facts"),
    "household": ("registry_group", "facts"),
    "area": ("places_area", "variables"),
}


class VariableInUse(Conflict):
    """Facts exist that the new shape of a variable could not hold."""

    code = "VARIABLE_IN_USE"


@command("registry.apply_dictionary")
def apply_dictionary(*, actor: Actor, dictionary: Dictionary) -> Changes:
    """Bring variables and code lists to what the blueprint says.

    A variable that facts use never changes its type, grain or period, never loses a code that
    facts use, and is never taken away; all such mistakes are told together.

    Raises:
        VariableInUse: for one variable; `BadInputs` holding several of them.
    """
    changes = Changes()
    refusals: list[AmanaError] = []
    lists = _apply_code_lists(dictionary, changes, refusals)
    known = {row.code: row for row in VariableRow.objects.select_for_update()}
    fresh: list[VariableRow] = []
    altered: list[VariableRow] = []
    for variable in dictionary.variables.values():
        values = _variable_values(variable, lists)
        row = known.pop(variable.code, None)
        if row is None:
            fresh.append(VariableRow(code=variable.code, **values))
            changes.add("variable", variable.code, "created")
            continue
        if all(getattr(row, name) == value for name, value in values.items()):
            changes.add("variable", variable.code, "unchanged")
            continue
        if refusal := _refuse_reshaping(row, variable):
            refusals.append(refusal)
            continue
        for name, value in values.items():
            setattr(row, name, value)
        altered.append(row)
        changes.add("variable", variable.code, "changed")
    gone = [row for row in known.values() if not row.core]
    for row in gone:
        if _has_facts(row.grain, row.code):
            refusals.append(
                VariableInUse(
                    f"The variable “{row.code}” has facts and is not in the dictionary any more.",
                    mend="Keep it in the dictionary.",
                    where=Where(file="dictionary.yaml", field=row.code),
                )
            )
    if refusals:
        raise (
            refusals[0]
            if len(refusals) == 1
            else BadInputs("The dictionary cannot be applied.", refusals)
        )
    VariableRow.objects.bulk_create(fresh)
    if altered:
        VariableRow.objects.bulk_update(altered, list(_NAMES))
    for row in gone:
        row.delete()
        changes.add("variable", row.code, "changed")
    CodeListRow.objects.filter(core=False).exclude(code__in=dictionary.code_lists).delete()
    note(
        created=changes.created,
        changed=changes.changed,
        unchanged=changes.unchanged,
        digest=dictionary.sha256,
    )
    return changes


def _apply_code_lists(
    dictionary: Dictionary, changes: Changes, refusals: list[AmanaError]
) -> dict[str, int]:
    known = {row.code: row for row in CodeListRow.objects.select_for_update()}
    found: dict[str, int] = {}
    for code_list in dictionary.code_lists.values():
        values = _code_list_values(code_list)
        row = known.get(code_list.code)
        if row is None:
            row = CodeListRow.objects.create(code=code_list.code, **values)
            changes.add("code list", code_list.code, "created")
        elif any(getattr(row, name) != value for name, value in values.items()):
            lost = {code["code"] for code in row.codes} - set(code_list.codes)
            refusals.extend(_refuse_losing(row, sorted(lost)))
            for name, value in values.items():
                setattr(row, name, value)
            row.save()
            changes.add("code list", code_list.code, "changed")
        else:
            changes.add("code list", code_list.code, "unchanged")
        found[code_list.code] = row.pk
    return found


def _code_list_values(code_list: CodeList) -> dict[str, Any]:
    return {
        "title": dict(code_list.title),
        "codes": [
            {"code": code, "title": dict(entry.title), "means": entry.means}
            for code, entry in code_list.codes.items()
        ],
        "core": code_list.core,
    }


_NAMES = (
    "grain",
    "type",
    "code_list_id",
    "title",
    "unit",
    "minimum",
    "maximum",
    "validity_months",
    "period",
    "is_list",
    "purposes",
    "privacy",
    "means",
    "core",
)


def _variable_values(variable: Variable, lists: dict[str, int]) -> dict[str, Any]:
    return {
        "grain": variable.of,
        "type": variable.type,
        "code_list_id": lists[variable.codes] if variable.codes else None,
        "title": dict(variable.title),
        "unit": variable.unit,
        "minimum": variable.minimum,
        "maximum": variable.maximum,
        "validity_months": variable.validity_months,
        "period": "" if variable.per == "none" else variable.per,
        "is_list": variable.is_list,
        "purposes": list(variable.purposes),
        "privacy": variable.privacy,
        "means": variable.means,
        "core": variable.core,
    }


def _refuse_reshaping(row: VariableRow, variable: Variable) -> VariableInUse | None:
    before = {"of": row.grain, "type": row.type, "per": row.period or "none", "list": row.is_list}
    after = {
        "of": variable.of,
        "type": variable.type,
        "per": variable.per,
        "list": variable.is_list,
    }
    for key, value in before.items():
        if value != after[key] and _has_facts(row.grain, row.code):
            return VariableInUse(
                f"The variable “{row.code}” has facts and cannot change its “{key}” from"
                f" {value} to {after[key]}.",
                mend="Leave it, and give the new one another code.",
                where=Where(file="dictionary.yaml", field=f"{row.code}.{key}"),
            )
    return None


def _refuse_losing(row: CodeListRow, lost: list[str]) -> list[AmanaError]:
    refusals: list[AmanaError] = []
    if not lost:
        return refusals
    for variable in VariableRow.objects.filter(code_list=row):
        used = _codes_used(variable.grain, variable.code, lost)
        if used:
            refusals.append(
                VariableInUse(
                    f"Facts of “{variable.code}” use the codes {some(used)}, which the list"
                    f" “{row.code}” loses.",
                    mend="Keep these codes in the list.",
                    where=Where(file="dictionary.yaml", field=f"code_lists.{row.code}.codes"),
                )
            )
    return refusals


def _has_facts(grain: str, code: str) -> bool:
    table, column = TABLES[grain]
    statement = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {} ? {})").format(
        sql.Identifier(table), sql.Identifier(column), sql.Literal(code)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return bool(cursor.fetchone()[0])


def _codes_used(grain: str, code: str, among: list[str]) -> list[str]:
    table, column = TABLES[grain]
    statement = sql.SQL(
        "SELECT DISTINCT {column} ->> {code} FROM {table} WHERE {column} ->> {code} = ANY({among})"
    ).format(
        table=sql.Identifier(table),
        column=sql.Identifier(column),
        code=sql.Literal(code),
        among=sql.Literal(among),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(row[0] for row in cursor.fetchall())
