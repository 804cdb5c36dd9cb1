"""Loads a connection into raw_github, in one call."""

from __future__ import annotations

from ingestion.contracts import GITHUB
from ingestion.github import github
from ingestion.github.client import GithubClient
from ingestion.github.reader import Reader
from ingestion.loading import Failure, Loader, LoadError, LoadResult, Progress
from ingestion.settings import GithubConnection

__all__ = ["Failure", "LoadError", "LoadResult", "Progress", "load"]

load: Loader[GithubConnection, GithubClient] = Loader("github", GITHUB, Reader, github)
