"""Each page answers with what it is for, with htmx and without, and only within one's areas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from amana.access.models import AuditEvent, Role, RoleAssignment, Run, User
from amana.kernel.errors import BadInput, Conflict
from amana.registry.models import SubmissionSubject
from amana.web.forms import Form
from tests.making import make_actor, make_user
from tests.web.people import Registry, make_submission

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SEE = "registry.view_people"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_TODAY", "2026-11-20")


def words_of(client: Client, address: str, status: int = 200) -> str:
    """Read a page twice, as a browser with and without htmx asks; both get the same words."""
    plain = client.get(address)
    assert plain.status_code == status, plain.content.decode()[:2000]
    with_htmx = client.get(address, headers={"HX-Request": "true"})
    assert with_htmx.status_code == status
    assert "<script>" not in plain.content.decode()
    assert " style=" not in plain.content.decode()
    return plain.content.decode()


def test_every_page_of_the_house_answers(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of("*", username="admin")
    make_actor("kamau", ["access.view_users"])
    for address in (
        "/",
        "/search?q=",
        "/account/",
        "/areas/",
        "/areas/P1",
        "/organisations/",
        "/users/",
        "/users/add",
        "/users/roles",
        "/users/kamau",
        "/users/kamau/give",
        "/audit/",
        "/audit/?verify=1",
        "/runs/",
        "/registry/households/",
        "/registry/people/",
        "/intake/imports/",
    ):
        words_of(client, address)
    for tab in ("", "/facts", "/evidence", "/history"):
        words_of(client, f"/registry/households/{registry.household.reference}{tab}")
        words_of(client, f"/registry/people/{registry.head.reference}{tab}")


def test_households_are_listed_only_within_ones_areas(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE, area=registry.north), "/registry/households/")
    assert registry.household.reference in page
    assert registry.other.reference not in page
    assert "1 household<" in page


def test_a_household_outside_ones_areas_answers_like_an_absent_one(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of(SEE, area=registry.north)
    forbidden = words_of(client, f"/registry/households/{registry.other.reference}", 404)
    assert "There is no household" in forbidden
    assert "Otieno" not in forbidden


def test_a_mistyped_reference_says_so(client_of: Callable[..., Client], registry: Registry) -> None:
    reference = registry.household.reference
    wrong = reference[:-1] + ("2" if reference[-1] != "2" else "3")
    page = words_of(client_of(SEE), f"/registry/households/{wrong}", 422)
    assert "has a wrong character" in page
    assert "Read it again from the card or letter." in page


def test_a_household_page_names_its_members_and_says_what_is_not_known(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE), f"/registry/households/{registry.household.reference}")
    assert "Wanjiku household" in page
    assert "2 people" in page
    assert "Grace Wanjiku" in page
    assert "no name yet" in page  # the unnamed child
    assert "5 or 6" in page  # born in 2020; on 20 Nov 2026 the year leaves two ages


def test_a_fact_shows_its_source_its_date_and_that_it_is_stale(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE), f"/registry/households/{registry.household.reference}/facts")
    assert "Iron sheets" in page  # the word of the code
    assert "4,000 XTS" in page
    assert "1 Mar 2026" in page
    assert "census" in page
    # Income holds 6 months: told on 1 March 2026, stale since 1 September.
    assert "1 fact is stale: Income a month." in page


def test_a_fact_of_no_reads_as_no_and_an_absent_one_is_not_shown(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of(SEE)
    assert "<strong>no</strong>" in words_of(
        client, f"/registry/people/{registry.child.reference}/facts"
    )
    nothing = words_of(client, f"/registry/people/{registry.homeless.reference}/facts")
    assert "Unknown never counts as “no”." in nothing


def test_the_filter_of_stale_facts_keeps_the_households_with_one(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE), "/registry/households/?facts=stale")
    assert registry.household.reference in page
    assert registry.other.reference not in page
    assert "Facts: some are stale" in page


def test_search_goes_to_the_one_thing_a_reference_or_source_key_names(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of(SEE)
    address = f"/registry/households/{registry.household.reference}"
    spoken = registry.household.reference.lower().replace("-", " ")
    for asked in (registry.household.reference, spoken, "census:1001"):
        answer = client.get("/search", {"q": asked})
        assert (answer.status_code, answer["Location"]) == (302, address), asked


def test_search_finds_a_name_by_its_sound(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE), "/search?q=Wangiku")
    assert registry.head.reference in page
    assert registry.homeless.reference not in page


def test_evidence_says_which_answers_did_not_take_effect_and_why(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    late = make_submission(
        "1001", outcomes={"": {"roof": ["LOST", "newer evidence of 2026-03-01"], "x": ["SAME", ""]}}
    )
    SubmissionSubject.objects.create(submission=late, group=registry.household)
    page = words_of(client_of(SEE), f"/registry/households/{registry.household.reference}/evidence")
    assert "These answers did not take effect:" in page
    assert "Roof: newer evidence of 2026-03-01" in page
    assert "1 answer said what was known already." in page
    assert page.count("Every answer took effect.") == 1  # the first submission's


def test_a_household_is_found_by_the_name_of_a_member(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of(SEE)
    page = words_of(client, "/registry/households/?q=Grace")
    assert registry.household.reference in page
    assert registry.other.reference not in page
    assert "Nothing fits these filters" in words_of(client, "/registry/households/?q=Nobody")


def test_search_finds_nothing_without_the_permission(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of("access.view_runs"), f"/search?q={registry.household.reference}")
    assert "Nothing found" in page


def test_a_person_who_lives_in_no_household_has_a_page(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of(SEE), f"/registry/people/{registry.homeless.reference}")
    assert "Lives in no household that we know of" in page
    assert "age not known" in page


def test_an_export_holds_exactly_what_is_shown(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of(SEE)
    answer = client.get("/registry/households/?area=P1-N&export=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows] == ["Household", registry.household.reference]
    assert rows[1][3] == "2"


def test_an_area_counts_everybody_below_it(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    page = words_of(client_of("places.view_areas", SEE), "/areas/P1")
    assert '<a href="/registry/households/?area=P1">2</a>' in page
    assert '<a href="/registry/people/?area=P1">3</a>' in page


def test_the_tree_begins_at_ones_own_area(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of("places.view_areas", area=registry.north)
    assert "Area P1-N" in words_of(client, "/areas/")
    assert words_of(client, "/areas/P1", 404)


def test_the_audit_trail_shows_who_did_what_and_that_it_is_whole(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of("*", username="admin")
    Role.objects.create(code="caseworker", title={"en": "Caseworker"}, permissions=[SEE])
    answer = client.post(
        "/users/add", {"username": "atieno", "name": "Atieno", "role": "caseworker"}
    )
    assert answer.status_code == 302, answer.content.decode()
    page = words_of(client, "/audit/?actor=admin&verify=1")
    assert "access.add_user" in page
    assert "The trail is whole" in page
    event = AuditEvent.objects.get(command="access.add_user")
    assert event.channel == "web"
    assert event.sha256 in words_of(client, f"/audit/{event.pk}")


def test_a_user_is_given_a_role_and_loses_it_again(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    client = client_of("*", username="admin")
    make_user("atieno")
    Role.objects.create(code="caseworker", title={"en": "Caseworker"}, permissions=[SEE])
    client.post("/users/atieno/give", {"role": "caseworker", "area": "P1-N"})
    held = RoleAssignment.objects.get(user__username="atieno")
    assert "Caseworker · Area P1-N" in words_of(client, "/users/atieno")
    asked = words_of(client, f"/users/atieno/take/{held.pk}")
    assert "Take this role from" in asked
    client.post(f"/users/atieno/take/{held.pk}")
    held.refresh_from_db()
    assert held.valid_to is not None


def test_what_a_command_refuses_lands_on_its_field_and_nothing_typed_is_lost(
    client_of: Callable[..., Client],
) -> None:
    client = client_of("*", username="admin")
    Role.objects.create(code="caseworker", title={"en": "Caseworker"}, permissions=[SEE])
    answer = client.post(
        "/users/add", {"username": "No Spaces Please", "name": "Atieno", "role": "caseworker"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'href="#id_username"' in page  # the summary links to the field
    assert 'aria-describedby="id_username-hint id_username-error"' in page
    assert 'value="Atieno"' in page
    assert not User.objects.filter(name="Atieno").exists()


def test_a_form_keeps_a_refusal_without_a_field_in_its_summary() -> None:
    form = Form({})
    assert form.is_valid()
    with form.refusals():
        raise Conflict("This payroll was approved already.", mend="Open it.")
    assert form.non_field_errors() == ["This payroll was approved already. Open it."]
    with form.refusals():
        raise BadInput("Wrong.")
    assert len(form.non_field_errors()) == 2


def test_a_running_import_shows_its_progress_and_can_be_stopped(
    client_of: Callable[..., Client],
) -> None:
    run = Run.objects.create(
        kind="import", subject="census", username="admin", state="RUNNING", done_count=1200,
        total_count=5000, message="Checking rows", started_at=NOW, heard_at=NOW,
    )  # fmt: skip
    run.refresh_from_db()
    client = client_of("*", username="admin")
    page = words_of(client, f"/intake/imports/{run.reference}")
    assert 'value="1200" max="5000"' in page
    assert "1,200 of 5,000" in page
    assert "Stop it (nothing of it will be written)" in page
    assert '<noscript><meta http-equiv="refresh"' in page  # moves on with scripts off
    assert run.reference in words_of(client, "/")  # the home page keeps it in sight


def test_a_failed_run_says_what_was_wrong_and_how_to_mend_it(
    client_of: Callable[..., Client],
) -> None:
    run = Run.objects.create(
        kind="import", username="admin", state="FAILED", started_at=NOW, heard_at=NOW, ended_at=NOW,
        error={"code": "FILE_EMPTY", "message": "The file is empty.", "mend": "Send it again."},
    )  # fmt: skip
    run.refresh_from_db()
    page = words_of(client_of("*"), f"/runs/{run.reference}")
    assert "The file is empty." in page
    assert "Send it again." in page


def test_the_language_is_chosen_in_the_footer_and_arabic_runs_from_the_right(
    client_of: Callable[..., Client],
) -> None:
    client = client_of("*")
    answer = client.post("/account/language", {"language": "ar", "next": "/areas/"})
    assert (answer.status_code, answer["Location"]) == (302, "/areas/")
    page = words_of(client, "/areas/")
    assert '<html lang="ar" dir="rtl">' in page
    assert "amana.rtl" in page


def test_the_way_back_from_choosing_a_language_stays_on_this_site(
    client_of: Callable[..., Client],
) -> None:
    answer = client_of("*").post(
        "/account/language", {"language": "fr", "next": "https://elsewhere.example/"}
    )
    assert answer["Location"] == "/"


def test_signing_in_and_out(client: Client, db: None) -> None:
    make_user("grace", ["places.view_areas"], password="a long enough password")
    page = words_of(client, "/accounts/login/")
    assert "Sign in" in page
    wrong = client.post("/accounts/login/", {"login": "grace", "password": "no"})
    assert "There is a problem" in wrong.content.decode()
    right = client.post(
        "/accounts/login/?next=/areas/", {"login": "grace", "password": "a long enough password"}
    )
    assert (right.status_code, right["Location"]) == (302, "/areas/")
    out = client.post("/accounts/logout/")
    assert (out.status_code, out["Location"]) == (302, "/accounts/login/")
    assert client.get("/areas/").status_code == 302


def test_a_forgotten_password_is_never_sent_by_mail(client: Client, db: None) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "grace@example.org"})
    assert "An administrator of your organisation gives you a new one" in answer.content.decode()


def test_a_run_is_asked_to_stop_and_the_trail_says_by_whom(
    client_of: Callable[..., Client],
) -> None:
    run = Run.objects.create(
        kind="import", username="admin", state="RUNNING", started_at=NOW, heard_at=NOW
    )
    run.refresh_from_db()
    client = client_of("*", username="admin")
    assert client.post(f"/runs/{run.reference}/cancel").status_code == 302
    assert AuditEvent.objects.get(command="access.cancel_run").subject == run.reference


def test_an_unknown_address_has_a_page_of_its_own(client_of: Callable[..., Client]) -> None:
    assert "We cannot find that page" in words_of(client_of("*"), "/nothing-here/", 404)
