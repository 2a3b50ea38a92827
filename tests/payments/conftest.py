from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.payments.making import House


@pytest.fixture
def house(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a programme with its channels, a maker and a checker; nobody is enrolled yet."""
    from tests.payments.making import make_house

    return make_house(tmp_path, monkeypatch)
