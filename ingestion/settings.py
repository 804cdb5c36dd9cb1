"""Reads and validates sei.toml and the environment: the only file of the project that does.

Keys and defaults are the public face (sei.example.toml documents each). A wrong setting raises
SettingsError with one line per mistake: file, key, reason.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from ingestion.teams_csv import teams_of_csv

DEFAULT_HISTORY_DAYS = 365
DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(m|h|d|w)\s*$")
HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
Tier = Literal["production", "staging", "testing", "development", "other"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class SettingsError(Exception):
    """Wrong settings; the message is for people, one line per mistake."""


def _duration_hours(value: Any) -> Any:
    """Hours of a text like 15m, 12h, 7d or 2w."""
    if isinstance(value, str):
        match = DURATION.match(value)
        if not match:
            raise ValueError(
                f'"{value}" is no duration; write a number with m, h, d or w, like "7d"'
            )
        return float(match[1]) * HOURS[match[2]]
    raise ValueError('a duration is a text like "7d"')


def _regular_expression(value: str) -> str:
    # Postgres is the one that matches, Python only checks: both read these simple patterns alike.
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f'"{value}" is no regular expression: {error}') from None
    return value


def _secret_reference(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"^(env|dlt):.+", value):
        # The value itself is never repeated: it may be a real secret.
        raise ValueError(
            "a secret is not written here but referred to: "
            '"env:NAME" for an environment variable or "dlt:path" for dlt\'s secrets'
        )
    return value


def _window_hours(value: Any) -> Any:
    return None if value == "unlimited" else _duration_hours(value)


def _kept_hours(value: Any) -> Any:
    return None if value == "off" else _duration_hours(value)


Duration = Annotated[float, BeforeValidator(_duration_hours)]
Kept = Annotated[float | None, BeforeValidator(_kept_hours)]
Window = Annotated[float | None, BeforeValidator(_window_hours)]
Pattern = Annotated[str, AfterValidator(_regular_expression)]
SecretReference = Annotated[str, BeforeValidator(_secret_reference)]


def reveal(reference: str, environ: Mapping[str, str] | None = None) -> SecretStr:
    """The secret behind a reference such as "env:GITHUB_TOKEN" or "dlt:github.token".

    Raises SettingsError when there is none.
    """
    environ = os.environ if environ is None else environ
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = environ.get(name, "").strip()
        if not value:
            raise SettingsError(
                f"environment variable {name} is not set: set it, or change {reference!r}"
            )
        return SecretStr(value)
    import dlt

    value = dlt.secrets.get(name)
    if not value:
        raise SettingsError(f"dlt has no secret {name}: add it to .dlt/secrets.toml")
    return SecretStr(str(value))


def _as_list(value: Any) -> Any:
    if value == []:
        raise ValueError("an empty list of tokens")
    return [value] if isinstance(value, str) else value


def _revealed(
    where: str,
    references: list[str],
    environ: Mapping[str, str] | None,
    *,
    split: bool = True,
) -> list[SecretStr]:
    """The secrets behind references; one may hold several, separated by commas, if `split`."""
    found = []
    for reference in references:
        try:
            value = reveal(reference, environ).get_secret_value()
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
        parts = value.split(",") if split else [value]
        found += [SecretStr(part.strip()) for part in parts if part.strip()]
    return found


def matches_repository(full_name: str, globs: list[str]) -> bool:
    """Whether any of the globs matches a repository (owner/name), or the name alone if the glob
    has no slash; letter case is ignored.
    """
    full_name = full_name.lower()
    name = full_name.rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(full_name if "/" in glob else name, glob.lower()) for glob in globs
    )


def _wanted(full_name: str, include: list[str], exclude: list[str]) -> bool:
    return matches_repository(full_name, include) and not matches_repository(full_name, exclude)


class Section(BaseModel):
    """Any table of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Organization(Section):
    """[organization]: the whole company, one per warehouse."""

    name: str = "My organization"
    slug: str = Field(default="organization", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    timezone: str = "UTC"
    week_starts_on: Day = "monday"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(
                f'"{value}" is not an IANA time zone; write one like "Europe/Berlin" or "UTC"'
            )
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which periods are cut."""
        return ZoneInfo(self.timezone)


class History(Section):
    """[history]: how far back the first sync goes."""

    since: date | None = None


class GithubApp(Section):
    """A GitHub App in place of a token."""

    id: SecretReference | int
    installation_id: SecretReference | int
    private_key: SecretReference


_NAME = r"^[a-z][a-z0-9_-]*$"


class Connection(Section):
    """What the connections of all sources have in common."""

    name: str = Field(pattern=_NAME, max_length=40)


class GithubConnection(Connection):
    """[[github]]: one GitHub, cloud or Enterprise Server."""

    name: str = Field(default="github", pattern=_NAME, max_length=40)
    api_url: str = Field(default="https://api.github.com", pattern=r"^https?://[^/\s]+")
    token: list[SecretReference] | None = None
    app: GithubApp | None = None
    owners: list[str] = Field(min_length=1)
    include: list[str] = ["*"]
    exclude: list[str] = []
    workflow_jobs: bool | Literal["auto"] = "auto"
    concurrency: int = Field(default=4, ge=1, le=32)

    @model_validator(mode="before")
    @classmethod
    def _app_inside_token(cls, data: Any) -> Any:
        # SETTINGS.md writes `app = {…}` beside token; `token = { app = … }` is a slip worth naming.
        if isinstance(data, dict) and isinstance(data.get("token"), dict):
            raise ValueError('write a GitHub App as  app = { id = "env:…", … }  instead of token')
        return data

    @field_validator("api_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("token", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return _as_list(value)

    @model_validator(mode="after")
    def _one_credential(self) -> GithubConnection:
        if (self.token is None) == (self.app is None):
            raise ValueError('needs either token = "env:GITHUB_TOKEN" or app = { … }')
        return self

    @property
    def graphql_url(self) -> str:
        """Address of GraphQL (GitHub docs, "Forming calls with GraphQL"; Enterprise Server)."""
        if self.api_url.endswith("/api/v3"):
            return self.api_url.removesuffix("/v3") + "/graphql"
        return self.api_url + "/graphql"

    def tokens(self, environ: Mapping[str, str] | None = None) -> list[SecretStr]:
        """The tokens, in the order written; empty when a GitHub App is used.

        A single reference may hold several tokens, separated by commas. Raises SettingsError.
        """
        return _revealed(f'[[github]] "{self.name}", token', self.token or [], environ)

    def wants(self, full_name: str) -> bool:
        """Whether the include and exclude globs let this owner/name through.

        A glob without a slash is matched with the name alone. GitHub names ignore case.
        """
        return _wanted(full_name, self.include, self.exclude)


class GitlabConnection(Connection):
    """[[gitlab]]: one GitLab, gitlab.com or self-managed; its API is below {url}/api/."""

    name: str = Field(default="gitlab", pattern=_NAME, max_length=40)
    url: str = Field(default="https://gitlab.com", pattern=r"^https?://[^/\s]+")
    token: list[SecretReference]
    groups: list[str] = Field(min_length=1)
    include: list[str] = ["*"]
    exclude: list[str] = []
    jobs: bool = True
    concurrency: int = Field(default=4, ge=1, le=32)

    @field_validator("url")
    @classmethod
    def _the_root(cls, value: str) -> str:
        return value.rstrip("/").removesuffix("/api/v4")

    @field_validator("token", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return _as_list(value)

    @property
    def api_url(self) -> str:
        """Address of REST v4."""
        return self.url + "/api/v4"

    @property
    def graphql_url(self) -> str:
        """Address of GraphQL."""
        return self.url + "/api/graphql"

    def tokens(self, environ: Mapping[str, str] | None = None) -> list[SecretStr]:
        """The tokens, in the order written, as `GithubConnection.tokens`. Raises SettingsError."""
        return _revealed(f'[[gitlab]] "{self.name}", token', self.token, environ)

    def wants(self, full_path: str) -> bool:
        """Whether the include and exclude globs let this project (its full path) through.

        A glob without a slash is matched with the last part alone; letter case does not matter.
        """
        return _wanted(full_path, self.include, self.exclude)


class JiraConnection(Connection):
    """[[jira]]: one Jira Cloud site."""

    name: str = Field(default="jira", pattern=_NAME, max_length=40)
    url: str = Field(pattern=r"^https?://[^/\s]+")
    email: str
    token: SecretReference
    projects: list[str] | None = None
    story_points_field: str | None = None
    sprint_field: str | None = None
    status_categories: dict[str, Literal["new", "indeterminate", "done"]] = {}
    concurrency: int = Field(default=4, ge=1, le=32)

    @field_validator("url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    def credentials(self, environ: Mapping[str, str] | None = None) -> tuple[str, SecretStr]:
        """E-mail address and API token (basic authentication). Raises SettingsError."""
        (token,) = _revealed(f'[[jira]] "{self.name}", token', [self.token], environ, split=False)
        email = self.email
        if re.match(r"^(env|dlt):.+", email):
            (found,) = _revealed(f'[[jira]] "{self.name}", email', [email], environ, split=False)
            email = found.get_secret_value()
        return email, token


class DeploymentRule(Section):
    """[[deployment_rules]]: what counts as a deployment; the first that matches an event wins."""

    kind: Literal["deployment", "workflow_run", "job", "pipeline", "release", "tag", "merge"]
    connection: str | None = None
    repositories: list[str] | None = None
    environment: Pattern | None = None
    name: Pattern | None = None
    branch: Pattern | None = None
    tier: Tier | None = None
    service: str | None = None

    @model_validator(mode="after")
    def _only_what_the_kind_has(self) -> DeploymentRule:
        has = {
            "deployment": {"environment", "branch"},
            "workflow_run": {"name", "branch"},
            "job": {"name", "branch"},
            "pipeline": {"name", "branch"},
            "release": {"name"},
            "tag": {"name"},
            "merge": {"branch"},
        }[self.kind]
        for key in ("environment", "name", "branch"):
            if getattr(self, key) is not None and key not in has:
                known = ", ".join(sorted(has))
                raise ValueError(f"a rule of kind {self.kind} has no {key} (it has: {known})")
        return self


class IncidentRule(Section):
    """[[incident_rules]]: which issues are incidents; any rule that matches makes one.

    Of one rule, all the conditions given must hold; of a condition's list, any one.
    """

    connection: str | None = None
    repositories: list[str] | None = None
    labels: list[str] | None = None
    issue_types: list[str] | None = None
    projects: list[str] | None = None
    components: list[str] | None = None
    priorities: list[str] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> IncidentRule:
        given = (self.labels, self.issue_types, self.projects, self.components, self.priorities)
        if not any(given):
            raise ValueError(
                "needs labels, issue_types, projects, components or priorities,"
                " else every issue matches"
            )
        return self


class Hotfix(Section):
    """metrics.hotfix: what makes a pull request a hotfix."""

    labels: list[str] = ["hotfix"]
    branches: list[str] = ["hotfix/*"]


DEFAULT_ENVIRONMENTS: dict[str, str] = {
    "production": "(?i)^(prod|production|live)",
    "staging": "(?i)stag|preprod|uat",
    "testing": "(?i)test|qa|ci",
    "development": "(?i)dev|preview",
}


def _has_bands(value: Any) -> Any:
    if value == 2025:
        raise ValueError(
            "DORA's report of 2025 has no bands (elite, high, medium, low), but a distribution"
            " that is not part of this program; choose 2019, 2021, 2023 or 2024"
        )
    return value


class Metrics(Section):
    """[metrics]: how the numbers are computed (METRICS)."""

    environments: dict[Tier, Pattern] = Field(
        default_factory=lambda: dict(DEFAULT_ENVIRONMENTS)  # type: ignore[arg-type]
    )
    incident_link_window: Window = 168.0  # None: unlimited
    revert_counts_as_failure: bool = True
    baseline_window: Duration = 0.0
    deduplication_window: Duration = 0.0
    minimum_sample: int = Field(default=3, ge=1)
    exclude_bots: bool = False
    bands_year: Annotated[Literal[2019, 2021, 2023, 2024], BeforeValidator(_has_bands)] = 2024
    hotfix: Hotfix = Hotfix()

    @field_validator("environments")
    @classmethod
    def _each_replaceable(cls, value: dict[str, str]) -> dict[str, str]:
        return {**DEFAULT_ENVIRONMENTS, **value}


class Member(Section):
    """A member of a team, with the days of the membership (`until` is the first day after it)."""

    account: str = Field(min_length=1)
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Member:
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until must be later than since")
        return self


def _as_member(value: Any) -> Any:
    return {"account": value} if isinstance(value, str) else value


class Team(Section):
    """[[teams]]: a team; its members are accounts (connection:login) or e-mail addresses.

    `same`: teams and groups of the sources ("github:acme/payments", "gitlab:acme/payments") that
    are this team; their members are its members too.
    """

    name: str = Field(min_length=1)
    members: list[Annotated[Member, BeforeValidator(_as_member)]] = []
    parent: str | None = None
    same: list[str] = []


class JiraScope(Section):
    """services.jira: where a service's incidents and issues are kept."""

    projects: list[str] = []
    components: list[str] = []


class Service(Section):
    """[[services]]: what is deployed on its own."""

    name: str = Field(min_length=1)
    team: str | None = None
    repositories: list[str] = []
    paths: dict[str, str] = {}
    jira: JiraScope = JiraScope()

    @model_validator(mode="after")
    def _somewhere(self) -> Service:
        if not self.repositories and not self.paths:
            raise ValueError("needs repositories or paths")
        return self


class People(Section):
    """[[people]]: accounts that are, or are not, one person."""

    same: list[str] | None = Field(None, min_length=2)
    different: list[str] | None = Field(None, min_length=2)

    @model_validator(mode="after")
    def _one_of_both(self) -> People:
        if (self.same is None) == (self.different is None):
            raise ValueError("needs either same or different")
        return self


class Bots(Section):
    """[bots]: logins that are bots whatever their account says."""

    logins: list[str] = []


class Privacy(Section):
    """[privacy]: what is stored and shown of people."""

    store_bodies: bool = False
    pseudonymize: bool = False


class Retention(Section):
    """[retention]: how long what grows is kept, in hours; None: for ever."""

    raw: Kept = None
    runs: Kept = 90 * 24.0
    checks: Kept = 400 * 24.0
    requests: Kept = 90 * 24.0

    @field_validator("raw")
    @classmethod
    def _long_enough(cls, value: float | None) -> float | None:
        if value is not None and value < 180 * 24:
            raise ValueError('shorter than "180d": numbers of 90 days need what came before them')
        return value

    @field_validator("runs", "checks", "requests")
    @classmethod
    def _a_week(cls, value: float | None) -> float | None:
        if value is not None and value < 7 * 24:
            raise ValueError('shorter than "7d"')
        return value


class Schedule(Section):
    """[schedule]: when `sei up` refreshes everything."""

    nightly: str = Field(
        default="0 3 * * *", pattern=r"^\s*([\d*/,-]+\s+){2}[\d*/,L-]+\s+[\w*/,-]+\s+[\w*/,-]+\s*$"
    )


class Settings(Section):
    """sei.toml as a whole."""

    organization: Organization = Organization()
    history: History = History()
    github: list[GithubConnection] = []
    gitlab: list[GitlabConnection] = []
    jira: list[JiraConnection] = []
    deployment_rules: list[DeploymentRule] = []
    incident_rules: list[IncidentRule] = []
    metrics: Metrics = Metrics()
    teams: list[Team] = []
    teams_csv: str | None = None
    services: list[Service] = []
    people: list[People] = []
    bots: Bots = Bots()
    privacy: Privacy = Privacy()
    retention: Retention = Retention()
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _names_fit_together(self) -> Settings:
        names = [connection.name for connection in (*self.github, *self.gitlab, *self.jira)]
        for name in {name for name in names if names.count(name) > 1}:
            raise ValueError(f'two connections are called "{name}"; their name must be unique')
        if not names:
            raise ValueError(
                'no connection to load: add [[github]] with owners = ["…"] and a token,'
                " or [[gitlab]], or [[jira]]"
            )
        wanted = [
            *(
                ("deployment_rules", n, r.connection)
                for n, r in enumerate(self.deployment_rules, 1)
            ),
            *(("incident_rules", n, r.connection) for n, r in enumerate(self.incident_rules, 1)),
        ]
        for title, position, connection in wanted:
            if connection is not None and connection not in names:
                raise ValueError(f'{title}[{position}]: no connection is called "{connection}"')
        services = [service.name for service in self.services]
        for n, rule in enumerate(self.deployment_rules, 1):
            if rule.service is not None and rule.service not in services:
                raise ValueError(f'deployment_rules[{n}]: no service is called "{rule.service}"')
        for title, called in (
            ("teams", [team.name for team in self.teams]),
            ("services", services),
        ):
            for name in {name for name in called if called.count(name) > 1}:
                raise ValueError(f'{title}: two are called "{name}"')
        return self

    def with_history_since(self, day: date) -> Settings:
        """These settings with a history that begins on that day, if it does not before."""
        earlier = self.model_copy(update={"history": History(since=day)})
        return earlier if earlier.history_since() < self.history_since() else self

    def history_since(self, now: datetime | None = None) -> datetime:
        """Start of the history to load, in UTC: midnight of history.since in the organization's
        zone, else 365 days before `now`."""
        if self.history.since is None:
            return (now or datetime.now(UTC)) - timedelta(days=DEFAULT_HISTORY_DAYS)
        since = self.history.since
        start = datetime(since.year, since.month, since.day, tzinfo=self.organization.zone)
        return start.astimezone(UTC)


def config_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the settings are read from: SEI_CONFIG, else ./sei.toml."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("SEI_CONFIG") or "sei.toml")


def home_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where this installation keeps its own files: SEI_HOME, else ./.sei."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("SEI_HOME") or ".sei").absolute()


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The validated settings of a file; secrets stay references until they are used.

    Raises SettingsError, one line per mistake, naming file, key and reason.
    """
    path = path or config_path(environ)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: no such file; copy sei.example.toml to sei.toml, or set SEI_CONFIG"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read: {error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(path, error))) from None
    if settings.teams_csv is None:
        return settings
    source = path.parent / settings.teams_csv
    try:
        read = teams_of_csv(source)
    except ValueError as error:
        raise SettingsError(f"{path}: teams_csv: {error}") from None
    data["teams"] = [*data.get("teams", []), *read]
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(source, error))) from None


def _lines(path: Path, error: ValidationError) -> list[str]:
    """One line per mistake. The input is left out: it may hold a secret."""
    lines = []
    for mistake in error.errors(include_url=False, include_input=False, include_context=False):
        key = ""
        # Names of alternatives that pydantic adds to the path are no keys of the file.
        for part in mistake["loc"]:
            if isinstance(part, int):
                key += f"[{part + 1}]"
            elif re.match(r"^[A-Za-z_][\w -]*$", part) and part not in _ALTERNATIVES:
                key += f".{part}" if key else part
        message = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "extra_forbidden":
            message = "unknown key" + _suggestion(mistake["loc"])
        elif mistake["type"] == "missing":
            message = "is missing"
        elif key == "schedule.nightly":
            message = 'is no cron expression of five fields, like "0 3 * * *"'
        line = f"{path}: {key}: {message}" if key else f"{path}: {message}"
        if line not in lines:
            lines.append(line)
    return lines


_ALTERNATIVES = {"str", "int", "float", "date", "list", "function-before", "constrained-str"}


def _suggestion(loc: tuple[int | str, ...]) -> str:
    import difflib

    model: type[BaseModel] = Settings
    for part in loc[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            candidates = [annotation, *getattr(annotation, "__args__", ())]
            for candidate in candidates:
                if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                    model = candidate
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f" (known: {', '.join(sorted(known))})"
