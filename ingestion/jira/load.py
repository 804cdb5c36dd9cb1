"""Loads a connection into raw_jira, in one call."""

from __future__ import annotations

from ingestion.contracts import JIRA
from ingestion.jira import jira
from ingestion.jira.client import JiraClient
from ingestion.jira.reader import Reader
from ingestion.loading import Failure, Loader, LoadError, LoadResult, Progress
from ingestion.settings import JiraConnection

__all__ = ["Failure", "LoadError", "LoadResult", "Progress", "load"]

load: Loader[JiraConnection, JiraClient] = Loader("jira", JIRA, Reader, jira)
