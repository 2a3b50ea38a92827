"""State lies where AMANA_HOME says, else in the checkout's var/."""

from __future__ import annotations

from pathlib import Path

from amana.kernel.home import find_checkout, find_home


def test_the_home_is_the_folder_named(tmp_path: Path) -> None:
    assert find_home({"AMANA_HOME": str(tmp_path / "here")}) == tmp_path / "here"


def test_the_home_is_var_of_the_checkout_when_none_is_named() -> None:
    checkout = find_checkout()
    assert checkout is not None
    assert find_home({}) == checkout / "var"
    assert find_home({"AMANA_HOME": " "}) == checkout / "var"
