"""The settings file of the demo: what a user of this company would write."""

from __future__ import annotations

import json
from collections.abc import Sequence

from demo.company import TIMEZONE, WEEK_STARTS_ON, Company
from demo.jira import DEFAULT_EMAIL

TOKEN_VARIABLE = "SEI_DEMO_TOKEN"  # of all three sources
EMAIL = DEFAULT_EMAIL  # of the account that reads Jira


def sei_toml(
    company: Company,
    api_url: str,
    gitlab_url: str | None = None,
    jira_url: str | None = None,
    *,
    jira_projects: Sequence[str] | None = None,
) -> str:
    """Text of a sei.toml that loads the company from the APIs at these addresses.

    Without the address of GitLab or Jira it says nothing of them, nor of what can only be said with
    them. `jira_projects`: keys, all that the account can see if None.
    """
    bots = sorted({one.login for one in (*company.accounts, *company.gitlab_accounts)
                   if one.is_bot_by_settings})  # fmt: skip
    parts = [_organization(company), _github(company, api_url)]
    if gitlab_url:
        parts.append(_gitlab(company, gitlab_url))
    if jira_url:
        parts.append(_jira(jira_url, jira_projects))
    parts.append(_incident_rules(bool(gitlab_url), bool(jira_url)))
    parts.append('[metrics]\nhotfix = { labels = ["hotfix"], branches = ["hotfix/*"] }\n')
    if gitlab_url and jira_url:
        parts += [_teams(company), _services(company), _people(company)]
    parts.append(f"[bots]\nlogins = {_listed(bots)}\n")
    return "\n".join(parts)


def _listed(texts: Sequence[str]) -> str:
    """A TOML array of strings; those of JSON are the same."""
    return json.dumps(list(texts), ensure_ascii=False)


def _organization(company: Company) -> str:
    return f"""\
# The demo company, served on this machine by `sei demo`.

[organization]
name = "Acme"
slug = "{company.owner.login}"
timezone = "{TIMEZONE}"
week_starts_on = "{WEEK_STARTS_ON}"

[history]
since = {company.start.isoformat()}
"""


def _github(company: Company, url: str) -> str:
    return f"""\
[[github]]
name = "github"
api_url = "{url}"
token = "env:{TOKEN_VARIABLE}"
owners = ["{company.owner.login}"]
"""


def _gitlab(company: Company, url: str) -> str:
    return f"""\
[[gitlab]]
name = "gitlab"
url = "{url}"
token = "env:{TOKEN_VARIABLE}"
groups = ["{company.groups[0].full_path}"]
"""


def _jira(url: str, projects: Sequence[str] | None) -> str:
    only = f"projects = {_listed(projects)}\n" if projects else ""
    return f"""\
[[jira]]
name = "jira"
url = "{url}"
email = "{EMAIL}"
token = "env:{TOKEN_VARIABLE}"
{only}"""


def _incident_rules(with_gitlab: bool, with_jira: bool) -> str:
    rules = [("github", 'labels = ["incident"]')]
    if with_gitlab:
        rules += [("gitlab", 'labels = ["incident"]'), ("gitlab", 'issue_types = ["incident"]')]
    if with_jira:
        rules += [("jira", 'issue_types = ["Incident"]')]
    return "\n".join(
        f'[[incident_rules]]\nconnection = "{name}"\n{condition}\n' for name, condition in rules
    )


def _teams(company: Company) -> str:
    parts = []
    for team in company.stated_teams:
        lines = [f'name = "{team.name}"']
        if team.parent:
            lines.append(f'parent = "{team.parent}"')
        if team.members:
            lines.append(f"members = {_listed(team.members)}")
        lines.append(f"same = {_listed(team.same)}")
        parts.append("[[teams]]\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _services(company: Company) -> str:
    parts = []
    for service in company.services:
        lines = [f'name = "{service.name}"']
        if service.team:
            lines.append(f'team = "{service.team}"')
        names = [company.full_name(index) for index in service.repositories]
        lines.append(f"repositories = {_listed(names)}")
        jira = []
        if service.jira_projects:
            jira.append(f"projects = {_listed(service.jira_projects)}")
        if service.jira_components:
            jira.append(f"components = {_listed(service.jira_components)}")
        lines.append(f"jira = {{ {', '.join(jira)} }}")
        parts.append("[[services]]\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _people(company: Company) -> str:
    said = [("same", one) for one in company.staff.same]
    said += [("different", one) for one in company.staff.different]
    return "\n".join(f"[[people]]\n{relation} = {_listed(who)}\n" for relation, who in said)
