"""How different repositories are worked in: a table of habits, dealt out in turn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habit:
    """How one repository is worked in. Rates are per working day, chances from 0 to 1."""

    key: str
    names: tuple[str, ...]  # repository names; further ones get a number
    language: str | None
    merge: str = "squash"  # squash, merge or rebase
    source: str = "deployments"  # deployments, releases, lines, tags, none or empty
    cadence: str = "daily"  # trunk, daily, three_a_week, weekly, fortnightly
    production: tuple[str, ...] = ("production",)
    staging: str | None = "staging"
    default_branch: str = "main"
    pulls: float = 1.0
    pushes: float = 0.1
    commits: float = 2.5  # mean per pull request
    failure: float = 0.1  # of production deployments, followed by an incident
    broken: float = 0.06  # deployments that never succeed
    stacked: float = 0.0  # pull requests with another one into their branch
    dependency_bot: bool = True
    workflows: bool = True
    is_private: bool = True
    is_fork: bool = False
    archived_after: float | None = None  # share of the first 180 days
    owner_permission: str = "ADMIN"  # of the owning team; NONE: nobody owns it, TWO: two do


# The first few are as different as possible, so that a small company already shows most of it.
HABITS: tuple[Habit, ...] = (
    Habit(
        "trunk", ("checkout", "basket", "pricing", "search"), "TypeScript",
        cadence="trunk", pulls=2.6, pushes=0.25, commits=1.8, failure=0.07, stacked=0.03,
    ),
    Habit(
        "weekly", ("storefront", "warehouse-app", "portal"), "Java",
        merge="merge", cadence="weekly", pulls=1.5, commits=3.0, failure=0.3,
        default_branch="master", stacked=0.05,
    ),
    Habit(
        "daily", ("payments", "ledger", "invoicing"), "Go",
        merge="rebase", cadence="daily", pulls=1.3, commits=2.2, failure=0.12, production=("prod",),
    ),
    Habit(
        "library", ("ui-kit", "client-sdk", "logging-lib"), "TypeScript",
        source="releases", cadence="fortnightly", pulls=0.7, failure=0.15, staging=None,
        is_private=False, owner_permission="MAINTAIN",
    ),
    Habit(
        "monolith", ("monolith", "backoffice"), "Ruby",
        merge="merge", cadence="three_a_week", pulls=3.2, pushes=0.3, commits=3.2, failure=0.22,
        production=("live",), stacked=0.03, broken=0.1,
    ),
    Habit(
        "regions", ("gateway", "edge-proxy"), "Rust",
        cadence="daily", pulls=0.9, failure=0.12, production=("production-eu", "production-us"),
    ),
    Habit(
        "tags", ("protocol", "schemas", "cli-tools"), "Python",
        merge="rebase", source="tags", cadence="weekly", pulls=0.6, failure=0.12, staging=None,
        default_branch="trunk", is_private=False,
    ),
    Habit(
        "lines", ("mobile-app", "desktop-app"), "Kotlin",
        source="lines", cadence="fortnightly", pulls=1.2, failure=0.5, staging=None,
        owner_permission="TWO",
    ),
    Habit(
        "undeployed", ("infra-tools", "handbook", "playground"), "Shell",
        source="none", pulls=0.6, pushes=0.3, staging=None, is_fork=True, owner_permission="NONE",
    ),
    Habit("empty", ("next-big-thing", "placeholder"), None, source="empty", staging=None),
    Habit(
        "archived", ("legacy-billing", "old-reports"), "PHP",
        merge="merge", cadence="weekly", pulls=0.5, failure=0.15, archived_after=0.45,
        workflows=False,
    ),
    Habit(
        "quiet", ("notifications", "mailer", "recommendations"), "Python",
        cadence="weekly", pulls=0.3, pushes=0.05, failure=0.1, staging=None, workflows=False,
    ),
)  # fmt: skip


def habit_of(index: int) -> tuple[Habit, str]:
    """The habit and the name of the repository with this index (0 for the first)."""
    habit = HABITS[index % len(HABITS)]
    turn = index // len(HABITS)
    if turn < len(habit.names):
        return habit, habit.names[turn]
    return habit, f"{habit.names[turn % len(habit.names)]}-{turn // len(habit.names) + 1}"
