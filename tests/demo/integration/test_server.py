"""The served GitHub has GitHub's manners, as its public documentation describes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)

from demo.company import Company
from demo.github import SCHEMA, GitHub
from demo.server import application, running

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-the-tests"
QUERIES = Path(__file__).parents[3] / "ingestion" / "github" / "queries"


def graphql(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    reply = client.post("/graphql", json={"query": query, "variables": variables})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def data(client: httpx.Client, query: str, **variables: Any) -> Any:
    answer = graphql(client, query, **variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def faults(client: httpx.Client, *rules: dict[str, Any]) -> None:
    assert client.post("/demo/faults", json=list(rules)).status_code == 200


# Tokens


@pytest.mark.parametrize("scheme", ["Bearer", "token"])
def test_a_good_token_is_told_its_scopes(client: httpx.Client, scheme: str) -> None:
    reply = client.get("/user", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert reply.status_code == 200
    assert "read:org" in reply.headers["X-OAuth-Scopes"]
    assert reply.headers["X-GitHub-Request-Id"]


def test_a_wrong_token_is_refused_in_githubs_words(client: httpx.Client) -> None:
    for request in (client.build_request("GET", "/user"), client.build_request("POST", "/graphql")):
        request.headers["Authorization"] = "Bearer wrong"
        reply = client.send(request)
        assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")
        del request.headers["Authorization"]
        assert client.send(request).status_code == 401


def test_an_app_gets_a_token_for_an_hour(client: httpx.Client) -> None:
    path = "/app/installations/42/access_tokens"
    assert client.post(path).status_code == 401
    reply = client.post(path, headers={"Authorization": "Bearer aaa.bbb.ccc"})
    assert reply.status_code == 201
    token = reply.json()["token"]
    reply = client.get("/orgs/acme", headers={"Authorization": f"Bearer {token}"})
    assert reply.json()["login"] == "acme"
    assert "X-OAuth-Scopes" not in reply.headers


# REST


def test_links_lead_through_all_pages_once(client: httpx.Client) -> None:
    url: str | None = "/repos/acme/checkout/actions/runs?per_page=20&exclude_pull_requests=true"
    found: list[int] = []
    total = 0
    while url:
        reply = client.get(url)
        assert "exclude_pull_requests=true" in str(reply.url)
        total = reply.json()["total_count"]
        found += [run["id"] for run in reply.json()["workflow_runs"]]
        url = reply.links.get("next", {}).get("url")
    assert len(found) == len(set(found)) == total
    assert found == sorted(found, reverse=True)


def test_a_page_has_at_most_a_hundred_rows(client: httpx.Client) -> None:
    assert len(client.get("/repos/acme/checkout/issues?state=all&per_page=500").json()) == 100
    assert len(client.get("/repos/acme/checkout/issues?state=all").json()) == 30
    assert client.get("/repos/acme/checkout/issues?state=all&page=99").json() == []


def test_what_is_not_there_is_not_found(client: httpx.Client) -> None:
    for path in (
        "/repos/acme/nothing",
        "/orgs/nobody",
        "/nonsense",
        "/repos/acme/checkout/pulls/0",
    ):
        reply = client.get(path)
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


def test_an_unchanged_reply_costs_nothing(client: httpx.Client) -> None:
    first = client.get("/repos/acme/checkout")
    again = client.get("/repos/acme/checkout", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    remaining = "X-RateLimit-Remaining"
    assert again.headers[remaining] == first.headers[remaining]
    assert int(client.get("/user").headers[remaining]) == int(first.headers[remaining]) - 1


def test_an_etag_changes_with_the_clock(client: httpx.Client, small: Company) -> None:
    path = "/repos/acme/checkout/actions/runs?per_page=5"
    etag = client.get(path).headers["ETag"]
    earlier = small.until - timedelta(days=10)
    assert client.post("/demo/clock", json={"now": earlier.isoformat()}).status_code == 200
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_comparison_lists_what_the_head_has_more(client: httpx.Client, small: Company) -> None:
    story = small.story(0)
    base, head = story.main[-8], story.main[-1]
    path = "/repos/acme/checkout/compare"
    answer = client.get(f"{path}/{base}...{head}?per_page=5").json()
    assert (answer["status"], answer["ahead_by"], answer["behind_by"]) == ("ahead", 7, 0)
    assert (answer["total_commits"], len(answer["commits"])) == (7, 5)
    assert answer["commits"][0]["sha"] == story.main[-7]
    assert client.get(f"{path}/{head}...{base}").json()["status"] == "behind"
    assert client.get(f"{path}/{head}...{head}").json()["status"] == "identical"
    assert client.get(f"{path}/{'0' * 40}...{head}").status_code == 404


def test_jobs_of_all_attempts_only_when_asked_for(client: httpx.Client, small: Company) -> None:
    run = next(run for run in small.story(0).runs if len(run.attempts) > 1)
    path = f"/repos/acme/checkout/actions/runs/{run.database_id}/jobs"
    every = client.get(f"{path}?filter=all").json()["jobs"]
    latest = client.get(path).json()["jobs"]
    assert {job["run_attempt"] for job in every} == {1, 2}
    assert {job["run_attempt"] for job in latest} == {2}


def test_bots_are_named_as_each_api_names_them(client: httpx.Client) -> None:
    pulls = client.get("/repos/acme/checkout/pulls?state=all&per_page=100").json()
    users = [pull["user"] for pull in pulls if pull["user"] is not None]
    rest = {user["login"] for user in users if user["type"] == "Bot"}
    assert rest == {"dependabot[bot]"}
    query = """{repository(owner: "acme", name: "checkout") {
      pullRequests(last: 100) {nodes {author {__typename login}}}}}"""
    nodes = data(client, query)["repository"]["pullRequests"]["nodes"]
    authors = [node["author"] for node in nodes if node["author"] is not None]
    logins = {one["login"] for one in authors if one["__typename"] == "Bot"}
    assert logins == {"dependabot"}


# GraphQL

PULLS = """query Pulls($first: Int, $after: String) {
  repository(owner: "acme", name: "checkout") {
    pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      totalCount pageInfo {hasNextPage endCursor} nodes {number updatedAt}
      edges {cursor node {number}}}}}"""


def test_cursors_lead_through_a_connection_once(client: httpx.Client) -> None:
    after, numbers, times = None, [], []
    while True:
        page = data(client, PULLS, first=30, after=after)["repository"]["pullRequests"]
        numbers += [node["number"] for node in page["nodes"]]
        times += [node["updatedAt"] for node in page["nodes"]]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(set(numbers)) == len(numbers) == page["totalCount"]
    assert times == sorted(times, reverse=True)


def test_a_cursor_still_leads_on_when_something_changed(
    client: httpx.Client, small: Company
) -> None:
    # A pull request of the second page moves to the front meanwhile: no other one is lost.
    early = small.until - timedelta(days=3)
    client.post("/demo/clock", json={"now": early.isoformat()})
    first = data(client, PULLS, first=20)["repository"]["pullRequests"]
    client.post("/demo/clock", json={"now": small.until.isoformat()})
    after = first["pageInfo"]["endCursor"]
    rest = data(client, PULLS, first=100, after=after)["repository"]["pullRequests"]["nodes"]
    assert all(node["updatedAt"] <= first["nodes"][-1]["updatedAt"] for node in rest)


def test_longer_lists_are_read_in_pages(company: Company) -> None:
    app = application(company, now=company.until, tokens=[TOKEN])
    story = next(s for s in company.stories if any(len(p.pushes[-1].shas) > 100 for p in s.pulls))
    pull = next(p for p in story.pulls if len(p.pushes[-1].shas) > 100)
    query = """query ($id: ID!, $after: String) {node(id: $id) {... on PullRequest {
      commits(first: 100, after: $after) {totalCount pageInfo {hasNextPage endCursor}
        nodes {commit {oid}}}}}}"""
    with running(app) as url, httpx.Client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        one = data(client, query, id=pull.id)["node"]["commits"]
        two = data(client, query, id=pull.id, after=one["pageInfo"]["endCursor"])["node"]["commits"]
    shas = [node["commit"]["oid"] for node in one["nodes"] + two["nodes"]]
    assert tuple(shas) == pull.pushes[-1].shas


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [("", "MISSING_PAGINATION_BOUNDARIES"), ("(first: 101)", "EXCESSIVE_PAGINATION"),
     ('(first: 1, after: "x")', "INVALID_CURSOR_ARGUMENTS")],
)  # fmt: skip
def test_wrong_paging_is_an_error(client: httpx.Client, arguments: str, kind: str) -> None:
    query = f'{{repository(owner: "acme", name: "checkout") {{labels{arguments} {{totalCount}}}}}}'
    answer = graphql(client, query)
    assert answer["errors"][0]["type"] == kind
    assert answer["errors"][0]["path"] == ["repository", "labels"]
    # labels may be null, so the repository stays
    assert answer["data"] == {"repository": {"labels": None}}


def test_an_unknown_organization_is_an_error_beside_null(client: httpx.Client) -> None:
    answer = graphql(client, '{organization(login: "nobody") {id} viewer {login}}')
    assert answer["data"]["organization"] is None
    assert answer["data"]["viewer"]["login"]
    assert answer["errors"][0]["type"] == "NOT_FOUND"
    assert "'nobody'" in answer["errors"][0]["message"]


def test_unknown_fields_are_refused(client: httpx.Client) -> None:
    answer = graphql(client, "{viewer {shoeSize}}")
    assert "data" not in answer
    assert "shoeSize" in answer["errors"][0]["message"]


def test_missing_nodes_are_null_among_the_others(client: httpx.Client, small: Company) -> None:
    story = small.story(0)
    ids = [story.pulls[0].id, "PR_nothing", story.issues[0].id]
    answer = graphql(client, "query ($ids: [ID!]!) {nodes(ids: $ids) {id __typename}}", ids=ids)
    assert [node and node["id"] for node in answer["data"]["nodes"]] == [ids[0], None, ids[2]]
    assert answer["errors"][0]["type"] == "NOT_FOUND"


def test_points_follow_githubs_formula(client: httpx.Client) -> None:
    query = """{repositoryOwner(login: "acme") {repositories(first: 100) {nodes {
      issues(first: 50) {nodes {labels(first: 60) {nodes {id}}}}}}} rateLimit {cost nodeCount}}"""
    # The example of GitHub's own page: 1 + 100 + 5,000 requests make 51 points.
    assert data(client, query)["rateLimit"] == {"cost": 51, "nodeCount": 100 + 5_000 + 300_000}
    answer = graphql(client, query.replace("first: 60", "first: 100"))
    assert answer["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"


def test_history_keeps_to_its_dates(client: httpx.Client, small: Company) -> None:
    since = (small.until - timedelta(days=20)).isoformat()
    query = """query ($since: GitTimestamp) {repository(owner: "acme", name: "storefront") {
      defaultBranchRef {target {... on Commit {history(first: 100, since: $since) {
        totalCount nodes {oid committedDate parents(first: 2) {totalCount}}}}}}}}"""
    page = data(client, query, since=since)["repository"]["defaultBranchRef"]["target"]["history"]
    dates = [node["committedDate"] for node in page["nodes"]]
    assert dates == sorted(dates, reverse=True)
    assert dates[-1] >= since[:19]
    assert 0 < page["totalCount"] < len(small.story(1).commits)
    assert any(node["parents"]["totalCount"] == 2 for node in page["nodes"])


def deep(schema: GraphQLSchema, of_type: GraphQLObjectType, depth: int) -> str:
    """A selection of every field that can be had."""
    parts = ["__typename"]
    for name, field in of_type.fields.items():
        named = get_named_type(field.type)
        arguments = {"first": "3"} if "first" in field.args else {}
        required = [key for key, one in field.args.items() if str(one.type).endswith("!")]
        if set(required) - {"refPrefix"}:
            continue
        if required:
            arguments["refPrefix"] = '"refs/tags/"'
        shown = f"({', '.join(f'{k}: {v}' for k, v in arguments.items())})" if arguments else ""
        alias = f"{of_type.name}_{name}: {name}"
        if isinstance(named, GraphQLObjectType):
            if depth > 0:
                parts.append(f"{alias}{shown} {{{deep(schema, named, depth - 1)}}}")
        elif isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            if depth > 0:
                inner = " ".join(
                    f"... on {one.name} {{{deep(schema, one, depth - 1)}}}"
                    for one in schema.get_possible_types(named)
                )
                parts.append(f"{alias}{shown} {{__typename {inner}}}")
        else:
            parts.append(alias + shown)
    return " ".join(parts)


@pytest.mark.parametrize(
    "kind", ["PullRequest", "Issue", "Deployment", "Commit", "Release", "Team", "Repository"]
)
def test_every_field_of_the_served_schema_can_be_had(kind: str, company: Company) -> None:
    schema = build_schema(SCHEMA.read_text())
    of_type = schema.type_map[kind]
    assert isinstance(of_type, GraphQLObjectType)
    library = company.story(3)
    story = company.story(0)
    identity = {
        "PullRequest": next(p for p in story.pulls if p.merged_at and p.reviews and p.comments).id,
        "Issue": next(i for i in story.issues if i.comments and i.closings).id,
        "Deployment": story.deployments[0].id,
        "Release": library.releases[0].id,
        "Team": company.teams[1].id,
        "Repository": library.id,
    }.get(kind)
    inner = deep(schema, of_type, 3 if kind != "Repository" else 2)
    if identity is None:
        query = f"""{{repository(owner: "acme", name: "checkout") {{
          object(oid: "{story.main[-1]}") {{... on Commit {{{inner}}}}}}}}}"""
    else:
        query = f'{{node(id: "{identity}") {{... on {kind} {{{inner}}}}}}}'
    app = application(company, now=company.until, tokens=[TOKEN])
    document = app.executor.document(query)
    assert document.errors == []
    answer = app._executed(TOKEN, query, {}, None)
    assert "errors" not in answer, answer["errors"][:3]


def test_the_documents_of_the_loader_are_valid(app: GitHub) -> None:
    if not QUERIES.is_dir():
        pytest.skip("ingestion/github/queries is not there")
    fragments = (QUERIES / "fragments.graphql").read_text()
    for path in QUERIES.glob("*.graphql"):
        if path.name != "fragments.graphql":
            errors = app.executor.document(path.read_text() + fragments).errors
            assert [e.message for e in errors if "never used" not in e.message] == [], path.name


# Limits and faults


@pytest.fixture
def poor(small: Company) -> Iterator[httpx.Client]:
    app = application(small, now=small.until, tokens=[TOKEN, "another"], rate_limit=3)
    with running(app) as url, httpx.Client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


def test_an_exhausted_token_is_refused_and_another_is_not(poor: httpx.Client) -> None:
    remaining = [poor.get("/user").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    refused = poor.get("/user")
    assert refused.status_code == 403
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert int(refused.headers["X-RateLimit-Reset"]) > 0
    assert "rate limit exceeded" in refused.json()["message"]
    assert poor.get("/rate_limit").json()["resources"]["core"]["remaining"] == 0
    assert poor.get("/user", headers={"Authorization": "Bearer another"}).status_code == 200
    assert data(poor, "{viewer {login}}")  # GraphQL counts for itself


def test_graphql_says_so_with_status_200(poor: httpx.Client) -> None:
    for _ in range(3):
        data(poor, "{viewer {login}}")
    reply = poor.post("/graphql", json={"query": "{viewer {login}}"})
    assert reply.status_code == 200
    assert reply.headers["X-RateLimit-Resource"] == "graphql"
    assert reply.json()["errors"][0]["type"] == "RATE_LIMIT"


def test_a_fault_comes_as_often_as_told(client: httpx.Client) -> None:
    faults(client, {"path": "^/user$", "times": 2, "status": 502, "body": "<html>"})
    assert [client.get("/user").status_code for _ in range(3)] == [502, 502, 200]
    assert client.get("/demo/faults").json()[0]["hits"] == 2


def test_a_fault_waits_for_its_turn_and_its_query(client: httpx.Client) -> None:
    faults(client, {"query": "viewer", "skip": 1, "action": "secondary"})
    query = {"query": "{viewer {login}}"}
    replies = [client.post("/graphql", json=query) for _ in range(3)]
    assert [one.status_code for one in replies] == [200, 403, 200]
    assert replies[1].headers["Retry-After"] == "1"
    assert "secondary rate limit" in replies[1].json()["message"]


def test_a_reply_can_end_in_the_middle(client: httpx.Client) -> None:
    faults(client, {"path": "checkout", "action": "cut"})
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/repos/acme/checkout")
    assert client.get("/repos/acme/checkout").status_code == 200


def test_a_connection_can_be_closed_without_a_reply(client: httpx.Client) -> None:
    faults(client, {"action": "close"})
    with pytest.raises(httpx.TransportError):
        client.get("/user")
    assert client.get("/user").status_code == 200


def test_a_reply_can_be_no_json_or_late_or_changed(client: httpx.Client) -> None:
    faults(client, {"action": "garbage"})
    with pytest.raises(json.JSONDecodeError):
        client.get("/user").json()
    faults(client, {"delay": 1.0})
    with pytest.raises(httpx.ReadTimeout):
        client.get("/user", timeout=0.3)
    faults(client, {"path": "/user", "replace": ['"created_at":"([^"]*)Z"', '"created_at":"\\1"']})
    assert not client.get("/user").json()["created_at"].endswith("Z")


def test_a_fault_that_is_none_is_refused(client: httpx.Client) -> None:
    reply = client.post("/demo/faults", json=[{"pth": "x"}])
    assert reply.status_code == 400
    assert "pth" in reply.json()["message"]
    assert client.post("/demo/clock", json={"now": "2026-01-01"}).status_code == 400


def test_requests_are_counted_by_kind(client: httpx.Client) -> None:
    client.get("/repos/acme/checkout/actions/runs")
    data(client, "query Viewer {viewer {login}}")
    counted = client.get("/demo/stats").json()["requests"]
    assert counted["rest /repos/*/*/actions/runs"] == 1
    assert counted["graphql Viewer"] == 1


def test_it_can_be_reached_like_an_enterprise_server(client: httpx.Client) -> None:
    assert client.get("/api/v3/user").status_code == 200
    assert client.post("/api/graphql", json={"query": "{viewer {login}}"}).status_code == 200
