"""The ground the tests stand on."""

from __future__ import annotations

import pytest
from django.db import connection


def current(expression: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_tests_run_as_the_role_that_owns_nothing() -> None:
    assert current("current_user") == "amana_app"


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_test_that_commits_has_a_database_of_its_own(
    transactional_db: None, attempt: int
) -> None:
    from amana.access.models import Role

    assert not Role.objects.filter(code="left-behind").exists()
    Role.objects.create(code="left-behind")


@pytest.mark.django_db
def test_what_another_test_committed_is_not_seen() -> None:
    from amana.access.models import Role

    assert not Role.objects.filter(code="left-behind").exists()
