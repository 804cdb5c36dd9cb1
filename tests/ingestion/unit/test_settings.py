"""sei.toml: what is accepted, and what people are told when it is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from ingestion.contracts import SETTINGS
from ingestion.settings import GithubConnection, Settings, SettingsError, load_settings
from ingestion.settings_tables import rows

ROOT = Path(__file__).parents[3]
MINIMAL = '[[github]]\nowners = ["acme"]\ntoken = "env:GITHUB_TOKEN"\n'


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "sei.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return str(caught.value).splitlines()


def test_one_connection_is_enough_and_everything_else_has_the_documented_default(tmp_path):
    settings = load(tmp_path, MINIMAL)
    assert settings.organization.timezone == "UTC"
    assert settings.organization.week_starts_on == "monday"
    assert settings.metrics.incident_link_window == 7 * 24
    assert settings.metrics.baseline_window == 0
    assert settings.metrics.deduplication_window == 0
    assert settings.metrics.minimum_sample == 3
    assert settings.metrics.bands_year == 2024
    assert settings.github[0].name == "github"
    assert settings.github[0].api_url == "https://api.github.com"


def test_the_example_file_is_valid():
    settings = load_settings(ROOT / "sei.example.toml")
    assert settings.github[0].owners == ["acme"]


def keys_of(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for candidate in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                found |= keys_of(candidate)
    return found


def test_the_example_file_documents_every_key():
    text = (ROOT / "sei.example.toml").read_text(encoding="utf-8")
    missing = {key for key in keys_of(Settings) if not re.search(rf"\b{key}\b", text)}
    assert not missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[organization]\ntimezon = "UTC"',
            'organization.timezon: unknown key; did you mean "timezone"?',
        ),
        ('[organization]\ntimezone = "Europe/Berln"', '"Europe/Berln" is not an IANA time zone'),
        ('[organization]\nweek_starts_on = "Mon"', "organization.week_starts_on"),
        ('[metrics]\nincident_link_window = "7x"', '"7x" is no duration'),
        ("[metrics]\nincident_link_window = 7", "a duration is a text"),
        ("[metrics]\nbands_year = 2022", "metrics.bands_year"),
        ("[metrics]\nbands_year = 2025", "metrics.bands_year: DORA's report of 2025 has no bands"),
        ('[metrics]\ndeduplication_window = "unlimited"', '"unlimited" is no duration'),
        ('[metrics]\nenvironments = { production = "((" }', "no regular expression"),
        ('[metrics]\nenvironments = { prod = "x" }', "metrics.environments"),
        ('[[deployment_rules]]\nkind = "tag"\nenvironment = "x"', "kind tag has no environment"),
        ('[[deployment_rules]]\nkind = "deploy"', "deployment_rules[1].kind"),
        (
            '[[deployment_rules]]\nkind = "tag"\nconnection = "gh"',
            'deployment_rules[1]: no connection is called "gh"',
        ),
        ("[[incident_rules]]", "incident_rules[1]: needs labels"),
        ('[[teams]]\nname = "A"\n[[teams]]\nname = "A"', 'teams: two are called "A"'),
        ('[[services]]\nname = "A"', "services[1]: needs repositories or paths"),
        ('[[people]]\nsame = ["github:a"]', "people[1].same"),
        (
            '[[github]]\nname = "github"\nowners = ["b"]\ntoken = "env:X"',
            'two connections are called "github"',
        ),
        ('[[github]]\nname = "b"\nowners = []\ntoken = "env:X"', "github[2].owners"),
        (
            '[[github]]\nname = "b"\nowners = ["b"]',
            'github[2]: needs either token = "env:GITHUB_TOKEN"',
        ),
        ('[schedule]\nnightly = "at three"', "schedule.nightly: is no cron expression"),
        ("x = [", "not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_reason(tmp_path, text, expected):
    lines = mistakes(tmp_path, MINIMAL + text + "\n")
    assert len(lines) == 1
    assert expected in lines[0]
    assert lines[0].startswith(str(tmp_path / "sei.toml"))


def test_minutes_are_a_duration_and_a_pipeline_has_a_name(tmp_path):
    settings = load(
        tmp_path,
        MINIMAL + '[metrics]\ndeduplication_window = "15m"\n'
        '[[deployment_rules]]\nkind = "pipeline"\nname = "^deploy"\nbranch = "^main$"\n',
    )
    assert settings.metrics.deduplication_window == 0.25
    assert settings.deployment_rules[0].name == "^deploy"


def test_several_mistakes_are_all_named(tmp_path):
    assert len(mistakes(tmp_path, MINIMAL + "[metrics]\na = 1\nb = 2\n")) == 2


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match=r"copy sei\.example\.toml"):
        load_settings(tmp_path / "none.toml")


@pytest.mark.parametrize("token", ['"ghp_verysecret"', '["env:A", "ghp_verysecret"]'])
def test_a_secret_written_into_the_file_is_refused_and_not_repeated(tmp_path, token):
    lines = mistakes(tmp_path, f'[[github]]\nowners = ["acme"]\ntoken = {token}\n')
    assert "env:NAME" in lines[0]
    assert "verysecret" not in "\n".join(lines)


def test_tokens_come_from_the_environment_in_the_order_written(tmp_path):
    text = '[[github]]\nowners = ["acme"]\ntoken = ["env:B", "env:A"]\n'
    tokens = load(tmp_path, text).github[0].tokens({"A": "one", "B": "two, three"})
    assert [token.get_secret_value() for token in tokens] == ["two", "three", "one"]
    assert "two" not in repr(tokens)


def test_a_variable_that_is_not_set_is_named(tmp_path):
    with pytest.raises(SettingsError, match="GITHUB_TOKEN is not set"):
        load(tmp_path, MINIMAL).github[0].tokens({})


@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghe.acme.test/api/v3/", "https://ghe.acme.test/api/graphql"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123/graphql"),
    ],
)
def test_graphql_has_its_own_address_on_enterprise_server(api_url, expected):
    connection = GithubConnection(name="g", api_url=api_url, owners=["a"], token="env:T")
    assert connection.graphql_url == expected


@pytest.mark.parametrize(
    ("full_name", "wanted"),
    [
        ("acme/web", True),
        ("Acme/Web", True),
        ("acme/old-archive", False),
        ("acme/secret", False),
        ("other/secret", True),
    ],
)
def test_globs_without_a_slash_match_the_name_and_with_one_the_full_name(full_name, wanted):
    connection = GithubConnection(
        name="g", owners=["a"], token="env:T", exclude=["*-archive", "acme/secret"]
    )
    assert connection.wants(full_name) is wanted


def test_history_starts_at_midnight_of_the_organization(tmp_path):
    text = MINIMAL + '[organization]\ntimezone = "Europe/Berlin"\n[history]\nsince = 2025-07-01\n'
    assert load(tmp_path, text).history_since() == datetime(2025, 6, 30, 22, tzinfo=UTC)


def test_history_defaults_to_a_year(tmp_path):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert load(tmp_path, MINIMAL).history_since(now) == datetime(2025, 3, 1, tzinfo=UTC)


def test_rows_have_the_columns_of_the_contract():
    found = rows(load_settings(ROOT / "sei.example.toml"))
    assert set(found) == set(SETTINGS)
    for name, table in SETTINGS.items():
        for row in found[name]:
            assert set(row) == set(table.column_names()), name


def test_one_environment_pattern_can_be_replaced_and_the_others_stay(tmp_path):
    text = MINIMAL + '[metrics]\nenvironments = { production = "^blue$" }\n'
    environments = load(tmp_path, text).metrics.environments
    assert environments["production"] == "^blue$"
    assert environments["staging"] == "(?i)stag|preprod|uat"
