"""Play the whole delivery chain once, by the public commands, each as the person who may do it.

The story is told in the past, so that there is history to look at: the census was taken three
months ago, lists were approved before last month began, last month was paid and reconciled, and
this month's payrolls wait for approval. Each step looks first whether it is done, so that playing
again does only what is missing; played in a later month, it goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from amana.access import commands as access
from amana.access.bootstrap import OPERATOR, get_actor
from amana.access.models import RoleAssignment, User
from amana.demonstration import bank, generator
from amana.demonstration.blueprints import find_blueprint
from amana.demonstration.passwords import password_for
from amana.demonstration.population import Country
from amana.exchange import commands as exchange
from amana.intake import commands as intake
from amana.kernel.command import Actor
from amana.payments import commands as payments
from amana.payments import queries as payroll_queries
from amana.payments.models import Payroll, StatusMessage
from amana.programmes import commands as programmes
from amana.programmes.models import Enrolment, TargetingRun
from amana.registry import commands as registry
from amana.registry import queries as registry_queries
from amana.registry.models import Death, Group, Snapshot, SourceKey
from amana.scoring import commands as scoring
from amana.scoring.models import ScoringRun

FORM: Final = "census"
SOURCE: Final = "census"
MODEL: Final = "pmt"
PROGRAMMES: Final = ("old-age-pension", "child-grant", "disability-allowance")
#: Where the family of the case `movers` goes, in another province.
NEW_WARD: Final = "K10201"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When what happens, told from a day on."""

    today: date

    @property
    def this_month(self) -> date:
        """Give the first day of the month whose payrolls wait for approval."""
        return self.today.replace(day=1)

    @property
    def last_month(self) -> date:
        """Give the first day of the month that was paid."""
        return (self.this_month - timedelta(days=1)).replace(day=1)

    @property
    def census_ends(self) -> date:
        """Give the last day of the census, 40 days before the month that was paid."""
        return self.last_month - timedelta(days=40)

    def at(self, day: date, hour: int = 9) -> datetime:
        """Give a moment of a day's office hours, never after today."""
        return datetime.combine(min(day, self.today), time(hour), tzinfo=UTC)


def play(
    *, households: int, today: date, home: Path, secret: str, say: Say, seed: int = 1
) -> dict[str, Any]:
    """Play every step that is not done yet.

    Args:
        households: size of the invented country; it counts only while there is no census.
        today: the day from which the story is told.
        home: folder of the installation's state; files are kept below it in `demonstration/`.
        secret: what the users' passwords are derived from: the installation's own secret key.
        say: is told each step, in words.

    Returns:
        What there is now: {"households", "people", "programmes": [{"programme", "enrolled"}],
        "payrolls": [{"payroll", "programme", "period", "state", "payments", "total_minor", …}]}.
    """
    chain = _Chain(Calendar(today), home / "demonstration", households, seed, secret, say)
    chain.set_up()
    chain.bring_people_in()
    for programme in PROGRAMMES:
        chain.choose(programme)
    chain.pay(chain.calendar.last_month)
    chain.let_life_go_on()
    chain.prepare(chain.calendar.this_month)
    chain.leave_a_list()
    return chain.summary()


def list_users(*, secret: str) -> list[dict[str, str]]:
    """List the demonstration users with their passwords, as the blueprint orders them."""
    return [
        {
            "user": user.username,
            "name": user.name,
            "role": ", ".join(
                RoleAssignment.objects.filter(user=user, valid_to=None).values_list(
                    "role__code", flat=True
                )
            ),
            "password": password_for(user.username, secret=secret),
        }
        for user in User.objects.filter(is_active=True).order_by("pk")
        if user.check_password(password_for(user.username, secret=secret))
    ]


def _as(username: str) -> Actor:
    return get_actor(username, channel="cli", purpose="demonstration")


