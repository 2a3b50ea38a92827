"""How every command answers: JSON on one stream, words on the other, refusals with a code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amana.access.models import Role, RoleAssignment, User
from amana.cli.session import CLI_COMMANDS


def start(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "amana.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def own_home(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with nothing but a home."""
    clean = dict.fromkeys(("AMANA_SECRET_KEY", "AMANA_DATA_KEY", "DATABASE_URL"), "")
    return {**clean, "AMANA_HOME": str(tmp_path)}


def test_a_word_that_is_no_command_is_a_usage_error() -> None:
    done = start("nonsense", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "USAGE"


def test_every_wrong_setting_is_told_at_once() -> None:
    done = start("doctor", "--json", env={"AMANA_HTTPS": "perhaps", "AMANA_TIME_ZONE": "Mars"})
    assert done.returncode == 6
    told = json.loads(done.stdout)["error"]["message"]
    assert "AMANA_HTTPS" in told
    assert "AMANA_TIME_ZONE" in told


def test_keys_are_asked_for_when_the_database_is_named() -> None:
    done = start("user", "add", "amina", "--role", "x", "--json", env={"AMANA_DATA_KEY": ""})
    assert done.returncode == 6
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "SETTING_MISSING"
    assert error["where"] == {"field": "AMANA_DATA_KEY"}
    assert "AMANA_DATA_KEY=" in error["mend"]


@pytest.mark.django_db
def test_a_user_is_added_by_the_local_operator(amana_cli: Callable[..., Any]) -> None:
    Role.objects.create(code="clerk", title={"en": "Clerk"}, permissions=["access.view_users"])
    answer = amana_cli("user", "add", "amina", "--role", "clerk")
    assert answer.data == {"user": "amina"}
    assert RoleAssignment.objects.get(user__username="amina").role.code == "clerk"


@pytest.mark.django_db
def test_a_refusal_has_a_code_and_an_exit_code(amana_cli: Callable[..., Any]) -> None:
    answer = amana_cli("user", "add", "amina", "--role", "nobody-has-it", expect=4)
    assert set(answer.data["error"]) >= {"code", "message", "where"}
    unknown = amana_cli("user", "add", "x1", "--role", "clerk", user="stranger", expect=4)
    assert unknown.data["error"]["code"] == "NOT_FOUND"


@pytest.mark.django_db
def test_a_user_without_the_role_is_refused(amana_cli: Callable[..., Any]) -> None:
    Role.objects.create(code="clerk", title={"en": "Clerk"}, permissions=["access.view_users"])
    User.objects.create(username="amina")
    answer = amana_cli("user", "add", "otieno", "--role", "clerk", user="amina", expect=5)
    assert answer.data["error"]["code"] == "NOT_PERMITTED"
    assert not User.objects.filter(username="otieno").exists()


def test_the_first_command_makes_the_embedded_database(own_home: dict[str, str]) -> None:
    before = start("doctor", "--json", env=own_home)
    assert before.returncode == 0, before.stdout
    first = start("token", "revoke", "nobody", "--label", "x", "--json", env=own_home)
    assert first.returncode == 4, first.stderr
    done = start("doctor", "--invariants", "--json", env=own_home)
    assert done.returncode == 0, done.stdout
    checks = {check["name"]: check["state"] for check in json.loads(done.stdout)["checks"]}
    assert checks["database"] == checks["migrations"] == "ok"
    keys = Path(own_home["AMANA_HOME"]) / "keys.json"
    assert keys.stat().st_mode & 0o077 == 0


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(own_home: dict[str, str], free_port: int) -> Iterator[int]:
    """A served installation; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "amana.cli", "serve", "--port", str(free_port)],
        env={**os.environ, **own_home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        limit = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < limit:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{free_port}/accounts/login/", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.2)
        yield free_port
    finally:
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=60)
        assert process.returncode == 0, words


@pytest.mark.timeout(600)
def test_serving_answers_and_refuses_a_second_server(served: int, own_home: dict[str, str]) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{served}/accounts/login/") as page:
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    second = start("serve", "--port", str(served), "--json", env=own_home)
    assert second.returncode == 1
    assert json.loads(second.stdout)["error"]["code"] == "PORT_TAKEN"


def test_commands_are_registered_once() -> None:
    assert len(CLI_COMMANDS) == len(set(CLI_COMMANDS))
    assert {"doctor", "migrate", "serve", "user add"} <= set(CLI_COMMANDS)
