"""The dictionary in force, read from the database."""

from __future__ import annotations

from amana.registry.dictionary import Code, CodeList, Dictionary, Variable, core_dictionary
from amana.registry.models import CodeList as CodeListRow
from amana.registry.models import Variable as VariableRow


def get_dictionary() -> Dictionary:
    """Give the dictionary in force; the core one before the first blueprint is applied.

    Reads two small tables; keep the answer for the length of a task, not longer.
    """
    lists = list(CodeListRow.objects.order_by("code"))
    variables = list(VariableRow.objects.order_by("code").select_related("code_list"))
    if not variables:
        return core_dictionary()
    return Dictionary(
        variables={
            row.code: Variable(
                code=row.code,
                of=row.grain,
                type=row.type,
                codes=row.code_list.code if row.code_list else None,
                title=row.title,
                unit=row.unit,
                minimum=row.minimum,
                maximum=row.maximum,
                validity_months=row.validity_months,
                per=row.period or "none",
                is_list=row.is_list,
                purposes=tuple(row.purposes),
                privacy=row.privacy,
                means=row.means,
                core=row.core,
            )
            for row in variables
        },
        code_lists={
            row.code: CodeList(
                code=row.code,
                title=row.title,
                codes={code["code"]: Code(code["title"], code["means"]) for code in row.codes},
                core=row.core,
            )
            for row in lists
        },
    )
