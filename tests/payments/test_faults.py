"""Two officers at once, double clicks, and a process killed at any point of a payroll."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from amana.payments import queries
from amana.payments.models import Entitlement, Payment, PaymentLine, Payroll, StatusMessage
from tests.payments.answers import transfer, write_answer
from tests.payments.making import House, make_house


@pytest.fixture
def house(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a programme whose rows are committed, so that other connections see them."""
    return make_house(tmp_path, monkeypatch)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads that start together; give their answers or the errors they raised."""
    barrier = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[number] = act()
        except Exception as error:  # noqa: BLE001 (an answer, compared by the test)
            answers[number] = error
        finally:
            from amana.access.runs import close_side_connection

            close_side_connection()
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_two_officers_who_prepare_at_once_get_one_payroll(house: House) -> None:
    for _ in range(30):
        house.enrol()
    one, two = at_once(house.prepare, house.prepare)
    assert sorted([one.existing, two.existing]) == [False, True]
    assert one.payroll == two.payroll
    assert Payroll.objects.count() == 1
    assert Payment.objects.count() == PaymentLine.objects.count() == 30


def test_a_double_click_on_approve_approves_once(house: House) -> None:
    for _ in range(10):
        house.enrol()
    payroll = house.prepare().payroll
    one, two = at_once(lambda: house.approve(payroll), lambda: house.approve(payroll))
    assert one.sha256 == two.sha256 != ""
    result = queries.reconcile_payroll(actor=house.checker, reference=str(payroll.reference))
    assert (result.not_instructed.count, result.difference_minor) == (10, 0)


def test_two_exports_and_two_ingestions_at_once_count_once(house: House) -> None:
    from amana.payments import commands as payments
    from tests.payments.making import AT

    for _ in range(10):
        house.enrol()
    payroll = house.approve(house.prepare().payroll)
    one, two = at_once(lambda: house.export(payroll, "one"), lambda: house.export(payroll, "two"))
    assert one[0].sha256 == two[0].sha256
    names = [str(r) for r in Payment.objects.values_list("reference", flat=True)]
    path = write_answer(house.folder, one[0].message_id, [transfer(n, "ACSC") for n in names])

    def ingest() -> Any:
        return payments.ingest_status(actor=house.maker, path=path, at=AT)

    first, second = at_once(ingest, ingest)
    assert sorted([first.existing, second.existing]) == [False, True]
    assert StatusMessage.objects.count() == 1
    result = queries.reconcile_payroll(actor=house.checker, reference=str(payroll.reference))
    assert (result.paid.count, result.difference_minor) == (10, 0)


#: A payroll from preparation to files in a process of its own, killed at the point named.
CHILD = '''
import json, os, signal, sys
from pathlib import Path
import django
django.setup()
from amana.kernel.command import Actor
from amana.access.models import User
from amana.payments import amounts, commands, moving
from amana.payments.commands import exporting, preparing
from amana.kernel import clock

point, amounts_path, out = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(module, name, wanted):
    """Kill the process when `module.name` has done its work at the named point."""
    inner = getattr(module, name)
    def run(*args, **more):
        answer = inner(*args, **more)
        if point == wanted:
            die()
        return answer
    setattr(module, name, run)

after(preparing, "_draft", "payments written, not committed")
after(exporting, "_write", "file written, not recorded")
after(exporting, "_export", "files recorded, not committed")
moves = []
inner_move = moving.move_payments
def move(*args, **more):
    answer = inner_move(*args, **more)
    moves.append(1)
    if point == "approved, not committed" and len(moves) == 1:
        die()
    return answer
moving.move_payments = move
amounts.find_amounts = lambda **_: amounts.Amounts(Path(amounts_path), {"snapshot": "a test's"})

def actor(name):
    return Actor(User.objects.get(username=name).pk, name)

at = clock.now()
prepared = commands.prepare_payroll(
    actor=actor("maker"), programme="child-grant", period="2026-11", at=at)
if point == "prepared":
    die()
reference = str(prepared.payroll.reference)
commands.approve_payroll(actor=actor("checker"), payroll=reference, at=at)
if point == "approved":
    die()
files = commands.export_payroll(
    actor=actor("maker"), payroll=reference, folder=Path(out), at=at)
if point == "exported":
    die()
print(json.dumps({"payroll": reference, "files": [[f.path.name, f.sha256] for f in files]}))
'''

POINTS = (
    "payments written, not committed",
    "prepared",
    "approved, not committed",
    "approved",
    "file written, not recorded",
    "files recorded, not committed",
    "exported",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_on_the_way_leaves_nothing_that_is_paid_twice(
    house: House, point: str
) -> None:
    for _ in range(5):
        house.enrol(2000)
    house.enrol(2000, account=False)
    amounts = house.write_amounts()
    out = house.folder / "out"

    def run(at: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", CHILD, at, str(amounts), str(out)],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    killed = run(point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = {path.name: path.read_bytes() for path in out.glob("PR-*")} if out.exists() else {}
    finished = run("never")
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert Payroll.objects.count() == 1
    assert (
        Payment.objects.count() == PaymentLine.objects.count() == Entitlement.objects.count() == 6
    )
    assert Payment.objects.filter(state="INSTRUCTED").count() == 5
    result = queries.reconcile_payroll(actor=house.checker, reference=told["payroll"])
    assert (result.instructed.count, result.instructed.minor, result.difference_minor) == (
        5,
        10000,
        0,
    )
    # A whole file that was there before the end is the one that is there now; if somebody had sent
    # it already, the bank refuses the second copy by its message id.
    for name, content in left.items():
        if not name.startswith("."):
            assert (out / name).read_bytes() == content
