"""`sei backfill`: history older than the settings' is read, modelled and kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from demo.company import Company
from demo.settings import sei_toml
from tests.fixtures.pipeline import TOKEN, Installation, demo_server

pytestmark = pytest.mark.end_to_end

_COUNT = """
query($o: String!, $n: String!) {
  repository(owner: $o, name: $n) { pullRequests(first: 1) { totalCount } }
}
"""


def test_a_backfill_brings_what_is_older_and_the_next_run_keeps_it(
    installation: Callable[[str], Installation],
) -> None:
    until = datetime.now(UTC).replace(microsecond=0)
    start = (until - timedelta(days=100)).date()
    recent = (until - timedelta(days=15)).date()
    size = ["--seed", "3", "--repositories", "3", "--start", start.isoformat()]
    with demo_server(*size, "--until", until.isoformat()) as addresses:
        one = installation("backfill")
        text = sei_toml(Company.generate(3, 3, start, until), addresses.github)
        one.configure(text.replace(f"since = {start}", f"since = {recent}"))

        def loaded() -> dict[str, int]:
            return dict(
                one.query(
                    "select r.full_name, count(p.pull_request_id) from marts.dim_repositories as r"
                    " left join marts.fct_pull_requests as p using (repository_id) group by 1"
                )
            )

        first = one.sei("run", timeout=600)
        assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
        before = loaded()

        done = one.sei("backfill", "--since", start.isoformat(), timeout=600)

        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert f"metrics begin at history.since, {recent}" in done.stderr
        there = {name: in_all(addresses.github, name) for name in before}
        assert loaded() == there
        assert sum(before.values()) < sum(there.values()) / 2
        asked_for_nothing = one.sei("backfill", "--since", "tomorrow", timeout=60)
        assert asked_for_nothing.returncode == 2
        assert asked_for_nothing.stderr.strip() == (
            'sei: --since: "tomorrow" is no day like 2025-01-31'
        )


def in_all(url: str, full_name: str) -> int:
    """How many pull requests the server has."""
    owner, _, name = full_name.partition("/")
    reply = httpx.post(
        f"{url}/graphql",
        json={"query": _COUNT, "variables": {"o": owner, "n": name}},
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).raise_for_status()
    count: int = reply.json()["data"]["repository"]["pullRequests"]["totalCount"]
    return count
