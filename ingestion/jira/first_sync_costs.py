"""What a first sync of Jira costs, reckoned from counts. No request is sent here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ingestion.jira.client import CHANGELOG_PAGE, ID_PAGE, SEARCH_PAGE
from ingestion.loading.estimates import pages

# serverInfo, myself, fields, types, statuses of workflows and without, accounts.
_ALWAYS = 7
_PROJECT_PAGE = 100
_BOARD_PAGE = 50


@dataclass(frozen=True)
class Sample:
    """What was seen of some issues."""

    issues: int
    changes: int
    """Entries of their histories."""
    linked: int
    """Issues whose history names a remote link."""
    long: int
    """Lists of worklogs and comments that go on behind what a search shows."""


@dataclass(frozen=True)
class Site:
    """What there is to read."""

    projects: int
    issues: int
    boards: int


def requests(site: Site, sample: Sample, steps: int = 1) -> int:
    """Requests for all of it; `steps`: in which the history is read (decision 0025), each with a
    search of every project at least.

    Issues are read project by project, so each has a last page that is not full: half a page more
    of issues each. Histories take a request a page of issues, or a page of 1,000 entries.
    """
    seen = max(sample.issues, 1)
    searches = pages(site.issues, SEARCH_PAGE) + math.ceil(site.projects / 2)
    entries = math.ceil(site.issues * sample.changes / seen)
    histories = max(searches if site.issues else 0, pages(entries, CHANGELOG_PAGE))
    single = math.ceil(site.issues * (sample.linked + sample.long) / seen)
    return (
        _ALWAYS
        + pages(site.projects, _PROJECT_PAGE, 1)
        + pages(site.boards, _BOARD_PAGE, 1)
        + site.boards  # sprints
        + searches
        + site.projects * (steps - 1)
        + histories
        + single
        + pages(site.issues, ID_PAGE)  # the scan of what is gone
    )
