"""Changed paths: only of repositories that services split, each commit once, missing ones later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.github.load import load

pytestmark = pytest.mark.integration

A, B, C, D = (letter * 40 for letter in "abcd")
SPLIT = {"services": [{"name": "checkout", "paths": {"acme/shop": "services/checkout/"}}]}


class Kept:
    """A warehouse of the commits that syncs handed over."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Any]] = {}

    def keep(self, sync: Any) -> None:
        self.commits |= {row["sha"]: row for row in sync.rows("commits")}

    def open(self) -> None:
        pass

    def paths(self, repository_id: str, shas: Sequence[str]) -> dict[str, list[str]]:
        found = {sha: self.commits[sha]["changed_paths"] for sha in shas if sha in self.commits}
        return {sha: paths for sha, paths in found.items() if paths is not None}

    def without_paths(self, repository_id: str, after: str, count: int) -> list[dict[str, Any]]:
        missing = [
            dict(row)
            for sha, row in sorted(self.commits.items())
            if sha > after and row["changed_paths"] is None
        ]
        return missing[:count]


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    repository: dict[str, Any] = github.repository()
    github.commit(repository, A, date="2026-01-10T08:00:00Z", files=files("services/checkout/a.py"))
    github.commit(repository, B, A, date="2026-01-11T08:00:00Z", files=files("README.md"))
    return repository


@pytest.fixture
def split(read: Callable[..., Any]) -> Callable[..., Any]:
    """Reads with a service that splits acme/shop; syncs share a warehouse, `split.kept`."""
    kept = Kept()

    def go(settings: dict[str, Any] = SPLIT, **more: Any) -> Any:
        sync = read(settings, known=kept, **more)
        kept.keep(sync)
        return sync

    go.kept = kept  # type: ignore[attr-defined]
    return go


def files(*names: str) -> list[dict[str, Any]]:
    return [{"filename": name, "status": "modified"} for name in names]


def asked(github: Any) -> list[str]:
    """The commits that were asked for, by their first letters; starts anew."""
    found = [what for what, _, _ in github.requests if "/commits/" in what]
    github.requests.clear()
    return sorted(what.rpartition("/")[2][0] for what in found)


def paths(sync: Any) -> dict[str, Any]:
    return {row["sha"][0]: row["changed_paths"] for row in sync.rows("commits")}


