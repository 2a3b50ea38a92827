"""Taking evidence into the registry in bulk: submissions, people, households, their facts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from amana.access import scope
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import NotPermitted
from amana.places.bulk import cursor
from amana.registry import merging
from amana.registry.evidence import Batch, Counts, Origin, Tell

#: The act this is part of; intake declares it.
IMPORT = "intake.import_file"
#: First half of the advisory lock that lets one batch of a source in at a time.
SOURCE_LOCK = 0x534F5552


@command(IMPORT)
def record_evidence(
    *,
    actor: Actor,
    duck: duckdb.DuckDBPyConnection,
    origin: Origin,
    schemes: tuple[str, ...],
    at: datetime,
    folder: Path,
    tell: Tell | None = None,
) -> Counts:
    """Take a batch of checked households and people into the registry, as evidence and as facts.

    Rows whose content is that of the last batch of the source cost a comparison and write nothing.

    Args:
        duck: connection with the tables `households` and `people` (`amana.intake.validation`).
        origin: where the batch comes from.
        schemes: schemes of the identity numbers in `people`; they are sealed with the submission
            and recorded as identifiers by the identity room.
        at: now.
        folder: private folder for what passes through the disk.
        tell: is told the progress; what it raises stops the batch, and nothing of it was written.

    Returns:
        What became of the rows. `duck` then has `px` (pkey, id, is_new, differs, sid): the key of
        each person.
    """
    with cursor() as cur:
        # When this process is killed, the server gives up its statement, and the lock with it.
        cur.execute("SET LOCAL client_connection_check_interval = '2s'")
        cur.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SOURCE_LOCK, origin.source])
    batch = Batch(duck=duck, origin=origin, at=at, folder=folder, schemes=schemes, tell=tell)
    counts = batch.resolve()
    _require_scope(actor, batch)
    if counts.submissions:
        batch.seal()
        if counts.households_changed or counts.people_changed or _joins_known(duck):
            merging.write_merged(batch)
        else:
            batch.write_submissions()
            batch.name_all()
            batch.write_new()
    details: dict[str, Any] = counts.as_dict()
    note(subject=origin.source, form=origin.form, **details)
    return counts


def _require_scope(actor: Actor, batch: Batch) -> None:
    """Refuse a batch that would change households or people outside the actor's areas."""
    tops = [piece.area_id for piece in scope.reaches(actor, IMPORT)]
    if None in tops or not batch.some_known:
        return
    with cursor() as cur:
        cur.execute(
            """
            SELECT count(*) FROM batch_keys b
            JOIN registry_sourcekey k ON k.source = %s AND k.external_id = b.external_id
                AND (k.group_id IS NULL) = (b.kind = 'p')
            LEFT JOIN registry_group g ON g.id = k.group_id
            LEFT JOIN registry_person p ON p.id = k.person_id
            LEFT JOIN places_area a ON a.id = coalesce(g.area_id, p.area_id)
            WHERE a.path IS NULL OR NOT a.path && %s::bigint[]
            """,
            [batch.origin.source, tops],
        )
        (count,) = cur.fetchone()
    if count:
        raise NotPermitted(
            f"{count} households and people of this file are registered outside your areas.",
            mend="Leave them out, or ask somebody whose areas include them to import the file.",
        )


def _joins_known(duck: duckdb.DuckDBPyConnection) -> bool:
    """Whether somebody new joins a household that is known."""
    ((count,),) = duck.execute(
        "SELECT count(*) FROM m JOIN px USING (pkey) JOIN gx ON gx.hkey = m.hkey "
        "WHERE px.is_new AND NOT gx.is_new"
    ).fetchall()
    return bool(count)
