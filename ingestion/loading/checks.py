"""What trying the credentials of a connection found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingestion.http import ApiError, Budget, together
from ingestion.http.errors import one_line
from ingestion.loading.estimates import Estimate

# What a reply of unexpected shape raises.
_SHAPE = (KeyError, TypeError, ValueError, AttributeError)


@dataclass
class OwnerReport:
    """What a token sees of one owner (GitLab: group; Jira: project)."""

    login: str
    type: str | None = None
    repositories: int | None = None
    error: str | None = None


@dataclass
class TokenReport:
    """One credential: whose it is, its scopes (None where its kind has none), what is left."""

    label: str
    login: str | None = None
    scopes: list[str] | None = None
    remaining: dict[str, str] = field(default_factory=dict)
    """By resource: "4999 of 5000"; empty where the server has no limits."""
    owners: list[OwnerReport] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    """What is left of each limit, and when it resets."""
    warnings: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass
class CheckReport:
    """What `sei check` shows of one connection."""

    connection: str
    api_url: str
    tokens: list[TokenReport] = field(default_factory=list)
    error: str | None = None
    estimate: Estimate | None = None
    """Of a first sync; None where there was one, or none could be made."""
    estimate_error: str | None = None
    """Why there is none, though one was wanted."""

    @property
    def is_ok(self) -> bool:
        """Whether a load has a chance: every token works and every owner is seen by one."""
        return not self.errors()

    def errors(self) -> list[str]:
        """What has to be mended first, one line each."""
        found = [self.error] if self.error else []
        found += [token.error for token in self.tokens if token.error]
        for position in range(max((len(t.owners) for t in self.tokens), default=0)):
            seen = [t.owners[position] for t in self.tokens if len(t.owners) > position]
            if seen and all(owner.error for owner in seen):
                found.append(str(seen[0].error))
        return list(dict.fromkeys(found))

    def facts(self) -> list[str]:
        """What else was found out, one line each."""
        return self.estimate.lines() if self.estimate else []

    def warnings(self) -> list[str]:
        """What will be missing, one line each."""
        found = [warning for token in self.tokens for warning in token.warnings]
        if self.estimate_error:
            found.append(f"a first sync can't be estimated: {self.estimate_error}")
        return found

    def estimated(self, make: Callable[[], Estimate]) -> None:
        """Takes the estimate, or why there is none: a load has a chance all the same."""
        try:
            self.estimate = make()
        except (ApiError, *_SHAPE) as error:
            self.estimate_error = one_line(error if isinstance(error, ApiError) else repr(error))

    def budgets(self) -> list[Budget]:
        """What all tokens that work have left, by resource."""
        return together([budget for t in self.tokens if not t.error for budget in t.budgets])
