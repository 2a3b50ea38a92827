"""Writes of intake: publishing forms, importing files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
from django.conf import settings

from amana.access import runs
from amana.access.models import Run
from amana.access.territory import list_areas
from amana.identity import commands as identity
from amana.identity.models import IdentifierScheme
from amana.intake import reading, typed_tables, validation
from amana.intake.fitting import Known, check_mapping
from amana.intake.mapping import FileMapping
from amana.intake.mapping_file import parse_mapping, read_mapping
from amana.intake.models import FileImport, Form
from amana.intake.validation import Checked
from amana.kernel.changes import What
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, Conflict, NotFound, Where
from amana.kernel.home import make_folder
from amana.kernel.text_source import nearest, some
from amana.places.bulk import refresh_statistics
from amana.places.country import get_country
from amana.places.models import AreaCode
from amana.registry import commands as registry
from amana.registry.evidence import Counts, Origin
from amana.registry.live_dictionary import get_dictionary

IMPORT: Final = "intake.import_file"
DUCK_MEMORY: Final = "1GB"
DUCK_THREADS: Final = 2
#: Rows from which on the planner's picture of the tables an import fills is worth renewing.
MANY_ROWS: Final = 1_000
FILLED: Final = (
    "registry_person",
    "registry_group",
    "registry_membership",
    "registry_submission",
    "registry_submissionsubject",
    "registry_sourcekey",
    "registry_account",
    "identity_identifier",
)


class FormUnknown(NotFound):
    """No form has this code."""

    code = "FORM_UNKNOWN"


class FormVersionChanged(Conflict):
    """A published version of a form is not altered."""

    code = "FORM_VERSION_CHANGED"


class FormWithoutMapping(BadInput):
    """The form says nothing of files, and no mapping was given."""

    code = "FORM_WITHOUT_MAPPING"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of an import.

    Args:
        households, people: households and humans in the accepted rows.
        errors_file: path of the refused rows, or None when there are none.
        counts: how many of them were new, changed and unchanged.
    """

    run: Run
    rows: int
    accepted: int
    rejected: int
    households: int
    people: int
    errors_file: Path | None
    counts: Counts
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Give the answer of `amana import`."""
        return {
            "run": str(self.run.reference),
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "households": self.households,
            "people": self.people,
            "errors_file": None if self.errors_file is None else str(self.errors_file),
            "seconds": self.seconds,
        }


@command("intake.publish_form")
def publish_form(*, actor: Actor, definition: Mapping[str, Any], at: datetime) -> What:
    """Publish a version of a form; the same version said again must say the same.

    Args:
        definition: the form as plain data: form, version, title, source, channel, legal_basis
            {kind, text}, mapping. A mapping is checked for its shape and against the dictionary;
            kinds of identity numbers that it names are made when they are missing.
        at: now.

    Returns:
        `created` (the first version), `changed` (a further one) or `unchanged`.

    Raises:
        BadInput, BadInputs: the mapping has mistakes.
        FormVersionChanged: this version was published with another content.
    """
    code, version = str(definition["form"]), str(definition["version"])
    file = f"forms/{code}.yaml"
    kept = json.loads(json.dumps(definition, default=str))
    sha256 = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    note(subject=code, version=version, digest=sha256)
    before = Form.objects.filter(code=code, version=version).first()
    if before is not None and before.sha256 == sha256:
        return "unchanged"
    if before is not None:
        raise FormVersionChanged(
            f"Version {version} of the form “{code}” was published with another content.",
            mend="Give the new content the next version.",
            where=Where(file=file, field="version"),
        )
    if definition.get("mapping") is not None:
        mapping = parse_mapping(definition["mapping"], file=file)
        named = mapping.person.identifiers if mapping.person else ()
        known = set(IdentifierScheme.objects.values_list("code", flat=True))
        for scheme in {i.scheme: i for i in named if i.scheme not in known}.values():
            IdentifierScheme.objects.create(
                code=scheme.scheme, title={"": scheme.scheme}, issuer=scheme.issuer
            )
        check_mapping(mapping, _known(at.date(), at.date()), file=file)
    superseding = Form.objects.filter(code=code).exists()
    title = definition.get("title", code)
    basis = definition.get("legal_basis") or {}
    Form.objects.create(
        code=code,
        version=version,
        title=dict(title) if isinstance(title, Mapping) else {"": str(title)},
        source=str(definition["source"]),
        channel=str(definition.get("channel", "file")),
        legal_basis_kind=str(basis.get("kind", "")),
        legal_basis=str(basis.get("text", "")),
        definition=kept,
        sha256=sha256,
        published_at=at,
        published_by=actor.username,
    )
    return "changed" if superseding else "created"


@command(IMPORT)
def import_file(
    *,
    actor: Actor,
    form: str,
    path: Path,
    people_path: Path | None = None,
    mapping_path: Path | None = None,
    collected_on: date | None = None,
    file_name: str | None = None,
    on: date,
    at: datetime,
) -> ImportResult:
    """Import a file of households and people through a form's mapping.

    Refused rows go to an errors file; all others become evidence and facts, in one transaction:
    an import that fails or is killed has changed nothing and can be run again. Rows that came in
    before with the same content change nothing.

    Args:
        form: code of the form, which says source, legal basis and, by default, the mapping.
        path: the file; with `people_path` the households' file.
        mapping_path: a mapping file instead of the form's own.
        collected_on: date of the interviews when the mapping does not tell it; default `on`.
        file_name: the file's name as its sender knows it; default the path's.
        on: today.
        at: now.

    Raises:
        BadInput, BadInputs: the mapping or a file was refused as a whole; nothing was written.
        FormUnknown: there is no such form.
    """
    started = time.perf_counter()
    run = runs.start_run(
        kind="import",
        actor=actor,
        subject=form,
        params={"file": file_name or path.name, "form": form},
    )
    try:
        published = get_form(form)
        mapping, mapping_sha256 = _mapping_of(published, mapping_path)
        known = _known(on, collected_on or on)
        mapping_name = mapping_path.name if mapping_path else f"forms/{form}.yaml"
        check_mapping(mapping, known, file=mapping_name)
        with _workshop() as (duck, folder):
            checked, sha256 = _check_files(
                actor, duck, folder, mapping, known, path, people_path, run
            )
            errors_file = _write_errors(duck, run) if checked.rejected else None
            counts = _record(
                actor=actor,
                duck=duck,
                folder=folder,
                form=published,
                mapping=mapping,
                run=run,
                rows=checked.rows,
                dated=mapping.collected_on is not None or collected_on is not None,
                at=at,
            )
        if checked.accepted >= MANY_ROWS:
            refresh_statistics(*FILLED)
        details = FileImport.objects.create(
            run=run,
            form=published,
            file_name=(file_name or path.name)[:255],
            people_file_name=people_path.name[:255] if people_path else "",
            file_sha256=sha256,
            mapping_sha256=mapping_sha256,
            row_count=checked.rows,
            accepted_count=checked.accepted,
            rejected_count=checked.rejected,
            household_count=checked.households,
            person_count=checked.people,
            errors_file=str(errors_file.relative_to(_home())) if errors_file else "",
            at=at,
        )
        result = ImportResult(
            run=run,
            rows=checked.rows,
            accepted=checked.accepted,
            rejected=checked.rejected,
            households=checked.households,
            people=checked.people,
            errors_file=errors_file,
            counts=counts,
            seconds=round(time.perf_counter() - started, 3),
        )
        note(
            subject=str(run.reference),
            digest=details.file_sha256,
            form=form,
            rows=checked.rows,
            rejected=checked.rejected,
        )
        runs.finish(run.pk, result={**result.as_dict(), **counts.as_dict()})
    except BaseException as error:
        runs.fail(run.pk, error)
        raise
    return result


def get_form(code: str) -> Form:
    """Get the version of a form that is in force.

    Raises:
        FormUnknown: there is none.
    """
    found = Form.objects.filter(code=code).order_by("-id").first()
    if found is None:
        codes = sorted(set(Form.objects.values_list("code", flat=True)))
        raise FormUnknown(
            f"There is no form “{code}”.",
            mend=nearest(code, codes) or f"Forms: {some(codes) or 'none; apply a blueprint'}.",
        )
    return found


def _mapping_of(form: Form, mapping_path: Path | None) -> tuple[FileMapping, str]:
    if mapping_path is not None:
        try:
            content = mapping_path.read_bytes()
        except OSError:
            raise BadInput(
                "The mapping cannot be read.",
                where=Where(file=mapping_path.name),
                mend="Check the folder and the spelling.",
            ) from None
        return read_mapping(mapping_path), hashlib.sha256(content).hexdigest()
    tree = form.definition.get("mapping")
    if tree is None:
        raise FormWithoutMapping(
            f"The form “{form.code}” has no mapping for files.",
            mend="Give one with --mapping FILE, or add `mapping:` to the next version of the form.",
        )
    text = json.dumps(tree, sort_keys=True)
    return (
        parse_mapping(tree, file=f"forms/{form.code}.yaml"),
        hashlib.sha256(text.encode()).hexdigest(),
    )


def _known(today: date, collected_on: date) -> Known:
    country = get_country()
    return Known(
        dictionary=get_dictionary(),
        schemes=sorted(IdentifierScheme.objects.values_list("code", flat=True)),
        minor_digits=country.minor_digits,
        today=today,
        collected_on=collected_on,
    )


def _home() -> Path:
    return Path(settings.AMANA_HOME)


@contextmanager
def _workshop() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Give a DuckDB connection with a limit, and a private folder that is removed at the end."""
    work = make_folder(_home() / "work")
    _remove_left_behind(work)
    folder = Path(tempfile.mkdtemp(prefix=f"import-{os.getpid()}-", dir=work))
    try:
        with duckdb.connect(
            config={
                "memory_limit": DUCK_MEMORY,
                "threads": DUCK_THREADS,
                "temp_directory": str(folder / "spill"),
            }
        ) as duck:
            yield duck, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(work: Path) -> None:
    """Remove what imports that were killed had unpacked: their process is gone."""
    for folder in work.glob("import-*-*"):
        process = folder.name.split("-")[1]
        if process.isdigit() and int(process) != os.getpid():
            try:
                os.kill(int(process), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except PermissionError:
                continue


def _check_files(
    actor: Actor,
    duck: duckdb.DuckDBPyConnection,
    folder: Path,
    mapping: FileMapping,
    known: Known,
    path: Path,
    people_path: Path | None,
    run: Run,
) -> tuple[Checked, str]:
    runs.progress(run.pk, done=0, message="Reading")
    household_file, people_file = reading.load_files(
        duck=duck, mapping=mapping, path=path, people_path=people_path, folder=folder
    )
    digest = reading.hash_file(path)
    if mapping.layout == "two-files":
        second = reading.find_people_file(path, people_path, mapping)
        if second != path:
            digest = hashlib.sha256((digest + reading.hash_file(second)).encode()).hexdigest()
    _list_areas(actor, duck)
    runs.progress(run.pk, done=0, message="Checking")
    checked = validation.validate(
        duck=duck,
        mapping=mapping,
        known=known,
        household_file=household_file,
        people_file=people_file,
    )
    for table in {t.table for t in (household_file, people_file) if t is not None}:
        duck.execute(f"DROP TABLE {table}")
    return checked, digest


def _list_areas(actor: Actor, duck: duckdb.DuckDBPyConnection) -> None:
    """Give DuckDB the codes of today's areas within the actor's scope; others are unknown here."""
    import pyarrow as pa

    rows = list_areas(actor=actor, permission=IMPORT)
    own = [("national", code, pk) for code, pk in rows.values_list("code", "pk")]
    further = AreaCode.objects.filter(area__in=rows).values_list("scheme", "code", "area_id")
    listed = [*own, *further]
    columns = list(zip(*listed, strict=True)) if listed else [(), (), ()]
    table = pa.table(
        {
            "scheme": pa.array(columns[0], pa.string()),
            "code": pa.array(columns[1], pa.string()),
            "area_id": pa.array(columns[2], pa.int64()),
        }
    )
    duck.register("areas_now", table)
    duck.execute("CREATE TABLE areas AS SELECT * FROM areas_now")
    duck.unregister("areas_now")


def _write_errors(duck: duckdb.DuckDBPyConnection, run: Run) -> Path:
    path = make_folder(_home() / "imports") / f"{run.reference}-errors.csv"
    typed_tables.write_errors(duck, str(path))
    path.chmod(0o600)
    return path


def _record(
    *,
    actor: Actor,
    duck: duckdb.DuckDBPyConnection,
    folder: Path,
    form: Form,
    mapping: FileMapping,
    run: Run,
    rows: int,
    dated: bool,
    at: datetime,
) -> Counts:
    identifiers = mapping.person.identifiers if mapping.person else ()
    origin = Origin(
        source=form.source,
        form=form.code,
        form_version=form.version,
        channel=form.channel,
        author="",
        legal_basis=form.legal_basis,
        run_id=run.pk,
        dated=dated,
    )
    typed_tables.complete(duck, mapping)
    counts = registry.record_evidence(
        actor=actor,
        duck=duck,
        origin=origin,
        schemes=tuple(identifier.scheme for identifier in identifiers),
        at=at,
        folder=folder,
        tell=lambda share, words: runs.progress(
            run.pk, done=int(rows * share), total=rows, message=words
        ),
    )
    if identifiers and counts.submissions:
        identity.record_identifiers(
            actor=actor,
            duck=duck,
            schemes=[(identifier.scheme, identifier.issuer) for identifier in identifiers],
            at=at,
        )
    return counts
