"""GitHub, GitLab and Jira of one company: three addresses, one clock."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from demo.company import Company
from demo.server import Servers, running_all
from demo.settings import EMAIL

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-the-tests"


def test_one_clock_moves_all_three(small: Company) -> None:
    servers = Servers.of(small, now=small.until, tokens=[TOKEN])
    earlier = (small.until - timedelta(days=20)).isoformat()
    with running_all(servers) as found, httpx.Client() as http:
        moved = http.post(f"{found.github}/demo/clock", json={"now": earlier})
        assert moved.json() == {"now": earlier}
        for url in (found.gitlab, found.jira):
            assert http.get(f"{url}/demo/clock").json() == {"now": earlier}
        late = (small.until + timedelta(days=1)).isoformat()
        refused = http.post(f"{found.github}/demo/clock", json={"now": late})
        assert refused.status_code == 400
        assert http.get(f"{found.jira}/demo/clock").json() == {"now": earlier}
        assert http.get(f"{found.github}/demo/addresses").json() == {
            "github": found.github, "gitlab": found.gitlab, "jira": found.jira,
        }  # fmt: skip


def test_each_serves_its_part_of_the_company(small: Company) -> None:
    servers = Servers.of(small, now=small.until, tokens=[TOKEN])
    with running_all(servers) as found, httpx.Client() as http:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        repositories = http.get(f"{found.github}/orgs/acme/repos", headers=bearer).json()
        projects = http.get(
            f"{found.gitlab}/api/v4/groups/acme/projects",
            params={"include_subgroups": "true"}, headers={"PRIVATE-TOKEN": TOKEN},
        ).json()  # fmt: skip
        jira = http.get(f"{found.jira}/rest/api/3/project/search", auth=(EMAIL, TOKEN)).json()
    assert {one["name"] for one in repositories} == {"checkout", "storefront"}
    assert [one["path_with_namespace"] for one in projects] == ["acme/payments/payments"]
    # Security is closed to the account.
    assert {one["key"] for one in jira["values"]} == {"SHOP", "PAY", "OPS"}


def test_the_command_prints_three_addresses() -> None:
    command = [sys.executable, "-m", "demo", "serve", "--port", "0", "--repositories", "3"]
    command += ["--start", "2026-09-01", "--until", "2026-09-20"]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[3], env={**os.environ, "SEI_DEMO_TOKEN": TOKEN},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        urls = [process.stdout.readline().strip() for _ in range(3)]
        assert len(set(urls)) == 3
        for url in urls:
            assert httpx.get(f"{url}/demo/stats").status_code == 200
    finally:
        process.terminate()
        process.wait(10)
    assert process.returncode is not None
