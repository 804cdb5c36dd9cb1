"""Real payloads of GitLab, served through the same endpoints.

The numbers were counted in the recorded files with jq, apart from our code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.gitlab import application
from demo.gitlab_recorded import recorded_source
from demo.recorded import RecordedError
from demo.server import running

pytestmark = pytest.mark.integration
FOLDER = Path(__file__).parents[4] / "shared" / "recordings" / "gitlab"
SPEND = "projects/gitlab-data%2Fsnowflake_spend"
VDEV = "projects/user-ae11c488-dev%2Fee%2Fvdev.co"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    if not FOLDER.is_dir():
        pytest.skip(f"no recordings: {FOLDER} is not there")
    app = application(recorded_source(FOLDER), now=datetime.now(UTC), tokens=["t"])
    headers = {"PRIVATE-TOKEN": "t"}
    with running(app) as url, httpx.Client(base_url=f"{url}/api/v4", headers=headers) as http:
        yield http


def rows(client: httpx.Client, path: str) -> list[Any]:
    reply = client.get(path)
    assert reply.status_code == 200, reply.text
    found: list[Any] = reply.json()
    return found


def test_each_project_of_the_recordings_is_one_of_its_own(client: httpx.Client) -> None:
    # Web addresses name four projects; all recorded ids were made 12345678.
    found = {row["path_with_namespace"]: row["id"] for row in rows(client, "projects")}
    assert set(found) == {
        "gitlab-data/snowflake_spend", "user-ae11c488-dev/ee/vdev.co",
        "user-ae11c488-dev/ee/charts", "user-ae11c488/pip_test",
    }  # fmt: skip
    assert sorted(found.values()) == [12345678, 12345679, 12345680, 12345681]
    assert found["gitlab-data/snowflake_spend"] == 12345678
    below = rows(client, "groups/user-ae11c488-dev/projects?include_subgroups=true")
    assert {row["name"] for row in below} == {"vdev.co", "charts"}
    assert client.get("groups/gitlab-data").json()["id"] == 4347861  # told by its milestones


def test_merge_requests_are_served_as_recorded(client: httpx.Client) -> None:
    found = rows(client, "groups/gitlab-data/merge_requests?per_page=100")
    assert Counter(row["state"] for row in found) == {"merged": 10, "opened": 5, "closed": 3}
    one = next(row for row in found if row["iid"] == 1)
    assert (one["id"], one["merged_at"]) == (32348491, "2019-06-28T14:32:06.192Z")
    squashed = [row["iid"] for row in found if row["squash_commit_sha"]]
    assert squashed == [14]
    assert {row["iid"] for row in found if row["draft"]} == {20, 21}


def test_notes_and_commits_of_other_projects_do_not_leak_in(client: httpx.Client) -> None:
    # merge_request_notes.json has iids 29, 30, 37, 46 and merge_request_commits.json 2 and 7,
    # of which merge_requests.json knows nothing.
    assert len(rows(client, f"{SPEND}/merge_requests/1/notes")) == 11
    assert len(rows(client, f"{SPEND}/merge_requests/1/commits")) == 5
    for iid in (29, 30, 37, 46, 2, 7):
        for part in ("notes", "commits"):
            assert client.get(f"{SPEND}/merge_requests/{iid}/{part}").status_code == 404
    assert rows(client, f"{SPEND}/merge_requests/21/notes") == []


def test_issues_are_served_as_recorded(client: httpx.Client) -> None:
    found = rows(client, f"{SPEND}/issues?per_page=100")
    assert Counter(row["state"] for row in found) == {"closed": 12, "opened": 4}
    assert len(rows(client, "groups/gitlab-data/issues?state=opened")) == 4


def test_deployments_carry_their_jobs_and_pipelines(client: httpx.Client) -> None:
    found = rows(client, f"{VDEV}/deployments")
    assert [row["iid"] for row in found] == sorted(row["iid"] for row in found)
    assert Counter(row["environment"]["name"] for row in found) == {"staging": 5, "production": 3}
    # 16 recorded pipelines and the 8 of the deployments' jobs
    assert len(rows(client, f"{VDEV}/pipelines?per_page=100")) == 24
    job = found[0]["deployable"]
    assert client.get(f"{VDEV}/jobs/{job['id']}").json()["status"] == "failed"
    detail = client.get(f"{VDEV}/pipelines/1078343570").json()
    assert (detail["duration"], detail["project_id"]) == (1512, 12345679)


def test_jobs_are_served_as_recorded_with_their_pipelines(client: httpx.Client) -> None:
    path = "projects/user-ae11c488%2Fpip_test"
    found = rows(client, f"{path}/jobs?per_page=100")
    assert len(found) == 75
    assert Counter(row["status"] for row in found)["failed"] == 43
    assert len(rows(client, f"{path}/pipelines/16/jobs?include_retried=true")) == 10
    assert (
        len(rows(client, "projects/user-ae11c488-dev%2Fee%2Fcharts/pipelines?per_page=100")) == 29
    )


def test_a_folder_without_payloads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordedError, match="no GitLab payloads there"):
        recorded_source(tmp_path)
