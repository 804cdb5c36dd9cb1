"""The settings file of the demo: what a user of this company would write."""

from __future__ import annotations

import json

from demo.company import TIMEZONE, WEEK_STARTS_ON, Company

TOKEN_VARIABLE = "SEI_DEMO_TOKEN"


def sei_toml(company: Company, api_url: str) -> str:
    """Text of a sei.toml that loads the company from the API at `api_url`."""
    bots = json.dumps([one.login for one in company.accounts if one.is_bot_by_settings])
    return f"""\
# The demo company, served on this machine by `sei demo`.

[organization]
name = "Acme"
slug = "{company.owner.login}"
timezone = "{TIMEZONE}"
week_starts_on = "{WEEK_STARTS_ON}"

[history]
since = {company.start.isoformat()}

[[github]]
name = "github"
api_url = "{api_url}"
token = "env:{TOKEN_VARIABLE}"
owners = ["{company.owner.login}"]

[[incident_rules]]
connection = "github"
labels = ["incident"]

[metrics]
hotfix = {{ labels = ["hotfix"], branches = ["hotfix/*"] }}

[bots]
logins = {bots}
"""