@dataclass
class _Chain:
    calendar: Calendar
    folder: Path
    households: int
    seed: int
    secret: str
    say: Say

    def set_up(self) -> None:
        """Apply the blueprint and give its users passwords."""
        before = self.calendar.at(self.calendar.census_ends - timedelta(days=90))
        applied = exchange.apply_blueprint(
            actor=_as(OPERATOR), folder=find_blueprint("demo"), on=before.date(), at=before
        )
        if applied.changes.created:
            self.say(f"The blueprint is applied: {applied.changes.created} things are new.")
        for user in User.objects.filter(is_active=True).order_by("pk"):
            password = password_for(user.username, secret=self.secret)
            if not user.has_usable_password():
                access.set_password(actor=_as(OPERATOR), username=user.username, password=password)

    def bring_people_in(self) -> None:
        """Take the census, import it, take a snapshot and score the households."""
        ends = self.calendar.census_ends
        if not SourceKey.objects.filter(source=SOURCE).exists():
            self.say(f"Inventing {self.households:,} households …")
            country = Country.read(find_blueprint("demo") / "areas.csv")
            census = generator.generate(
                households=self.households, on=ends, country=country, seed=self.seed
            )
            files = census.write(self.folder / f"census-{ends}-{self.households}")
            self.say(f"Importing the census of {census.people.num_rows:,} people …")
            result = intake.import_file(
                actor=_as("registrar"),
                form=FORM,
                path=files[0],
                people_path=files[1],
                on=ends + timedelta(days=7),
                at=self.calendar.at(ends + timedelta(days=7)),
            )
            self.say(
                f"{result.households:,} households and {result.people:,} people are registered; "
                f"{result.rejected} rows were refused."
            )
        taken_on = ends + timedelta(days=10)
        if not Snapshot.objects.exists():
            snapshot = registry.take_snapshot(
                actor=_as("registrar"), on=taken_on, at=self.calendar.at(taken_on)
            )
            self.say(f"Snapshot {snapshot.reference} is taken.")
        if not ScoringRun.objects.exists():
            scored = scoring.score_snapshot(
                actor=_as("analyst"), model=MODEL, at=self.calendar.at(taken_on, 11)
            )
            self.say(
                f"{scored.scored_count:,} households are scored, {scored.unknown_count} cannot be."
            )

    def choose(self, programme: str) -> None:
        """Target a programme, have its list approved by the board, enrol."""
        run = TargetingRun.objects.filter(programme__code=programme).order_by("id").first()
        day = self.calendar.census_ends + timedelta(days=14)
        if run is None:
            run = programmes.target_programme(
                actor=_as("manager"),
                programme=programme,
                on=self.calendar.last_month,
                at=self.calendar.at(day),
            )
            self.say(
                f"{programme}: {run.eligible_count:,} eligible, {run.undetermined_count:,} not "
                f"known yet, {run.selected_count:,} selected."
            )
        if run.state == TargetingRun.State.ENROLLED:
            return
        if run.state != TargetingRun.State.APPROVED:
            programmes.approve_list(
                actor=_as("board"),
                run=run.reference,
                at=self.calendar.at(day + timedelta(days=12)),
            )
        enrolled = programmes.enrol_run(
            actor=_as("manager"),
            run=run.reference,
            on=self.calendar.last_month,
            at=self.calendar.at(day + timedelta(days=20)),
        )
        self.say(f"{programme}: the board approved the list; {enrolled['enrolled']:,} enrolled.")

    def prepare(self, month: date) -> list[Payroll]:
        """Prepare a month's payrolls, and leave them for somebody to approve."""
        at = self.calendar.at(month.replace(day=2))
        found = []
        for programme in PROGRAMMES:
            prepared = payments.prepare_payroll(
                actor=_as("payments"), programme=programme, period=f"{month:%Y-%m}", at=at
            )
            found.append(prepared.payroll)
            if not prepared.existing:
                self.say(f"{programme}: the payroll of {month:%B} waits for approval.")
        return found

    def pay(self, month: date) -> None:
        """Have a month's payrolls approved and paid, and read what the providers answer."""
        for payroll in self.prepare(month):
            reference = str(payroll.reference)
            if payroll.state == Payroll.State.PREPARED:
                payments.approve_payroll(
                    actor=_as("payments-approver"),
                    payroll=reference,
                    at=self.calendar.at(month.replace(day=3)),
                )
            if StatusMessage.objects.filter(file__payroll=payroll).exists():
                continue
            files = payments.export_payroll(
                actor=_as("payments"),
                payroll=reference,
                folder=self.folder / reference,
                at=self.calendar.at(month.replace(day=4)),
            )
            for number, file in enumerate(files):
                self._hear_back(Path(file.path), self.calendar.at(month.replace(day=6 + number)))
            self._tell_reconciled(reference, month)

    def _hear_back(self, file: Path, at: datetime) -> None:
        answers = self.folder / "answers"
        answers.mkdir(parents=True, exist_ok=True)
        answer = bank.answer(file, out=answers, at=at)
        payments.ingest_status(actor=_as("payments"), path=answer.path, at=at + timedelta(hours=1))

    def _tell_reconciled(self, reference: str, month: date) -> None:
        found = payroll_queries.reconcile_payroll(actor=_as("payments"), reference=reference)
        self.say(
            f"{reference} of {month:%B}: {found.instructed.count:,} instructed, "
            f"{found.paid.count:,} paid, {found.rejected.count} rejected, {found.held.count} held; "
            f"{found.difference_minor} minor units unaccounted for."
        )

    def let_life_go_on(self) -> None:
        """A family moves in the middle of last month, and somebody says that an old man died."""
        month = self.calendar.last_month
        moved_on, told_on = month.replace(day=15), month.replace(day=22)
        home = Group.objects.select_related("area").get(
            source_keys__source=SOURCE, source_keys__external_id="movers-home"
        )
        if home.area is not None and home.area.code != NEW_WARD:
            registry.move_household(
                actor=_as("registrar"),
                group=str(home.reference),
                area=NEW_WARD,
                on=moved_on,
                at=self.calendar.at(moved_on),
            )
            self.say(f"The family {home.reference} moved to another district.")
        old_man = registry_queries.get_person(
            actor=_as("registrar"), reference=f"{SOURCE}:reported-death"
        )
        if not Death.objects.filter(person=old_man).exists():
            registry.record_death(
                actor=_as("registrar"),
                person=str(old_man.reference),
                status=Death.Status.REPORTED,
                died_on=None,
                on=told_on,
                at=self.calendar.at(told_on),
            )
            self.say(f"A death is reported of {old_man.reference}, and not verified.")

    def leave_a_list(self) -> None:
        """Judge the child grant anew this month, and leave the list to the board."""
        code = "child-grant"
        if TargetingRun.objects.filter(programme__code=code).count() > 1:
            return
        today = self.calendar.today
        snapshot = registry.take_snapshot(
            actor=_as("registrar"), on=today, at=self.calendar.at(today)
        )
        run = programmes.target_programme(
            actor=_as("manager"),
            programme=code,
            snapshot=str(snapshot.reference),
            on=today,
            at=self.calendar.at(today, 10),
        )
        self.say(f"{code}: a new list of {run.selected_count:,} waits for the board.")

    def summary(self) -> dict[str, Any]:
        """Tell what there is now."""
        actor = _as("payments")
        snapshot = Snapshot.objects.latest("id")
        return {
            "households": snapshot.household_count,
            "people": snapshot.person_count,
            "programmes": [
                {
                    "programme": code,
                    "enrolled": Enrolment.objects.filter(
                        programme__code=code, state=Enrolment.State.ACTIVE
                    ).count(),
                }
                for code in PROGRAMMES
            ],
            "payrolls": [
                {
                    "programme": payroll.programme.code,
                    "period": payroll.period,
                    "state": payroll.state,
                    **payroll_queries.payroll_summary(payroll),
                }
                for payroll in payroll_queries.list_payrolls(actor=actor).order_by("id")
            ],
        }
