"""Loads a connection into raw_gitlab, in one call."""

from __future__ import annotations

from ingestion.contracts import GITLAB
from ingestion.gitlab import gitlab
from ingestion.gitlab.client import GitlabClient
from ingestion.gitlab.reader import Reader
from ingestion.loading import Failure, Loader, LoadError, LoadResult, Progress
from ingestion.settings import GitlabConnection

__all__ = ["Failure", "LoadError", "LoadResult", "Progress", "load"]

load: Loader[GitlabConnection, GitlabClient] = Loader("gitlab", GITLAB, Reader, gitlab)
