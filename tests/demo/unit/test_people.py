"""Who is who: what the truth calls knowable can be known, and the traps are set."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime

import pytest

from demo.company import Company
from demo.people import EMAIL, LOGIN, NAME, NOTHING, STATED, Person, Tie
from demo.truth_people import Identity, git_account_id


def shown_names(person: Person) -> dict[str, str]:
    """connection:login → the full name that the source shows."""
    names = {f"github:{one.login}": one.name for one in person.github}
    if person.gitlab:
        names[f"gitlab:{person.gitlab.login}"] = person.gitlab.name
    if person.jira:
        names[f"jira:{person.jira.id}"] = person.jira.name
    return names


def addresses(company: Company, person: Person) -> dict[str, set[str]]:
    """connection:login → e-mail addresses that the sources tell of that account."""
    known: dict[str, set[str]] = defaultdict(set)
    for account in person.github:
        known[f"github:{account.login}"] |= {account.public_email or ""}
    for story in company.stories:
        if story.source == "github":
            for commit in story.commits.values():
                if commit.has_account and commit.author.person == person.key:
                    known[f"github:{commit.author.login}"].add(commit.written_email)
    if person.gitlab:
        known[f"gitlab:{person.gitlab.login}"] = {person.gitlab.public_email or ""}
    if person.jira:
        known[f"jira:{person.jira.id}"] = {person.jira.email or ""}
    return {login: found - {""} for login, found in known.items()}


def ties(company: Company, by: str) -> list[tuple[Person, Tie]]:
    return [(one, tie) for one in company.staff.people for tie in one.ties if tie.by == by]


def test_a_join_by_e_mail_has_an_address_in_common(company: Company) -> None:
    # Somebody who never pushed anything to GitHub shows the name at least.
    names = Counter(one.name for one in company.staff.people)
    found = ties(company, EMAIL)
    common = 0
    for person, tie in found:
        known = addresses(company, person)
        if known[tie.one] & known[tie.other]:
            common += 1
        else:
            assert names[person.name] == 1, tie
            assert set(shown_names(person).values()) == {person.name}, tie
    assert common > 0.8 * len(found) > 15


def test_a_join_by_name_has_a_name_that_nobody_else_has(company: Company) -> None:
    found = ties(company, NAME)
    assert len(found) > 5
    holders = defaultdict(set)
    for person in company.staff.people:
        for name in shown_names(person).values():
            holders[name].add(person.key)
    for person, tie in found:
        names = shown_names(person)
        assert names[tie.one] == names[tie.other]
        assert holders[names[tie.one]] == {person.key}


def test_a_join_by_login_contradicts_no_name(company: Company) -> None:
    for person, tie in ties(company, LOGIN):
        assert tie.one.partition(":")[2] == tie.other.partition(":")[2]
        names = {
            name for login, name in shown_names(person).items() if login in (tie.one, tie.other)
        }
        assert len(names - {""}) == 1


def test_what_is_stated_is_in_the_settings(company: Company) -> None:
    stated = {login for group in company.staff.same for login in group}
    for _, tie in ties(company, STATED):
        assert {tie.one, tie.other} <= stated


def test_the_traps_are_set(company: Company) -> None:
    people = [person for person in company.staff.people if not person.is_bot]
    # Two people of one name with accounts on all sources.
    on_all = Counter(one.name for one in people if one.github and one.gitlab and one.jira)
    assert max(on_all.values()) == 2
    # One name that is another person on each side: only the settings can tell.
    github = {one.name: one.key for one in people if one.github and not one.gitlab}
    apart = [one for one in people if one.gitlab and not one.github and one.name in github]
    assert [github[one.name] == one.key for one in apart] == [False]
    assert company.staff.different
    # A login that is somebody else's on the other side, under another name.
    logins = {account.login: one for one in people for account in one.github}
    borrowed = [one for one in people if one.gitlab and one.gitlab.login in logins
                and logins[one.gitlab.login] is not one]  # fmt: skip
    assert [logins[one.gitlab.login].name == one.name for one in borrowed if one.gitlab] == [False]
    # Numbers that mean somebody on GitHub and somebody else on GitLab.
    numbers = {account.database_id: one.key for one in people for account in one.github}
    assert any(one.gitlab and numbers.get(one.gitlab.database_id, one.key) != one.key
               for one in people)  # fmt: skip


def test_commits_carry_addresses_of_all_kinds(company: Company) -> None:
    written = defaultdict(set)
    for story in company.stories:
        for commit in story.commits.values():
            written[story.source].add(commit.written_email.partition("@")[2])
    work = {"acme.test", "users.noreply.github.com", "laptop.local"}
    assert work | {"mail.test"} <= written["github"]
    assert work | {"users.noreply.gitlab.com"} <= written["gitlab"]


def test_no_address_is_two_peoples(company: Company) -> None:
    owners = defaultdict(set)
    for story in company.stories:
        for commit in story.commits.values():
            owners[commit.written_email.lower()].add(commit.author.person)
    assert {email: who for email, who in owners.items() if len(who) > 1} == {}


@pytest.mark.parametrize("size", [3, 12, 60])
def test_nearly_all_joins_can_be_known(size: int) -> None:
    until = datetime(2026, 9, 10, tzinfo=UTC)
    people = Company.generate(7, size, date(2026, 9, 1), until).staff.people
    joins = [tie for person in people for tie in person.ties]
    unknown = [tie for tie in joins if tie.by == NOTHING]
    assert unknown
    assert len(unknown) <= max(0.03 * len(joins), 1)
    for person in people:
        assert len(person.ties) == max(len(person.logins) - 1, 0)
    logins = [login for person in people for login in person.logins]
    assert len(logins) == len(set(logins))


def test_identities_hold_every_account_once(company: Company) -> None:
    told = company.truth().identities
    ids = [identity for one in told for identity in (*one.account_ids, *one.git_account_ids)]
    assert len(ids) == len(set(ids))
    for one in told:
        assert sorted(id_ for group in one.groups for id_ in group) == sorted(one.account_ids)
    known = sum(one.knowable_joins for one in told)
    assert 0.97 <= known / sum(one.joins for one in told) < 1


def test_groups_of_an_identity_worked_out_by_hand(company: Company) -> None:
    # Person 10 is kn0x on GitLab, which nothing joins to the accounts on GitHub and in Jira.
    identity = by_key(company)["person:10"]
    assert identity.joins == 2
    assert identity.knowable_joins == 1
    assert sorted(len(group) for group in identity.groups) == [1, 2]
    person = company.staff.by_key["person:10"]
    assert person.gitlab is not None
    assert (f"gitlab:{person.gitlab.id}",) in identity.groups


def test_somebody_deleted_has_no_account_on_github(company: Company) -> None:
    identity = by_key(company)["person:3"]
    assert [one.partition(":")[0] for one in identity.account_ids] == ["jira"]


def by_key(company: Company) -> dict[str, Identity]:
    return {one.person: one for one in company.truth().identities}


def test_the_id_of_an_address() -> None:
    # md5("a@b.c") as `printf a@b.c | md5sum` prints it.
    assert git_account_id("gitlab", "A@b.C") == "gitlab:git:5d60d4e28066df254d5452f92c910092"
