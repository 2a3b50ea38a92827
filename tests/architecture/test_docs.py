"""The documentation exists, its links lead somewhere, and pages made from the code are current."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from amana.cli import reference
from amana.config.environment import SETTINGS
from tests.architecture.ranks import CHECKOUT

PAGES = sorted(
    [
        *CHECKOUT.glob("*.md"),
        *(CHECKOUT / "docs").glob("**/*.md"),
        *(CHECKOUT / "blueprints").glob("**/*.md"),
    ]
)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Give the anchors a reader's browser makes of the headings."""
    found = set()
    for heading in HEADING.findall(prose(page)):
        words = re.sub(r"[`*_]", "", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"^(https?|mailto):", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        leads = found.exists() and CHECKOUT in found.parents
        if leads and anchor and found.suffix == ".md":
            leads = anchor in anchors(found)
        if not leads:
            broken.append(target)
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    docs = CHECKOUT / "docs"
    seen: set[Path] = set()
    todo = [docs / "index.md"]
    while todo:
        page = todo.pop()
        if page in seen or not page.exists():
            continue
        seen.add(page)
        for target in LINK.findall(prose(page)):
            path = unquote(target).partition("#")[0]
            if path.endswith(".md") and not path.startswith("http"):
                todo.append((page.parent / path).resolve())
    lost = {str(page.relative_to(docs)) for page in docs.glob("**/*.md")} - {
        str(page.relative_to(docs)) for page in seen if docs in page.parents
    }
    assert lost == set()


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_a_page_made_from_the_code_is_current(name: str) -> None:
    written = (CHECKOUT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_described(setting: object) -> None:
    assert setting.says.endswith(".")  # type: ignore[attr-defined]
    assert setting.expected  # type: ignore[attr-defined]


def test_settings_are_read_nowhere_else() -> None:
    """A variable that only its reader knows would be missing from the reference."""
    known = {setting.name for setting in SETTINGS}
    pattern = re.compile(r"""environ(?:ment)?(?:\.\w+\(|\[)\s*["']([A-Z_]+)["']""")
    others = {"DJANGO_SETTINGS_MODULE", "LC_ALL", "XDG_RUNTIME_DIR"}  # of Django and of the system
    unknown = {
        f"{path.relative_to(CHECKOUT)}: {name}"
        for path in (CHECKOUT / "src").glob("**/*.py")
        for name in pattern.findall(path.read_text(encoding="utf-8"))
        if name not in known | others
    }
    assert unknown == set()
