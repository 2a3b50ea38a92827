"""The real survey, through the form of the example blueprint."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from amana.registry.models import Group, Membership, Person, SourceKey, Submission
from tests.intake.ground import bring, make_survey_ground

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def survey(shared_data: Path) -> Path:
    return shared_data / "household_surveys" / "ihsn_testdata" / "testdata.csv.gz"


def test_survey_comes_in_as_an_independent_reading_says(survey: Path) -> None:
    frame = pd.read_csv(survey)
    answer = bring(make_survey_ground(), survey, form="survey").as_dict()
    assert list(answer) == [
        "run",
        "rows",
        "accepted",
        "rejected",
        "households",
        "people",
        "errors_file",
        "seconds",
    ]
    assert (answer["rows"], answer["accepted"], answer["rejected"]) == (4580, 4580, 0)
    assert (answer["households"], answer["people"]) == (1000, 4580)
    assert answer["errors_file"] is None
    assert Group.objects.count() == Submission.objects.count() == 1000
    assert Person.objects.count() == Membership.objects.count() == 4580
    group = SourceKey.objects.get(source="ihsn", external_id="17", group__isnull=False).group
    rows = frame[frame.ori_hid == 17]
    assert group.usual_count == len(rows)
    assert group.facts["survey_roof"] == f"code_{rows.roof.iloc[0]}"
    assert group.area.code == str(rows.urbrur.iloc[0])
    second = SourceKey.objects.get(source="ihsn", external_id="17:2").person
    assert second.facts["survey_income"] == rows.income.iloc[1]
    # Aged a on 1 October 2026: born from 2 October (2026 - a - 1) to 1 October (2026 - a).
    age = int(rows.age.iloc[1])
    assert str(second.birth_earliest) == f"{2025 - age}-10-02"
    assert str(second.birth_latest) == f"{2026 - age}-10-01"


def test_survey_imported_twice_changes_nothing(survey: Path) -> None:
    actor = make_survey_ground()
    bring(actor, survey, form="survey")
    before = list(Person.objects.order_by("pk").values())
    again = bring(actor, survey, form="survey")
    assert (again.accepted, again.counts.people_unchanged) == (4580, 4580)
    assert (again.counts.people_new, again.counts.submissions) == (0, 0)
    assert list(Person.objects.order_by("pk").values()) == before
    assert Submission.objects.count() == 1000
