"""python -m demo: what it prints, and how it refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from demo.__main__ import main

SIZE = ["--seed", "4", "--repositories", "2", "--start", "2026-09-01", "--until", "2026-10-01"]


def test_sei_toml_is_a_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sei-toml", *SIZE, "--api-url", "http://127.0.0.1:1"]) == 0
    settings = tomllib.loads(capsys.readouterr().out)
    assert settings["github"][0]["api_url"] == "http://127.0.0.1:1"
    assert settings["github"][0]["token"] == "env:SEI_DEMO_TOKEN"
    assert settings["history"]["since"].isoformat() == "2026-09-01"
    assert settings["bots"]["logins"] == ["release-robot"]


def test_truth_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["truth", *SIZE, "--as-of", "2026-09-20T12:00:00+02:00"]) == 0
    truth = json.loads(capsys.readouterr().out)
    assert truth["as_of"] == "2026-09-20T10:00:00+00:00"
    assert all(row["deployed_at"] <= truth["as_of"] for row in truth["deployment_changes"])
    assert {"dora", "coverage", "deployment_outcomes", "owners"} <= set(truth)


def test_a_wrong_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--recorded", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("demo: ")
    assert told.count("\n") == 1


def test_sei_toml_of_three_sources(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    urls = ["--api-url", "http://127.0.0.1:1", "--gitlab-url", "http://127.0.0.1:2"]
    assert main(["sei-toml", *SIZE[:2], "--repositories", "12", *SIZE[4:], *urls,
                 "--jira-url", "http://127.0.0.1:3"]) == 0  # fmt: skip
    text = capsys.readouterr().out
    settings = tomllib.loads(text)
    assert settings["gitlab"][0]["groups"] == ["acme"]
    assert settings["jira"][0]["url"] == "http://127.0.0.1:3"
    assert settings["services"][0]["repositories"] == ["acme/checkout", "acme/payments/payments"]
    assert settings["teams"][1]["same"] == ["github:acme/payments", "gitlab:acme/payments"]
    assert {"same", "different"} == {key for one in settings["people"] for key in one}
    rules = {(one["connection"], *one) for one in settings["incident_rules"]}
    assert ("jira", "connection", "issue_types") in rules
    assert ("github", "connection", "labels") in rules


def test_sei_toml_of_github_alone_says_nothing_of_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sei-toml", *SIZE, "--api-url", "http://127.0.0.1:1"]) == 0
    settings = tomllib.loads(capsys.readouterr().out)
    assert not {"gitlab", "jira", "services", "teams", "people"} & set(settings)
    assert [one["connection"] for one in settings["incident_rules"]] == ["github"]