def test_only_repositories_that_are_split_are_asked_about(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    other = {"services": [{"name": "checkout", "paths": {"acme/other": "services/"}}]}

    assert paths(read(other)) == {"a": None, "b": None}
    assert asked(github) == []


@pytest.mark.parametrize("name", ["acme/shop", "github:Acme/SHOP", "acme/*"])
def test_each_commit_is_asked_for_once(
    github: Any, shop: dict[str, Any], split: Callable[..., Any], name: str
) -> None:
    settings = {"services": [{"name": "checkout", "paths": {name: "services/checkout/"}}]}

    assert paths(split(settings)) == {"a": ["services/checkout/a.py"], "b": ["README.md"]}
    assert asked(github) == ["a", "b"]
    github.commit(shop, C, B, date="2026-01-12T08:00:00Z", files=[])

    assert paths(split(settings)) == {"c": []}
    assert asked(github) == ["c"]
    assert paths(split(settings)) == {}
    assert asked(github) == []


def test_renamed_files_give_both_names_and_long_lists_are_read_to_their_end(
    github: Any, shop: dict[str, Any], split: Callable[..., Any]
) -> None:
    github.files_a_page = 2
    renamed = {"filename": "services/b/x", "previous_filename": "services/a/x", "status": "renamed"}
    shop["commits"][B]["files"] = [renamed, *files("1", "2", "3", "4")]

    assert paths(split())["b"] == ["services/a/x", "services/b/x", "1", "2", "3", "4"]
    assert asked(github) == ["a", "b", "b", "b"]


def test_history_that_is_read_again_keeps_the_paths_known(
    github: Any, shop: dict[str, Any], split: Callable[..., Any]
) -> None:
    before = paths(split())
    asked(github)

    assert paths(split(full=True)) == before
    assert asked(github) == []


def test_a_repository_that_becomes_split_is_caught_up(
    github: Any, shop: dict[str, Any], read: Callable[..., Any], split: Callable[..., Any]
) -> None:
    whole = read()
    split.kept.keep(whole)  # type: ignore[attr-defined]
    assert asked(github) == []

    second = split()

    assert paths(second) == {"a": ["services/checkout/a.py"], "b": ["README.md"]}
    assert asked(github) == ["a", "b"]
    # Whole rows, not only their paths.
    (row,) = [row for row in second.rows("commits") if row["sha"] == B]
    (old,) = [row for row in whole.rows("commits") if row["sha"] == B]
    del row["read_at"], old["read_at"]
    assert row == {
        **old, "changed_paths": ["README.md"], "synced_at": old["synced_at"] + timedelta(hours=1)
    }  # fmt: skip
    assert paths(split()) == {}
    assert asked(github) == []


def test_a_commit_that_is_gone_is_asked_for_once(
    github: Any, shop: dict[str, Any], split: Callable[..., Any], answers: Any
) -> None:
    github.fail(f"commits/{A}", answers.status(422, f"No commit found for SHA: {A}"))

    first = split()

    assert paths(first) == {"a": None, "b": ["README.md"]}
    assert first.status()["status"] == "succeeded"
    asked(github)
    assert paths(split()) == {}
    assert asked(github) == []


def test_a_commit_that_can_not_be_shown_is_given_up_after_three_syncs(
    github: Any, shop: dict[str, Any], split: Callable[..., Any], answers: Any
) -> None:
    for attempt in range(3):
        github.fail(f"commits/{A}", answers.status(404, "Not Found"))
        sync = split()
        assert "a" in asked(github), attempt
        assert f"changed paths of {A[:10]}" in sync.status()["reason"]

    sync = split()

    assert asked(github) == []
    assert sync.status()["reason"] is None


def test_when_github_can_not_do_it_the_rest_waits_for_the_next_sync(
    github: Any, shop: dict[str, Any], split: Callable[..., Any], answers: Any
) -> None:
    for number in range(10):
        github.commit(
            shop, f"{number}" * 40, date="2026-01-12T08:00:00Z", head=False, files=files("x")
        )
    parents = [f"{number}" * 40 for number in range(10)]
    github.commit(shop, C, B, *parents, date="2026-01-12T09:00:00Z", files=files("y"))
    github.fail("/commits/", *[answers.status(502)] * 6)

    first = split(attempts=2, concurrency=1)

    assert len(paths(first)) == 13
    assert list(paths(first).values()).count(None) == 13
    # Three commits with two tries each.
    assert len(asked(github)) == 6
    assert None not in paths(split()).values()
    assert len(split.kept.without_paths("", "", 99)) == 0  # type: ignore[attr-defined]


def test_tokens_that_may_not_read_addresses_load_everything_else(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    ann = {
        "__typename": "User",
        "id": "U_ann",
        "login": "ann",
        "name": "Ann",
        "email": "ann@a.test",
    }
    shop["commits"][A]["author"]["user"] = ann
    assert read().rows("users")[0]["public_email"] == "ann@a.test"
    github.refuses_emails = True
    github.requests.clear()

    second = read(full=True)

    (user,) = second.rows("users")
    assert (user["login"], user["public_email"]) == ("ann", None)
    assert len(second.rows("commits")) == 2
    assert second.status()["reason"] is None
    # One document was refused, and nothing with addresses was sent after it.
    texts = [body["query"] for what, _, body in github.requests if what.startswith("/graphql")]
    assert sum("fragment PublicEmail" in text for text in texts) == 1


def test_one_person_whose_address_is_forbidden_hides_nothing_else(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    ann = github.add(github.owners["acme"], "people", "User", login="ann", name="Ann")
    shop["commits"][A]["author"]["user"] = ann
    github.unreadable[(ann["id"], "email")] = "FORBIDDEN"

    sync = read()

    assert [user["login"] for user in sync.rows("users")] == ["ann"]
    assert sync.status()["reason"] is None


def test_in_the_warehouse_rounds_go_on_where_the_last_one_ended(
    github: Any,
    shop: dict[str, Any],
    warehouse: Any,
    make_settings: Any,
    make_client: Any,
    tmp_path: Path,
    noon: Any,
) -> None:
    """First without, then with the split, in rounds that have no time."""
    url = warehouse.url("loader")
    parent = B
    for number in range(250):
        sha = f"{number:040x}"
        github.commit(shop, sha, parent, date="2026-01-12T08:00:00Z", files=files(f"f/{number}"))
        parent = sha

    def sync(settings: dict[str, Any] | None, hours: int, **more: Any) -> Any:
        made = make_settings(settings)
        return load(
            made.github[0],
            made,
            url,
            synced_at=noon + timedelta(hours=hours),
            pipelines_dir=tmp_path,
            client=make_client(made.github[0]),
            **more,
        )

    def missing() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "select count(*) from raw_github.commits where changed_paths is null"
            ).fetchone()
        assert row is not None
        return int(row[0])

    sync(None, 1)
    assert missing() == 252
    github.requests.clear()

    result = sync(SPLIT, 2, longest_round=0.0)

    assert missing() == 0
    assert result.row_counts["commits"] == 252
    assert result.repositories == 1
    assert len(asked(github)) == 252
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select sha, parent_shas, changed_paths, message_headline from raw_github.commits"
            " where sha in (%s, %s) order by sha",
            [f"{7:040x}", B],
        ).fetchall()
        attempts = connection.execute(
            "select status, row_count from raw_github.repository_syncs order by synced_at"
        ).fetchall()
    assert rows == [
        (f"{7:040x}", [f"{6:040x}"], ["f/7"], f"commit {f'{7:040x}'[:7]}"),
        (B, [A], ["README.md"], f"commit {B[:7]}"),
    ]
    assert attempts == [("succeeded", 252), ("succeeded", 252)]
    sync(SPLIT, 3)
    assert asked(github) == []
