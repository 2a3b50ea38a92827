"""A blueprint: a country, or a programme, as a folder of files that people read and review.

Reading is pure: no database. Every file is read whole and every mistake of the folder is noted
before anything is done, so that its author mends them in one go. The files are described in
docs/reference/blueprint.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from amana.access.roles_file import RolesDefinition, read_roles
from amana.engine.schema import Schema
from amana.exchange.form_file import FormFile, check_form, read_form
from amana.kernel.errors import Problems, Where
from amana.kernel.text_source import nearest, read_text
from amana.kernel.yaml_source import Source, parse_yaml
from amana.payments.channel_file import ChannelDefinition, read_channel
from amana.places.areas_file import AreaFile, LevelRow, read_areas
from amana.places.commands import CountryDefinition
from amana.programmes.checking import check_programme
from amana.programmes.definition_file import ProgrammeFile, read_programme
from amana.registry.dictionary import (
    Dictionary,
    check_code_meanings,
    core_dictionary,
    missing_languages,
    read_dictionary,
    untranslated,
)
from amana.registry.rule_schema import rule_schema
from amana.scoring.definition import ModelFile, check_model, read_model

D = TypeVar("D")

FOLDERS: Final = ("forms", "models", "programmes", "channels")
TOP_FILES: Final = ("blueprint.yaml", "dictionary.yaml", "roles.yaml")
UNIT_KINDS: Final = ("household", "family", "institution", "other")
CALENDARS: Final = ("monthly",)
LANGUAGE: Final = re.compile(r"^[a-z]{2,3}(-[A-Za-z]+)?$")
FILES_MAX: Final = 2_000


@dataclass(frozen=True)
class FileOf(Generic[D]):
    """A definition, the file it was read from and its text."""

    definition: D
    source: Source
    text: str

    @property
    def name(self) -> str:
        """The file as it is named in messages: `programmes/child-grant.yaml`."""
        return self.source.file


@dataclass
class Blueprint:
    """What a folder says. Trust it only when its problems are empty.

    Args:
        schemes: kinds of identity numbers: code, title, issuer, check_with.
        warnings: what is accepted and may be wanted otherwise.
    """

    folder: Path
    problems: Problems
    country: CountryDefinition | None = None
    areas: AreaFile | None = None
    dictionary: Dictionary = field(default_factory=core_dictionary)
    schemes: Sequence[Mapping[str, Any]] = ()
    roles: RolesDefinition | None = None
    channels: list[FileOf[ChannelDefinition]] = field(default_factory=list)
    models: list[FileOf[ModelFile]] = field(default_factory=list)
    forms: list[FileOf[FormFile]] = field(default_factory=list)
    programmes: list[FileOf[ProgrammeFile]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_blueprint(folder: Path, *, permissions: Sequence[str]) -> Blueprint:
    """Read a folder; every mistake is noted in the blueprint's problems.

    Args:
        permissions: every permission that any room declares, for roles.yaml.
    """
    return _Reader(folder, permissions).read()


class _Reader:
    def __init__(self, folder: Path, permissions: Sequence[str]) -> None:
        self.folder = folder
        self.permissions = permissions
        self.problems = Problems(f"The blueprint {folder.name} has mistakes; nothing was changed.")
        self.blueprint = Blueprint(folder, self.problems)
        self.hashes: dict[str, str] = {}
        self.titles: list[str] = []

    def read(self) -> Blueprint:
        blueprint = self.blueprint
        if not self.folder.is_dir():
            self.problems.add(
                f"There is no folder “{self.folder}”.",
                mend="Name the folder that holds blueprint.yaml.",
                code="BLUEPRINT_ABSENT",
            )
            return blueprint
        self.look_for_strangers()
        top = self.open("blueprint.yaml")
        country, levels, area_file, polygons = self.read_top(top)
        languages = country.languages if country else ("en",)
        if (self.folder / "dictionary.yaml").exists():
            source = self.open("dictionary.yaml")
            blueprint.dictionary = read_dictionary(source)
            check_code_meanings(blueprint.dictionary, source)
            self.titles += untranslated(blueprint.dictionary, languages)
        blueprint.areas = self.read_areas(area_file, polygons, levels)
        if (self.folder / "roles.yaml").exists():
            blueprint.roles = read_roles(self.open("roles.yaml"), permissions=self.permissions)
        schema = self.schema(country, levels)
        blueprint.channels = list(self.each("channels", "channel", read_channel))
        blueprint.models = list(self.each("models", "model", read_model))
        blueprint.forms = list(self.each("forms", "form", read_form))
        for form in blueprint.forms:
            check_form(
                form.definition,
                dictionary=blueprint.dictionary,
                schemes=[scheme["code"] for scheme in blueprint.schemes],
                minor_digits=country.minor_digits if country else 2,
            )
        self.read_programmes(country, schema)
        self.check_users()
        if country is not None:
            self.list_untranslated(languages)
            digest = hashlib.sha256(
                "\n".join(f"{name} {sha}" for name, sha in sorted(self.hashes.items())).encode()
            )
            blueprint.country = replace(
                country,
                files=dict(sorted(self.hashes.items())),
                untranslated=tuple(self.titles),
                sha256=digest.hexdigest(),
            )
        blueprint.warnings += self.unused_variables()
        return blueprint

    # -- files ----------------------------------------------------------------------------------

    def open(self, name: str) -> Source:
        text = self.text(name)
        if text is None:
            return Source(name, self.problems, None)
        return parse_yaml(text, file=name, problems=self.problems)

    def text(self, name: str) -> str | None:
        text = read_text(self.folder / name, problems=self.problems, file=name)
        if text is not None:
            self.hashes[name] = hashlib.sha256(text.encode()).hexdigest()
        return text

    def look_for_strangers(self) -> None:
        """Refuse YAML files and folders that nothing would read: a slip in a name, most likely."""
        for path in sorted(self.folder.iterdir()):
            name = path.name
            if path.is_file() and path.suffix in (".yaml", ".yml") and name not in TOP_FILES:
                self.problems.add(
                    "Nothing reads this file.",
                    mend=nearest(name, TOP_FILES) or f"Known are {', '.join(TOP_FILES)}.",
                    where=Where(file=name),
                    code="FILE_UNKNOWN",
                )
            elif path.is_dir() and name not in FOLDERS and any(path.glob("*.y*ml")):
                self.problems.add(
                    "Nothing reads this folder.",
                    mend=nearest(name, FOLDERS) or f"Known are {', '.join(FOLDERS)}.",
                    where=Where(file=f"{name}/"),
                    code="FILE_UNKNOWN",
                )

    def each(self, folder: str, key: str, read: Callable[[Source], D]) -> Iterator[FileOf[D]]:
        """Read each file of a folder; its code is its name."""
        for path in sorted((self.folder / folder).glob("*.y*ml"))[:FILES_MAX]:
            name = f"{folder}/{path.name}"
            text = self.text(name)
            if text is None:
                continue
            source = parse_yaml(text, file=name, problems=self.problems)
            if not source:
                continue
            definition = read(source)
            code = source.at(key).raw()
            if code and code != path.stem:
                source.problem(
                    f"The file is named {path.name} and holds the {key} “{code}”.",
                    key=key,
                    mend=f"Name the file {code}.yaml.",
                )
            yield FileOf(definition, source, text)

    # -- blueprint.yaml -------------------------------------------------------------------------

    def read_top(self, top: Source) -> tuple[CountryDefinition | None, list[LevelRow], str, str]:
        if not top:
            return None, [], "", ""
        before = len(self.problems.found)
        money = top.mapping("currency")
        languages = top.words("languages") or ["en"]
        for language in languages:
            if not LANGUAGE.match(language):
                top.problem(
                    f"“{language}” is not a language code.",
                    key="languages",
                    mend="Use codes such as en, fr, sw.",
                )
        levels = self.read_levels(top)
        country = CountryDefinition(
            blueprint=top.code("blueprint"),
            version=top.text("version"),
            title=top.translations("title"),
            country=self.upper(top, "country", 2, "the two letters of ISO 3166, or XX"),
            currency=self.upper(money, "code", 3, "the three letters of ISO 4217, or XTS"),
            currency_title=money.translations("title", {}),
            minor_digits=money.integer("minor_digits", 2, minimum=0, maximum=6),
            languages=tuple(languages),
            unit_kind=top.one_of("unit_kind", UNIT_KINDS, "household"),
            calendar=top.one_of("calendar", CALENDARS, "monthly"),
            files={},
            untranslated=(),
            sha256="",
        )
        self.blueprint.schemes = self.read_schemes(top)
        area_file = top.text("area_file", "areas.csv")
        polygons = top.text("polygons", "")
        money.finish()
        top.finish()
        self.titles += missing_languages("blueprint", country.title, languages)
        good = len(self.problems.found) == before
        return (country if good else None), levels, area_file, polygons

    def upper(self, source: Source, key: str, length: int, expected: str) -> str:
        text = source.text(key)
        if text and not re.fullmatch(rf"[A-Z]{{{length}}}", text):
            source.problem(f"“{text}” does not fit “{key}”.", key=key, mend=f"Expected {expected}.")
        return text

    def read_levels(self, top: Source) -> list[LevelRow]:
        levels: list[LevelRow] = []
        for depth, item in enumerate(top.list_of("levels", required=True), 1):
            code = item.code("code", name=True)
            if code in {level.code for level in levels}:
                item.problem(f"The level “{code}” stands twice.", key="code", mend="Rename one.")
                continue
            levels.append(LevelRow(code, item.translations("title"), depth))
            item.finish()
        if top and len(levels) > 9:
            top.problem("There are more than nine levels.", key="levels", mend="Use fewer.")
        return levels

    def read_schemes(self, top: Source) -> list[dict[str, Any]]:
        schemes = []
        for item in top.list_of("identifiers"):
            schemes.append(
                {
                    "code": item.code("scheme"),
                    "title": item.translations("title"),
                    "issuer": item.text("issuer", ""),
                    "check_with": item.text("check_with", ""),
                }
            )
            item.finish()
        return schemes

    def read_areas(self, area_file: str, polygons: str, levels: list[LevelRow]) -> AreaFile | None:
        if not area_file or not levels:
            return None
        for name in filter(None, (area_file, polygons)):
            path = self.folder / name
            if "/" in name or "\\" in name:
                self.problems.add(
                    f"“{name}” is not beside blueprint.yaml.", where=Where(file="blueprint.yaml")
                )
                return None
            if path.is_file():
                self.hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        variables = {v.code: v.type for v in self.blueprint.dictionary.of("area") if v.is_simple}
        areas = read_areas(
            self.folder / area_file,
            levels=levels,
            variables=variables,
            problems=self.problems,
            polygons=self.folder / polygons if polygons else None,
        )
        self.blueprint.warnings += areas.warnings
        return areas

    # -- rules ----------------------------------------------------------------------------------

    def schema(self, country: CountryDefinition | None, levels: list[LevelRow]) -> Schema:
        codes = [path.stem for path in (self.folder / "programmes").glob("*.y*ml")]
        return rule_schema(
            self.blueprint.dictionary,
            levels=[level.code for level in levels],
            minor_digits=country.minor_digits if country else 2,
            programmes=codes,
        )

    def read_programmes(self, country: CountryDefinition | None, schema: Schema) -> None:
        blueprint = self.blueprint
        models = {}
        for file in blueprint.models:
            before = len(self.problems.found)
            check_model(file.definition, schema=schema)
            if len(self.problems.found) == before or file.definition.model.code:
                models[file.definition.model.code] = file.definition.model
        areas = None
        if blueprint.areas is not None and blueprint.areas.rows:
            areas = {row.code for row in blueprint.areas.rows}

        def read(source: Source) -> ProgrammeFile:
            return read_programme(
                source,
                folder=self.folder / "programmes",
                currency=country.currency if country else "XTS",
                minor_digits=country.minor_digits if country else 2,
            )

        for programme in self.each("programmes", "programme", read):
            check_programme(programme.definition, schema=schema, models=models, areas=areas)
            blueprint.programmes.append(programme)
            known = {channel.definition.code for channel in blueprint.channels}
            for channel in programme.definition.definition.channels:
                if channel not in known:
                    programme.source.at("payment").problem(
                        f"There is no payment channel “{channel}”.",
                        key="channels",
                        mend=nearest(channel, known) or f"Write channels/{channel}.yaml.",
                    )
        for path in sorted((self.folder / "programmes").glob("*.csv")):
            self.hashes[f"programmes/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()

    # -- what to look at ------------------------------------------------------------------------

    def list_untranslated(self, languages: Sequence[str]) -> None:
        """List the texts for people that lack a language, as “programmes/x.yaml, title: sw”."""
        blueprint = self.blueprint
        sources = [file.source for file in blueprint.forms]
        sources += [file.source for file in blueprint.models]
        sources += [file.source for file in blueprint.channels]
        sources += [file.source for file in blueprint.programmes]
        if blueprint.roles is not None and blueprint.roles.source is not None:
            sources.append(blueprint.roles.source)
        for source in sources:
            self.titles += _untranslated(source.value(), source.file, (), languages)

    def check_users(self) -> None:
        """Check that users are given roles in areas and programmes that there are."""
        roles, areas = self.blueprint.roles, self.blueprint.areas
        known_areas = {row.code for row in areas.rows} if areas else set()
        known_programmes = {file.definition.definition.code for file in self.blueprint.programmes}
        for user in roles.users if roles else ():
            for grant in user.roles:
                where = Where(file="roles.yaml", field=f"users.{user.username}")
                if grant.area and known_areas and grant.area not in known_areas:
                    self.problems.add(
                        f"There is no area “{grant.area}”.",
                        mend=nearest(grant.area, known_areas) or "Use a code of areas.csv.",
                        where=where,
                        code="AREA_UNKNOWN",
                    )
                if grant.programme and grant.programme not in known_programmes:
                    self.problems.add(
                        f"There is no programme “{grant.programme}”.",
                        mend=nearest(grant.programme, known_programmes)
                        or "Use the code of a programme of this blueprint.",
                        where=where,
                        code="PROGRAMME_UNKNOWN",
                    )

    def unused_variables(self) -> list[str]:
        """Name the country's own variables that are asked for deciding and that no rule reads."""
        texts = [file.text for file in self.blueprint.models]
        texts += [file.text for file in self.blueprint.programmes]
        words = set(re.findall(r"[a-z][a-z0-9_]*", " ".join(texts)))
        deciding = {"scoring", "eligibility", "benefit", "conditions"}
        return [
            f"The variable “{v.code}” is asked for {' and '.join(sorted(deciding & {*v.purposes}))}"
            " and no rule reads it."
            for v in self.blueprint.dictionary.variables.values()
            if not v.core and deciding & {*v.purposes} and v.code not in words
        ]


#: Keys that hold texts for people.
TEXTS: Final = frozenset({"title", "says", "says_not"})


def _untranslated(
    value: Any, file: str, path: tuple[str, ...], languages: Sequence[str]
) -> list[str]:
    found: list[str] = []
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            last = f"{path[-1] if path else ''}[{number}]"
            found += _untranslated(item, file, (*path[:-1], last), languages)
    elif isinstance(value, dict):
        for key, item in value.items():
            here = (*path, key)
            if key in TEXTS and item is not None and not isinstance(item, list):
                texts = item if isinstance(item, dict) else {"": item}
                found += missing_languages(f"{file}, {'.'.join(here)}", texts, languages)
            else:
                found += _untranslated(item, file, here, languages)
    return found
