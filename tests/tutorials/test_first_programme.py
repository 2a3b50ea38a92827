"""The tutorial is run as a reader would run it, and its figures are worked out again in pandas."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from amana.kernel import postgres
from tests.tutorials import survey_by_hand

#: Some twenty commands, each a process of its own: a minute, and many when the machine is busy.
pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[2]
TUTORIAL = CHECKOUT / "docs/tutorials/first-programme.md"


@dataclass(frozen=True)
class Reading:
    """What a reader sees: the answers of each command in turn, and the files they have then."""

    answers: list[tuple[str, dict[str, str]]]
    folder: Path
    words: str

    def of(self, words: str) -> list[dict[str, str]]:
        """The answers of every command that begins with these words."""
        return [answer for command, answer in self.answers if command.startswith(words)]


def blocks() -> list[str]:
    """The tutorial's shell blocks, in order."""
    return re.findall(
        r"^```sh\n(.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture(scope="module")
def survey(shared_data: Path) -> Path:
    return shared_data / "household_surveys/ihsn_testdata/testdata.csv.gz"


@pytest.fixture(scope="module")
def by_hand(survey: Path) -> survey_by_hand.ByHand:
    return survey_by_hand.work_out(survey)


@pytest.fixture(scope="module")
def reading(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """Run every block in one shell, in a folder of its own with a database of its own."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "blueprints").symlink_to(CHECKOUT / "blueprints")
    (folder / "testdata.csv.gz").symlink_to(survey)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/amana").symlink_to(Path(sys.executable).parent / "amana")
    script = "\n".join(["set -eu -o pipefail", *blocks()])
    script = script.replace("SURVEY=testdata.csv\n", "SURVEY=testdata.csv.gz\n")
    # The tutorial brings up its own database: what a reader without one gets.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMANA_", "DJANGO_", "PYTEST_")) and name != "DATABASE_URL"
    }
    # One server for all commands; by itself each would start and stop it.
    postgres.ensure_running(folder / "tutorial", durable=False)
    try:
        done = subprocess.run(
            ["bash", "-c", _echoing(script)],
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=850,
        )  # fmt: skip
    finally:
        postgres.release(folder / "tutorial")
    assert done.returncode == 0, f"{done.stdout[-2500:]}\n{done.stderr[-2500:]}"
    return Reading(_answers(done.stdout), folder, done.stdout + done.stderr)


def _echoing(script: str) -> str:
    """Name each command on standard output before its answer."""
    return 'amana() { echo "$ amana $*"; command amana "$@"; }\n' + script


def _answers(output: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for line in output.splitlines():
        if line.startswith("$ amana "):
            found.append((line.removeprefix("$ amana "), {}))
        elif found and (pair := re.match(r"(\w+): (.*)", line)):
            found[-1][1][pair[1]] = pair[2]
    return found


def figures(answer: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: int(answer[name]) for name in names}


def test_households_and_people_are_those_of_the_survey(reading, by_hand):
    answer = reading.of("import")[0]
    assert figures(answer, "rows", "accepted", "rejected", "households", "people") == {
        "rows": by_hand.people,
        "accepted": by_hand.people,
        "rejected": 0,
        "households": by_hand.households,
        "people": by_hand.people,
    }
    assert (by_hand.households, by_hand.people) == (1000, 4580)


def test_snapshot_and_scores_leave_nobody_out(reading, by_hand):
    assert int(reading.of("snapshot")[0]["households"]) == by_hand.households
    assert figures(reading.of("score housing")[0], "households", "scored", "unknown") == {
        "households": by_hand.households,
        "scored": by_hand.households,
        "unknown": 0,
    }


def test_every_score_equals_the_one_worked_out_in_pandas(reading, by_hand):
    found = {_key(row): float(row["score"]) for row in results(reading)}
    assert found == by_hand.scores.astype(float).to_dict()


def test_two_hundred_are_selected_the_poorest_and_some_of_the_tied(reading, by_hand):
    assert int(reading.of("target")[0]["selected"]) == survey_by_hand.PLACES
    poorest = sorted(results(reading), key=lambda row: int(row["rank"]))[: survey_by_hand.PLACES]
    selected = {_key(row) for row in poorest}
    assert by_hand.sure < selected
    assert selected - by_hand.sure < by_hand.tied
    assert len(selected & by_hand.tied) == survey_by_hand.PLACES - len(by_hand.sure)


def test_the_tutorial_tells_the_tie_as_it_is(by_hand):
    text = TUTORIAL.read_text(encoding="utf-8")
    score = int(by_hand.scores[next(iter(by_hand.tied))])
    assert (
        f"{len(by_hand.sure)} of them have fewer than {score} points; {len(by_hand.tied)}" in text
    )


def test_total_instructed_and_paid_are_the_places_times_the_amount(reading, by_hand):
    prepared = reading.of("payroll prepare")[0]
    assert figures(prepared, "payments", "total_minor", "held") == {
        "payments": survey_by_hand.PLACES,
        "total_minor": by_hand.total_minor,
        "held": 0,
    }
    assert int(reading.of("enrol")[0]["enrolled"]) == survey_by_hand.PLACES
    refused_minor = int(7 * survey_by_hand.AMOUNT * 100)
    reconciled = reading.of("payments reconcile")[0]
    assert int(reconciled["difference_minor"]) == 0
    ingested = reading.of("payments ingest")[0]
    assert figures(ingested, "statuses", "paid", "rejected", "unmatched") == {
        "statuses": 200, "paid": 193, "rejected": 7, "unmatched": 0,
    }  # fmt: skip
    assert by_hand.total_minor - refused_minor == 965_000
    assert reconciled["paid"] != reconciled["instructed"]


def test_preparer_may_not_approve(reading):
    assert "SAME_PERSON" in reading.words
    assert "refused, as it should be" in reading.words


def results(reading: Reading) -> list[dict[str, str]]:
    text = (reading.folder / "results.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _key(row: dict[str, str]) -> str:
    """The household's number in the survey: its external id without the source."""
    external = row.get("external_id") or row["external id"]
    return external.rpartition(":")[2]
