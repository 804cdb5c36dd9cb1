"""Rows of erased people on their way to the warehouse."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from ingestion.contracts import ALL_TABLES, GITHUB, GITLAB, JIRA
from ingestion.contracts.people import PEOPLE_COLUMNS
from ingestion.erasure import Erased, Person, Replacing
from ingestion.loading import to_arrow

SECRET = b"0" * 32
JANE = Person(
    ids={("github", "U_jane"), ("gitlab", "7"), ("jira", "557058:0a1b2c3d-4e5f-6789-abcd-ef01")},
    logins={("github", "janedev"), ("gitlab", "jane.d")},
    emails={"Jane@acme.test"},
    names={"Jane van Dyk"},
)
ERASED = Erased(SECRET, JANE.marks(Erased(SECRET), "5f3a"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAYS_JANE = re.compile("jane|dyk|557058", re.IGNORECASE)


def test_texts_lose_her_address_her_full_name_and_her_login_where_it_can_only_be_hers():
    text = "janedev/fix: ask @janedev, Jane van Dyk <jane@acme.test> or Jane's team @janedevs"
    found = ERASED.scrubbed("github", text)
    assert found == (
        f"{ERASED.login('github', 'janedev')}/fix: ask @{ERASED.login('github', 'janedev')}, "
        f"Erased 5f3a <{ERASED.email('jane@acme.test')}> or Jane's team @janedevs"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Merge branch 'main'",
        "a@b.test and/or",
        "Jane Doe and Dyk",
        "a" * 40,
        "@",
        "/",
        "release/1.2",
    ],
)
def test_texts_about_others_stay_as_they_are(text):
    assert ERASED.scrubbed("github", text) == text


def test_all_that_a_row_says_of_her_is_replaced_even_a_login_and_an_address_that_are_new():
    row = {name: None for name in GITHUB["commits"].column_names()} | {
        "author_id": "U_jane",
        "author_login": "janenew",
        "author_name": "J. Dyk",
        "author_email": "jane@new.test",
        "message_headline": "Merge pull request #1 from janedev/fix",
    }
    found = Replacing(ERASED, "github").row(GITHUB["commits"], row)
    assert not SAYS_JANE.search(str(found.values()))
    assert found["author_name"] == "Erased 5f3a"


def test_an_account_has_one_stand_in_everywhere_and_another_in_another_connection():
    assert ERASED.id("github", "U_jane") == ERASED.id("github", "U_jane")
    assert ERASED.id("github", "U_jane") != ERASED.id("ghe", "U_jane")
    assert -(2**63) <= ERASED.id("gitlab", 7) < 0


def test_another_secret_gives_other_stand_ins():
    other = Erased(b"1" * 32)
    assert other.id("github", "U_jane") != ERASED.id("github", "U_jane")


def test_lists_of_ids_and_of_logins_are_replaced_one_by_one():
    row = dict.fromkeys(GITLAB["issues"].column_names()) | {"assignee_ids": "[8,7]"}
    found = Replacing(ERASED, "gitlab").row(GITLAB["issues"], row)
    assert found["assignee_ids"] == f"[8,{ERASED.id('gitlab', 7)}]"
    row = dict.fromkeys(GITHUB["issues"].column_names()) | {"assignee_logins": '["JaneDev","bo"]'}
    found = Replacing(ERASED, "github").row(GITHUB["issues"], row)
    assert found["assignee_logins"] == f'["{ERASED.login("github", "janedev")}","bo"]'


def test_a_change_of_the_assignee_loses_id_and_name_of_one_and_keeps_the_others():
    row = dict.fromkeys(JIRA["issue_changes"].column_names()) | {
        "from_value": "557058:0a1b2c3d-4e5f-6789-abcd-ef01",
        "from_text": "Jane van Dyk",
        "to_value": "acc-bo",
        "to_text": "Bo",
    }
    found = Replacing(ERASED, "jira").row(JIRA["issue_changes"], row)
    assert not SAYS_JANE.search(str(found.values()))
    assert (found["to_value"], found["to_text"]) == ("acc-bo", "Bo")


def test_a_batch_without_her_is_handed_on_untouched_and_one_with_her_keeps_the_others_rows():
    def users(*ids):
        return to_arrow(
            GITHUB["users"],
            [{"id": id_, "login": id_.lower(), "type": "User", "database_id": 3} for id_ in ids],
            "github",
            NOW,
        )

    replacing = Replacing(ERASED, "github")
    others = users("U_bo", "U_cy")
    assert replacing.table(GITHUB["users"], others) is others
    found = replacing.table(GITHUB["users"], users("U_bo", "U_jane", "U_cy"))
    assert found.schema == others.schema
    told = [name for name in others.column_names if name != "read_at"]
    assert found.slice(0, 2).select(told) == others.select(told)
    last = found.to_pylist()[-1]
    assert (last["id"], last["database_id"]) == (ERASED.id("github", "U_jane"), None)


def test_settings_that_still_name_her_lead_to_the_stand_ins():
    assert ERASED.reference("github:JaneDev") == f"github:{ERASED.login('github', 'janedev')}"
    assert ERASED.reference("gitlab:7") == f"gitlab:{ERASED.id('gitlab', 7)}"
    assert ERASED.reference(" jane@ACME.test") == ERASED.email("jane@acme.test")
    for other in ("github:bo", "bo@acme.test", "jira:bo", ""):
        assert ERASED.reference(other) == other


def test_her_accounts_stay_one_person_by_statement():
    (references,) = ERASED.statements()
    assert {
        f"github:{ERASED.id('github', 'U_jane')}",
        f"gitlab:{ERASED.id('gitlab', 7)}",
        ERASED.email("jane@acme.test"),
    } <= set(references)


def test_nobody_erased_changes_nothing():
    assert not Erased(b"")
    batch = {"users": object()}
    assert Replacing(Erased(b""), "github").batch({}, batch) is batch


_PERSONAL = re.compile(
    r"author|login|username|email|(^|_)user_id$|assignee|creator|reporter|lead_account|merged_by"
    r"|title|body|headline|branch|ref_name|^(from|to)_"
)
# Not of a person: the owner of what is loaded (an erasure refuses that), a project, a time.
_OTHERS = {
    ("raw_github", "repositories", "owner_login"),
    ("raw_github", "organizations", "login"),
    ("raw_github", "commits", "authored_at"),
    ("raw_github", "commits", "is_on_default_branch"),
    ("raw_github", "pull_request_commits", "authored_at"),
    ("raw_gitlab", "commits", "authored_at"),
    ("raw_gitlab", "commits", "is_on_default_branch"),
    ("raw_gitlab", "merge_request_commits", "authored_at"),
}
_TYPES = {"author_type"}


def test_every_column_that_looks_like_a_persons_is_known_as_one():
    forgotten = []
    for table in ALL_TABLES:
        known = PEOPLE_COLUMNS.get((table.schema, table.name))
        if table.schema == "raw_settings":
            continue
        named: set[str | None] = set()
        if known:
            named |= {*known.ids, *known.logins, *known.prose}
            for actor in known.actors:
                named |= {actor.id, actor.login, actor.name, *actor.emails, *actor.emptied}
            assert named <= {None, *table.column_names()}, table.name
        forgotten += [
            (table.schema, table.name, column.name)
            for column in table.columns
            if _PERSONAL.search(column.name)
            and column.name not in named
            and column.name not in _TYPES
            and (table.schema, table.name, column.name) not in _OTHERS
        ]
    assert forgotten == []
