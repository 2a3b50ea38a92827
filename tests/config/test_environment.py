"""The environment is read whole, and every mistake in it is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amana.config.environment import SETTINGS, read_database_url, read_environment
from amana.kernel.errors import BadInputs

KEYS = {"AMANA_SECRET_KEY": "x" * 40, "AMANA_DATA_KEY": "A" * 43 + "="}


def test_keys_are_made_once_when_the_database_is_embedded(tmp_path: Path) -> None:
    first = read_environment({"AMANA_HOME": str(tmp_path)})
    second = read_environment({"AMANA_HOME": str(tmp_path)})
    assert first["AMANA_DATA_KEY"].value == second["AMANA_DATA_KEY"].value
    assert first["AMANA_DATA_KEY"].source == "keys file"
    assert len(first["AMANA_DATA_KEY"].value) == 32
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_key_given_by_the_environment_leaves_the_kept_one_alone(tmp_path: Path) -> None:
    kept = read_environment({"AMANA_HOME": str(tmp_path)})["AMANA_DATA_KEY"].value
    given = read_environment({"AMANA_HOME": str(tmp_path), **KEYS})
    assert given["AMANA_DATA_KEY"].source == "environment"
    assert given["AMANA_DATA_KEY"].value != kept
    assert read_environment({"AMANA_HOME": str(tmp_path)})["AMANA_DATA_KEY"].value == kept


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInputs) as refused:
        read_environment(
            {
                "AMANA_HOME": str(tmp_path),
                "DATABASE_URL": "mysql://somewhere",
                "AMANA_DEBUG": "maybe",
                "AMANA_DATA_KEY": "short",
            }
        )
    fields = {error.where.field for error in refused.value.errors}
    assert fields == {"DATABASE_URL", "AMANA_DEBUG", "AMANA_DATA_KEY", "AMANA_SECRET_KEY"}
    assert "short" not in str(refused.value)
    assert not (tmp_path / "keys.json").exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40ss@db:5433/name", ("name", "u", "p@ss", "db", "5433")),
        ("postgres://u@/name?host=/run/pg", ("name", "u", "", "/run/pg", "")),
        ("postgresql:///name?host=%2Frun%2Fpg&port=7", ("name", "", "", "/run/pg", "7")),
    ],
)
def test_a_database_address_is_read(url: str, expected: tuple[str, ...]) -> None:
    read = read_database_url(url)
    assert tuple(read[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected


def test_other_words_of_an_address_go_to_the_driver() -> None:
    assert read_database_url("postgresql://u@db/n?sslmode=require")["OPTIONS"] == {
        "sslmode": "require"
    }


def test_no_setting_stands_twice() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(names) == len(set(names))


def test_the_kept_keys_are_plain_json(tmp_path: Path) -> None:
    read_environment({"AMANA_HOME": str(tmp_path)})
    assert set(json.loads((tmp_path / "keys.json").read_text())) == set(KEYS)
