"""Who is who: accounts of three sources with the traps of real life, persons known by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.integration

SYNCED = datetime(2026, 3, 1, 6, tzinfo=UTC)
EARLIER = datetime(2026, 2, 1, 6, tzinfo=UTC)
CROWD = 700
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w")

# (login, name, e-mail shown, number)
GITHUB: dict[str, tuple[str, str | None, str | None, int]] = {
    "ann": ("annlee", None, None, 101),
    "bob": ("bobby", "Bob Stone", "Bob.Stone@acme.test", 102),
    "john1": ("john-a", "John Smith", "john.smith@acme.test", 103),
    "john2": ("john-b", "John Smith", "john.smith2@acme.test", 104),
    "eve": ("evening", "Eve Ost", None, 105),
    "jane": ("jsmith", "Jane Smith", None, 106),
    "pete": ("pete-private", "Pete Fox", None, 107),
    "kim": ("kimchi77", None, None, 108),
    "tom": ("tomtom", "Tom Berg", None, 109),
    "zoe": ("zoe-z", "Zoé Müller", None, 110),
    "dep": ("dependabot", None, None, 111),
    "mia": ("mia-old", "Mia Lund", None, 112),
    "mia2": ("mia-new", "Mia Lund-Berg", None, 113),
    "ian": ("ian-x", "Ian Poe", "team@acme.test", 114),
    "liz": ("liz-x", "Liz Ray", "team@acme.test", 115),
}
GITLAB: dict[str, tuple[str, str | None, str | None, int]] = {
    "ann": ("ann.l", "Ann Lee", None, 1),
    "bob": ("bstone", "B. Stone", "bob.stone@ACME.test", 2),
    "eve": ("ost.e", "Ost, Eve", None, 3),
    "john3": ("jsmith", "John Smithers", None, 4),
    "pete": ("pfox", "Pete Fox", None, 5),
    "kim": ("kimchi77", None, None, 6),
    "zoe": ("zmueller", "zoe MULLER", None, 7),
    "robot": ("project_7_bot", "Deploy Token", None, 8),
}
JIRA: dict[str, tuple[str | None, str | None]] = {
    "ann": ("Ann Lee", "ann@private.test"),
    "john1": ("John Smith", "JOHN.SMITH@acme.test"),
    "john2": ("John Smith", "john.smith2@acme.test"),
    "pete": ("Fox, Pete (External)", None),
    "mia": ("Mia L.", "mia@acme.test"),
    "tom": ("Tom Berg", "tom.berg@acme.test"),
    "gone1": ("Former user", None),
    "gone2": ("Former user", None),
    "team": ("Team Mailbox", "team@acme.test"),
    "writes": ("cat@acme.test", "cat@acme.test"),
}
# connection, account that the source names, name, e-mail
COMMITS: list[tuple[str, str | None, str, str]] = [
    ("github", "ann", "Ann Lee", "ann@private.test"),
    ("github", "dep", "dependabot[bot]", "111+dependabot[bot]@users.noreply.github.com"),
    ("gitlab", None, "dependabot[bot]", "111+dependabot[bot]@users.noreply.github.com"),
    ("gitlab", None, "Eve O.", "105+was-somebody-else@users.noreply.github.com"),
    ("gitlab", None, "Bob Stone", "bob.stone@acme.test"),
    ("gitlab", None, "Bob Stone", "7+bob@users.noreply.git.elsewhere.test"),
    ("gitlab", None, "Nick Nox", "nick@nox.test"),
    ("github", None, "Nick Nox", "NICK@nox.test"),
    ("gitlab", None, "root", "root@localhost"),
    ("gitlab", None, "Kim", "6-kimchi77@users.noreply.gitlab.com"),
    ("github", "mia", "Mia Lund", "mia@acme.test"),
    ("gitlab", None, "Tom Berg", "tom@laptop.local"),
]

PERSONS: list[set[str]] = [
    {"github:ann", "gitlab:1", "jira:ann"},
    {"github:bob", "gitlab:2", "gitlab:git:7+bob@users.noreply.git.elsewhere.test"},
    # two of one name: their addresses tell them apart, the third has another name
    {"github:john1", "jira:john1"},
    {"github:john2", "jira:john2"},
    {"gitlab:4"},
    # her login on GitHub is that of somebody else on GitLab
    {"github:jane"},
    {"github:eve", "gitlab:3", "gitlab:git:105+was-somebody-else@users.noreply.github.com"},
    # the settings say that the one on GitHub is another Pete Fox
    {"github:pete"},
    {"gitlab:5", "jira:pete"},
    {"github:kim", "gitlab:6"},
    {"github:zoe", "gitlab:7"},
    {"github:dep", "gitlab:git:111+dependabot[bot]@users.noreply.github.com"},
    # a second account on GitHub: only the settings can say so
    {"github:mia", "github:mia2", "jira:mia"},
    {"github:tom", "jira:tom", "gitlab:git:tom@laptop.local"},
    {"github:ian"},
    {"github:liz"},
    {"jira:team"},
    {"jira:gone1"},
    {"jira:gone2"},
    {"jira:writes"},
    {"gitlab:8"},
    {"github:git:nick@nox.test", "gitlab:git:nick@nox.test"},
]


def settings(project: Any) -> None:
    project.insert(
        "raw_settings.organization",
        {
            "slug": "acme",
            "name": "Acme",
            "timezone": "Europe/Berlin",
            "week_starts_on": "monday",
            "pseudonym_salt": "pepper",
        },
    )
    project.insert(
        "raw_settings.connections",
        {"connection": "github", "source": "github", "url": "https://api.github.com"},
        {"connection": "gitlab", "source": "gitlab", "url": "https://gitlab.com"},
        {"connection": "jira", "source": "jira", "url": "https://acme.atlassian.net"},
    )
    project.insert(
        "raw_settings.people",
        {"position": 1, "relation": "same", "accounts": ["github:MIA-old", "github:mia-new"]},
        {"position": 2, "relation": "different", "accounts": ["github:pete-private", "jira:pete"]},
        {
            "position": 3,
            "relation": "different",
            "accounts": ["gitlab:pfox", "github:PETE-private"],
        },
        {"position": 4, "relation": "same", "accounts": ["gitlab:pfox", "jira:pete"]},
    )
    project.insert("raw_settings.teams", {"name": "Payments", "same": ["gitlab:acme/pay"]})
    project.insert("raw_settings.teams", {"name": "Shop", "parent": "Payments"})
    project.insert(
        "raw_settings.team_members",
        {"team": "Shop", "member": "TOM.berg@acme.test", "valid_from": "0001-01-01"},
        {"team": "Shop", "member": "team@acme.test", "valid_from": "0001-01-01"},
    )


def accounts(project: Any) -> None:
    project.insert(
        "raw_github.users",
        *(
            {
                "id": key,
                "database_id": number,
                "login": login,
                "name": name,
                "public_email": email,
                "type": "Bot" if key == "dep" else "User",
            }
            for key, (login, name, email, number) in GITHUB.items()
        ),
    )
    project.insert(
        "raw_gitlab.users",
        *(
            {
                "connection": "gitlab",
                "id": number,
                "username": login,
                "name": name,
                "state": "active",
                "public_email": email,
            }
            for login, name, email, number in GITLAB.values()
        ),
    )
    project.insert(
        "raw_jira.users",
        *(
            {
                "connection": "jira",
                "id": key,
                "name": name,
                "email": email,
                "type": "atlassian",
                "is_active": not key.startswith("gone"),
            }
            for key, (name, email) in JIRA.items()
        ),
    )
    for number, (connection, account, name, email) in enumerate(COMMITS):
        written = {
            "connection": connection,
            "sha": f"sha{number}",
            "author_name": name,
            "author_email": email,
            "is_on_default_branch": True,
        }
        if connection == "github":
            project.insert(
                "raw_github.commits", {**written, "repository_id": "R", "author_id": account}
            )
        else:
            project.insert("raw_gitlab.commits", {**written, "project_id": 9})


def teams(project: Any) -> None:
    project.insert(
        "raw_gitlab.groups",
        *(
            {
                "connection": "gitlab",
                "id": number,
                "full_path": path,
                "name": path.title(),
                "parent_id": parent,
                "members_synced_at": SYNCED,
                "deleted_at": deleted,
            }
            for number, path, parent, deleted in (
                (50, "acme", None, None),
                (51, "acme/pay", 50, None),
                (52, "acme/pay/core", 51, None),
                (53, "acme/old", 50, SYNCED),
            )
        ),
    )

    def member(group: int, who: str, level: int, **columns: Any) -> dict[str, Any]:
        login, _, _, number = GITLAB[who]
        return {
            "connection": "gitlab",
            "group_id": group,
            "user_id": number,
            "username": login,
            "access_level": level,
            "created_at": datetime(2025, 5, 1, tzinfo=UTC),
            "synced_at": SYNCED,
            **columns,
        }

    project.insert(
        "raw_gitlab.group_members",
        member(51, "ann", 50),
        member(51, "bob", 30, expires_on="2025-12-31"),
        member(52, "eve", 30, synced_at=EARLIER),
        member(53, "ann", 50),
    )
    project.insert(
        "raw_gitlab.project_syncs",
        *(
            {"connection": "gitlab", "project_path": "acme/pay/app", "synced_at": when}
            for when in (EARLIER, datetime(2026, 2, 2, 6, tzinfo=UTC), SYNCED)
        ),
    )
    project.insert(
        "raw_gitlab.projects",
        {
            "connection": "gitlab",
            "id": 9,
            "group_id": 52,
            "path_with_namespace": "acme/pay/core/app",
            "name": "app",
            "default_branch": "main",
        },
        {
            "connection": "gitlab",
            "id": 10,
            "group_id": 51,
            "path_with_namespace": "acme/pay/web",
            "name": "web",
            "default_branch": "main",
        },
    )
    project.insert(
        "raw_github.repositories",
        {
            "id": "R",
            "owner_id": "O",
            "owner_login": "acme",
            "name": "r",
            "full_name": "acme/r",
            "default_branch": "main",
        },
    )


def crowd(project: Any) -> None:
    """CROWD persons with an account of each source; every second one shows the address to Jira."""
    letters = "translate(i::text, '0123456789', 'abcdefghij')"
    numbers = f"generate_series(1, {CROWD}) as i"
    project.execute(
        "insert into raw_github.users (connection, id, login, name, type, synced_at) "
        f"select 'github', 'crowd' || i, 'dev-' || i, 'Given' || {letters} || ' Family', 'User', "
        f"now() from {numbers}"
    )
    project.execute(
        "insert into raw_gitlab.users (connection, id, username, name, state, synced_at) "
        f"select 'gitlab', 100000 + i, 'lab-' || i, 'FAMILY, Given' || {letters}, 'active', "
        f"now() from {numbers}"
    )
    project.execute(
        "insert into raw_jira.users (connection, id, name, email, type, is_active, synced_at) "
        f"select 'jira', 'crowd' || i, case when i % 2 = 1 then 'Given' || {letters} || ' Family' "
        "else 'JIRA' || i end, case when i % 2 = 0 then 'crowd' || i || '@crowd.test' end, "
        f"'atlassian', true, now() from {numbers}"
    )
    project.execute(
        "insert into raw_github.commits (connection, repository_id, sha, parent_shas, authored_at, "
        "committed_at, author_id, author_name, author_email, is_on_default_branch, synced_at) "
        "select 'github', 'R', 'crowd' || i, '[]', now(), now(), 'crowd' || i, 'x', "
        f"'Crowd' || i || '@crowd.test', true, now() from {numbers}"
    )
    # a search in everything for everybody would take minutes
    project.execute(
        "do $$ begin execute format('alter role current_user in database %I "
        "set statement_timeout = 60000', current_database()); end $$",
        role="modeller",
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    for part in (settings, accounts, teams, crowd):
        part(project)
    done = project.run("run")
    assert done.returncode == 0, done.stdout[-6000:]
    return project


def persons(project: Any) -> list[set[str]]:
    """The accounts of each developer; addresses of commits by the address, not by its md5."""
    found: dict[str, set[str]] = {}
    for developer, account, email in project.rows(
        "select i.developer_id, i.account_id, e.email from marts.bridge_developer_identities as i "
        "left join intermediate.int_account_emails as e "
        "on i.account_id = e.account_id and e.told_by = 'git' "
        "where i.account_id !~ 'crowd|^gitlab:10[0-9]{4}$'"
    ):
        name = f"{account.rpartition(':')[0]}:{email}" if email else account
        found.setdefault(developer, set()).add(name)
    return list(found.values())


def test_everybody_is_one_person_and_nobody_is_two(built: Any) -> None:
    found = persons(built)
    assert sorted(map(sorted, found)) == sorted(map(sorted, PERSONS))


def test_a_crowd_is_matched_quickly_and_without_a_mistake(built: Any) -> None:
    number = "case when source = 'gitlab' then split_part(account_id, ':', 2)::int - 100000 "
    number += "else substring(account_id from '[0-9]+')::int end"
    sizes = built.rows(
        f"select count(*), count(distinct {number}) from marts.bridge_developer_identities "
        "where account_id ~ 'crowd|^gitlab:10[0-9]{4}$' group by developer_id"
    )
    assert sizes == [(3, 1)] * CROWD


def test_the_account_that_stands_for_a_person_and_the_reasons(built: Any) -> None:
    rows = built.rows(
        "select account_id, developer_id, match_method, match_confidence "
        "from marts.bridge_developer_identities where developer_id in "
        "('github:ann', 'gitlab:5', 'github:kim', 'github:mia') order by 1"
    )
    assert rows == [
        ("github:ann", "github:ann", "account", 1.0),
        ("github:kim", "github:kim", "account", 1.0),
        ("github:mia", "github:mia", "account", 1.0),
        ("github:mia2", "github:mia", "stated", 1.0),
        # her name on GitHub is hidden, but she signs commits with it
        ("gitlab:1", "github:ann", "full_name", 0.8),
        ("gitlab:5", "gitlab:5", "account", 1.0),
        ("gitlab:6", "github:kim", "login", 0.6),
        ("jira:ann", "github:ann", "email", 0.95),
        ("jira:mia", "github:mia", "email", 0.95),
        ("jira:pete", "gitlab:5", "stated", 1.0),
    ]


def test_commits_find_their_author_by_the_address(built: Any) -> None:
    found = dict(
        built.rows(
            "select a.author_email, d.developer_id "
            "from intermediate.int_commit_author_accounts as a "
            "inner join intermediate.int_developers_matched as d on a.account_id = d.account_id "
            "where a.connection = 'gitlab'"
        )
    )
    assert found["bob.stone@acme.test"] == "github:bob"
    assert found["105+was-somebody-else@users.noreply.github.com"] == "github:eve"
    assert found["tom@laptop.local"] == "github:tom"
    assert "root@localhost" not in found


def test_names_are_the_best_there_are(built: Any) -> None:
    names = dict(built.rows("select developer_id, name from marts.dim_developers"))
    assert names["github:ann"] == "Ann Lee"
    assert names["github:kim"] == "kimchi77"
    assert names["jira:gone1"] == "Former user"
    assert names["jira:writes"] == "cat"
    bots = built.rows("select developer_id from marts.dim_developers where is_bot order by 1")
    assert bots == [("github:dep",), ("gitlab:8",)]
    inactive = built.rows(
        "select developer_id from marts.dim_developers where not is_active order by 1"
    )
    assert inactive == [("jira:gone1",), ("jira:gone2",)]


def test_groups_are_teams_and_the_settings_absorb_them(built: Any) -> None:
    assert built.rows("select team_id, parent_team_id, source from marts.dim_teams order by 1") == [
        ("gitlab:50", None, "gitlab"),
        ("gitlab:52", "team:payments", "gitlab"),
        ("team:payments", "gitlab:50", "settings"),
        ("team:shop", "team:payments", "settings"),
    ]
    assert built.rows(
        "select ancestor_team_id, depth from marts.bridge_team_ancestors "
        "where team_id = 'gitlab:52' order by depth"
    ) == [("gitlab:52", 0), ("team:payments", 1), ("gitlab:50", 2)]


def test_memberships_have_their_time(built: Any) -> None:
    began = datetime(2025, 5, 1, tzinfo=UTC)
    assert built.rows(
        "select team_id, developer_id, role, valid_from, valid_to "
        "from marts.bridge_team_members order by 1, 2"
    ) == [
        # no longer in the list of the sync after the first
        ("gitlab:52", "github:eve", "member", began, datetime(2026, 2, 2, 6, tzinfo=UTC)),
        ("team:payments", "github:ann", "owner", began, None),
        ("team:payments", "github:bob", "member", began, datetime(2025, 12, 31, tzinfo=UTC)),
        # by the address; the mailbox of two names nobody
        ("team:shop", "github:tom", "member", None, None),
    ]


def test_a_project_is_its_groups(built: Any) -> None:
    assert built.rows("select service_id, team_id from marts.dim_services order by 1") == [
        ("github:R", None),
        ("gitlab:10", "team:payments"),
        ("gitlab:9", "gitlab:52"),
    ]


def texts(project: Any, schema: str) -> set[str]:
    """Every text in every table of a schema."""
    columns = project.rows(
        "select table_name, column_name from information_schema.columns "
        f"where table_schema = '{schema}' and data_type in ('text', 'character varying', 'ARRAY', "
        "'jsonb')"
    )
    found: set[str] = set()
    for table, column in columns:
        found |= {
            value
            for (value,) in project.rows(
                f'select distinct "{column}"::text from {schema}."{table}" '
                f'where "{column}" is not null'
            )
        }
    return found


def test_no_mart_carries_an_address(built: Any) -> None:
    # the search would find one: the raw tables are full of them
    assert any(EMAIL.search(value) for value in texts(built, "intermediate"))
    assert [value for value in texts(built, "marts") if EMAIL.search(value)] == []


def test_with_pseudonyms_no_mart_carries_a_name_or_a_login(built: Any) -> None:
    built.execute("update raw_settings.organization set pseudonymize = true")
    try:
        done = built.run("run", "--select", "dim_developers", "bridge_developer_identities")
        assert done.returncode == 0, done.stdout[-3000:]
        rows = "select name from marts.dim_developers where developer_id = 'github:ann'"
        (name,) = built.rows(rows)[0]
        assert re.fullmatch("developer-[0-9a-f]{12}", name)
        people = [("dep", "robot")]
        hidden = {
            text.lower()
            for source in (GITHUB, GITLAB)
            for key, (login, shown, _, _) in source.items()
            if key not in people[0]
            for text in (login, shown)
            if text
        } | {shown.lower() for shown, _ in JIRA.values() if shown}
        shown_values = {value.lower() for value in texts(built, "marts")}
        assert hidden & shown_values == set()
        # bots are no people
        assert "dependabot" in shown_values
        done = built.run("run", "--select", "dim_developers")
        assert built.rows(rows) == [(name,)], "a pseudonym stays"
    finally:
        built.execute("update raw_settings.organization set pseudonymize = false")
