"""Publication of a programme's version from a blueprint."""

from __future__ import annotations

from datetime import datetime

from amana.access import scope
from amana.kernel.changes import What
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import Problems, Where
from amana.places.models import Area
from amana.programmes.definition import Definition
from amana.programmes.definition_file import ProgrammeFile
from amana.programmes.errors import VersionAltered
from amana.programmes.models import PlaceQuota, Programme, ProgrammeVersion

PUBLISH = "programmes.publish_programme"


def plan_programme(file: ProgrammeFile) -> What:
    """Tell what publishing would do, without doing it.

    Raises:
        VersionAltered: the version is published already, with other content.
    """
    definition = file.definition
    known = ProgrammeVersion.objects.filter(programme__code=definition.code)
    same = known.filter(version=definition.version).first()
    if same is None:
        return "changed" if known.exists() else "created"
    if same.sha256 != definition.sha256:
        raise VersionAltered(
            f"Version {definition.version} of {definition.code} was published on "
            f"{same.published_at:%d %b %Y} and says something else.",
            mend="A published version is never altered: give the file a new “version:”.",
            where=Where(file=f"programmes/{definition.code}.yaml", field="version"),
        )
    return "unchanged"


@command(PUBLISH)
def publish_programme(*, actor: Actor, file: ProgrammeFile, source: str, at: datetime) -> What:
    """Publish one version of a programme: created, changed (a new version) or unchanged.

    The caller has read the file with `read_programme` and checked its rules with
    `checking.check_programme`, so that all mistakes of a blueprint are told at once; the areas of
    its places are checked here against those that exist.

    Args:
        source: the text of the file, kept with the version.

    Raises:
        VersionAltered: the version is published already, with other content.
        BadInputs: a place is for an area that does not exist.
    """
    definition = file.definition
    scope.require(actor, PUBLISH, programme=definition.code)
    what = plan_programme(file)
    note(subject=definition.code, programme=definition.code, digest=definition.sha256, what=what)
    if what == "unchanged":
        return what
    programme, _new = Programme.objects.update_or_create(
        code=definition.code,
        defaults={
            "title": definition.title.by_language,
            "agency": definition.agency,
            "unit_kind": definition.unit.upper(),
            "external": definition.external,
        },
    )
    version = ProgrammeVersion.objects.create(
        programme=programme,
        version=definition.version,
        definition=definition.to_json(),
        source=source,
        sha256=definition.sha256,
        valid_from=definition.valid_from,
        published_at=at,
        published_by=actor.username,
    )
    _write_quotas(version, definition)
    return what


def _write_quotas(version: ProgrammeVersion, definition: Definition) -> None:
    if definition.places is None:
        return
    quotas = definition.places.quotas
    areas = dict(
        Area.objects.filter(
            code__in={quota.area for quota in quotas if quota.area}, valid_to__isnull=True
        ).values_list("code", "pk")
    )
    problems = Problems(f"The places of {definition.code} have mistakes.")
    for quota in quotas:
        if quota.area and quota.area not in areas:
            problems.add(
                f"There is no area “{quota.area}”.",
                mend="Use a code of areas.csv.",
                where=Where(field=f"{definition.code}.places"),
            )
    problems.raise_if_any()
    PlaceQuota.objects.bulk_create(
        PlaceQuota(
            version=version,
            area_id=areas[quota.area] if quota.area else None,
            year=quota.year,
            places=quota.places,
        )
        for quota in quotas
    )
