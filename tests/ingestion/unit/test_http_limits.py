"""Limits, pools of tokens and page sizes, on a clock on which waiting takes no time."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from ingestion.github.client import classify
from ingestion.github.limits import GithubLimits, pace
from ingestion.http import (
    Budget,
    PageSize,
    Pause,
    StaticToken,
    TokenPool,
    Unauthorized,
    retry_after,
)
from ingestion.http.client import backoff, next_link

NOW = 1_000_000.0


@pytest.fixture
def clock(make_clock: Any) -> Any:
    return make_clock(NOW)


@pytest.fixture
def pool(clock: Any) -> TokenPool:
    tokens = [StaticToken(SecretStr(f"t{n}"), f"token {n} of 2") for n in (1, 2)]
    return TokenPool(tokens, clock, "GitHub")


def learn(pool: TokenPool, slot: Any, remaining: int, resets_in: float = 600) -> None:
    pool.learn(slot, Budget("core", 5000, remaining, NOW + resets_in))


def test_the_token_with_most_left_asks(pool: TokenPool) -> None:
    one, two = pool.acquire("core"), pool.acquire("core")
    assert one is not two
    learn(pool, one, 10)
    learn(pool, two, 4000)

    assert [pool.acquire("core") for _ in range(3)] == [two] * 3


def test_resources_are_counted_apart(pool: TokenPool) -> None:
    one, two = pool.acquire("core"), pool.acquire("core")
    learn(pool, one, 0)
    learn(pool, two, 5)

    assert {id(pool.acquire("graphql")) for _ in range(2)} == {id(one), id(two)}


def test_parallel_replies_out_of_order_do_not_give_back_what_was_spent(pool: TokenPool) -> None:
    one = pool.acquire("core")
    learn(pool, one, 10)
    learn(pool, one, 12)

    assert pool.remaining("core") == 10


def test_all_exhausted_waits_for_the_earliest_reset(pool: TokenPool, clock: Any) -> None:
    one, two = pool.acquire("core"), pool.acquire("core")
    learn(pool, one, 0, resets_in=900)
    learn(pool, two, 0, resets_in=300)

    assert pool.acquire("core") is two
    assert clock.time == pytest.approx(NOW + 301)


def paced(clock: Any, tokens: int = 1) -> TokenPool:
    found = [StaticToken(SecretStr(f"t{n}"), f"token {n}") for n in range(tokens)]
    return TokenPool(found, clock, "GitHub", {"core": 3})


def test_a_token_asks_so_often_in_any_minute_and_no_more(clock: Any) -> None:
    pool, asked = paced(clock), []
    for _ in range(8):
        pool.acquire("core")
        asked.append(clock.now() - NOW)
        clock.sleep(1)

    # 0, 1, 2, then each a minute after the third before it.
    assert asked == [0, 1, 2, 60, 61, 62, 120, 121]


def test_what_has_no_pace_and_other_tokens_go_on_meanwhile(clock: Any) -> None:
    pool = paced(clock, tokens=2)
    for resource in ["core"] * 6 + ["graphql"] * 9:
        pool.acquire(resource)
    assert clock.now() == NOW

    pool.acquire("core")
    assert clock.now() == NOW + 60


def test_a_clock_that_is_set_back_does_not_hold_up_the_pace(clock: Any) -> None:
    pool = paced(clock)
    for _ in range(3):
        pool.acquire("core")
    clock.time -= 3600

    pool.acquire("core")
    assert clock.now() == NOW - 3600


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.github.com", {"core": 900, "graphql": 2000}),
        ("https://api.acme.ghe.com", {"core": 900, "graphql": 2000}),
        ("https://github.acme.example/api/v3", {}),
        ("http://127.0.0.1:8000", {}),
    ],
)
def test_githubs_own_servers_have_a_pace(url: str, expected: dict[str, int]) -> None:
    assert pace(url) == expected


def test_a_long_wait_is_announced_once(pool: TokenPool, caplog: pytest.LogCaptureFixture) -> None:
    for slot in (pool.acquire("core"), pool.acquire("core")):
        learn(pool, slot, 0, resets_in=900)

    pool.acquire("core")

    (record,) = caplog.records
    assert "core is used up" in record.message
    assert "until" in record.message


def test_a_resting_token_is_not_used_for_anything(pool: TokenPool, clock: Any) -> None:
    one, two = pool.acquire("core"), pool.acquire("core")
    pool.rest(one, Pause(NOW + 60, None, "secondary"))

    assert pool.acquire("graphql") is two
    pool.rest(two, Pause(NOW + 30, None, "secondary"))
    assert pool.acquire("core") is two
    assert clock.time == pytest.approx(NOW + 30)


def test_no_token_at_all_is_said(clock: Any) -> None:
    with pytest.raises(Unauthorized, match="no token"):
        TokenPool([], clock, "GitHub")


def pause(status: int, message: str = "", strikes: int = 0, **headers: str) -> Pause | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return GithubLimits().pause(status, named, message, "core", NOW, strikes)


def spent(reset: float) -> dict[str, str]:
    return {
        "x_ratelimit_limit": "5000",
        "x_ratelimit_remaining": "0",
        "x_ratelimit_reset": str(reset),
        "x_ratelimit_resource": "search",
    }


@pytest.mark.parametrize(
    ("answer", "until", "resource"),
    [
        (pause(429, retry_after="30"), NOW + 30, None),
        (pause(403, retry_after="30"), NOW + 30, None),
        (pause(403, "API rate limit exceeded", **spent(NOW + 600)), NOW + 601, "search"),
        (pause(403, "limit", **spent(NOW - 600)), NOW + 1, "search"),
        (pause(403, "You have exceeded a secondary rate limit"), NOW + 60, None),
        (pause(403, "You have triggered an abuse detection"), NOW + 60, None),
        (pause(429, "slow down", strikes=2), NOW + 240, None),
        (pause(429, "slow down", strikes=19), NOW + 3600, None),
    ],
)
def test_what_a_refusal_for_a_limit_asks_for(
    answer: Pause | None, until: float, resource: str | None
) -> None:
    assert answer is not None
    assert (answer.until, answer.resource) == (until, resource)


def test_other_refusals_are_no_limit() -> None:
    assert pause(403, "Resource not accessible by integration") is None
    assert pause(404, "Not Found") is None
    assert pause(403, "no", x_ratelimit_limit="5000", x_ratelimit_remaining="7") is None


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after({"retry-after": "7"}, NOW) == 7
    assert retry_after({"retry-after": "Mon, 12 Jan 1970 13:47:40 GMT"}, NOW) == 60
    assert retry_after({"retry-after": "soon"}, NOW) is None
    assert retry_after({}, NOW) is None


def test_page_sizes_halve_to_one_and_grow_again() -> None:
    size = PageSize(25, grow_after=2)

    sizes = [size.size for _ in range(6) if size.shrink()]
    assert sizes == [12, 6, 3, 1]
    assert not size.shrink()
    for _ in range(20):
        size.succeeded()
    assert size.size == 25


def test_delays_double_up_to_a_minute() -> None:
    for failures, longest in ((1, 1), (2, 2), (5, 16), (9, 60)):
        assert longest / 2 <= backoff(failures) <= longest


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<https://x/?page=2>; rel="next", <https://x/?page=9>; rel="last"', "https://x/?page=2"),
        (
            '<https://x/?page=1>; rel="prev", <https://x/?a=b,c&page=3>; rel="next"',
            "https://x/?a=b,c&page=3",
        ),
        ('<https://x/?page=1>; rel="first"', None),
        ("", None),
        (None, None),
    ],
)
def test_the_next_page(header: str | None, expected: str | None) -> None:
    assert next_link(header) == expected


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        ({"type": "RATE_LIMITED", "message": "x"}, "limit"),
        ({"message": "You have exceeded a secondary rate limit"}, "limit"),
        ({"type": "RESOURCE_LIMITS_EXCEEDED"}, "overload"),
        ({"type": "MAX_NODE_LIMIT_EXCEEDED"}, "overload"),
        ({"message": "Something went wrong while executing your query. Please…"}, "overload"),
        ({"extensions": {"code": "timedout"}, "message": "timedout"}, "overload"),
        ({"type": "NOT_FOUND", "path": ["node"]}, "not_found"),
        ({"type": "FORBIDDEN", "path": ["node", "issues"]}, "forbidden"),
        ({"type": "INSUFFICIENT_SCOPES"}, "forbidden"),
        ({"message": "Resource protected by organization SAML enforcement"}, "forbidden"),
        ({"message": "odd", "path": ["node", "title"]}, "survive"),
        ({"message": "Parse error on line 1"}, "fatal"),
    ],
)
def test_what_a_graphql_error_means(error: dict[str, Any], verdict: str) -> None:
    assert classify(error) == verdict
