"""How GitHub and GitLab word things: merge messages, references in texts, addresses."""

from __future__ import annotations


class GitHubWords:
    """GitHub's wording for one repository."""

    web = "https://github.com"

    def __init__(self, full_name: str) -> None:
        self.full_name = full_name
        self.url = f"{self.web}/{full_name}"

    def merged(self, number: int, head: str, base: str, title: str) -> str:
        """Message of a merge commit."""
        owner = self.full_name.rpartition("/")[0]
        return f"Merge pull request #{number} from {owner}/{head}\n\n{title}"

    def squashed(self, number: int, title: str) -> str:
        """Message of a squash commit."""
        return f"{title} (#{number})"

    def reverts(self, number: int) -> str:
        """What the revert button writes into the text."""
        return f"Reverts {self.full_name}#{number}"

    def pull_url(self, number: int) -> str:
        """Address of a pull request."""
        return f"{self.url}/pull/{number}"

    def deployment_url(self, number: int) -> str:
        """Address of a deployment."""
        return f"{self.url}/deployments/{number}"

    def deployment_api_url(self, repository_id: int, number: int) -> str:
        """Address of a deployment in the API."""
        return f"https://api.github.com/repositories/{repository_id}/deployments/{number}"

    def commit_url(self, sha: str) -> str:
        """Address of a commit."""
        return f"{self.url}/commit/{sha}"

    def references(self, number: int) -> list[str]:
        """Ways to name a pull request from within the source."""
        return [f"#{number}", f"{self.full_name}#{number}", self.pull_url(number)]


class GitLabWords(GitHubWords):
    """GitLab's wording for one project."""

    web = "https://gitlab.com"

    def merged(self, number: int, head: str, base: str, title: str) -> str:
        """Message of a merge commit (GitLab docs, "Commit message templates": the default)."""
        return (
            f"Merge branch '{head}' into '{base}'\n\n{title}\n\n"
            f"See merge request {self.full_name}!{number}"
        )

    def squashed(self, number: int, title: str) -> str:
        """Message of a squash commit: by default the title alone."""
        return title

    def reverts(self, number: int) -> str:
        """What the revert button writes into the text."""
        return f"This reverts merge request !{number}"

    def pull_url(self, number: int) -> str:
        """Address of a merge request."""
        return f"{self.url}/-/merge_requests/{number}"

    def deployment_url(self, number: int) -> str:
        """Address of a deployment."""
        return f"{self.url}/-/deployments/{number}"

    def deployment_api_url(self, repository_id: int, number: int) -> str:
        """Address of a deployment in the API: the only one that holds its id."""
        return f"{self.web}/api/v4/projects/{repository_id}/deployments/{number}"

    def commit_url(self, sha: str) -> str:
        """Address of a commit."""
        return f"{self.url}/-/commit/{sha}"

    def references(self, number: int) -> list[str]:
        """Ways to name a merge request from within the source."""
        return [f"!{number}", f"{self.full_name}!{number}", self.pull_url(number)]
