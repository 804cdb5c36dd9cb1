"""The layer under every API client: limits, retries, conditional requests, paging.

Nothing here knows a provider: what its headers mean comes in as `LimitRules`, who asks as
`Credential`s, and time as a `Clock`, so that tests need not wait.
"""

from ingestion.http.client import ApiClient, Reply
from ingestion.http.clock import Clock, SystemClock
from ingestion.http.endpoints import Endpoints
from ingestion.http.errors import (
    ApiError,
    BadReply,
    Forbidden,
    NotFound,
    Overloaded,
    Rejected,
    Stopped,
    Unauthorized,
    Unreachable,
)
from ingestion.http.graphql import GraphqlClient, GraphqlReply
from ingestion.http.ledger import Cost, Ledger
from ingestion.http.limits import Budget, LimitRules, Pause, retry_after, together
from ingestion.http.page_size import PageSize
from ingestion.http.shapes import Shapes
from ingestion.http.tokens import Credential, StaticToken, TokenPool

__all__ = [
    "ApiClient",
    "ApiError",
    "BadReply",
    "Budget",
    "Clock",
    "Cost",
    "Credential",
    "Endpoints",
    "Forbidden",
    "GraphqlClient",
    "GraphqlReply",
    "Ledger",
    "LimitRules",
    "NotFound",
    "Overloaded",
    "PageSize",
    "Pause",
    "Rejected",
    "Reply",
    "Shapes",
    "StaticToken",
    "Stopped",
    "SystemClock",
    "TokenPool",
    "Unauthorized",
    "Unreachable",
    "retry_after",
    "together",
]
