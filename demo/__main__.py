"""python -m demo serve | truth | sei-toml: the demo company from the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from demo.company import Company, default_period
from demo.recorded import RecordedError, recorded_source
from demo.server import (
    DEFAULT_PORTS,
    DEFAULT_TOKEN,
    HOST,
    Addresses,
    Servers,
    application,
    serve,
    serve_all,
)
from demo.settings import TOKEN_VARIABLE, sei_toml


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 if it went well, 2 if the arguments are wrong."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.run(asked))
    except (ValueError, RecordedError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    size = argparse.ArgumentParser(add_help=False)
    size.add_argument("--seed", type=int, default=7)
    size.add_argument("--repositories", type=int, default=12)
    size.add_argument("--months", type=int, default=6)
    size.add_argument("--start", type=date.fromisoformat, help="first day, in place of --months")
    size.add_argument("--until", type=_moment, help="end of the story (ISO 8601; default now)")

    one = commands.add_parser(
        "serve", parents=[size], help="serve the company's GitHub, GitLab and Jira"
    )
    one.add_argument("--port", type=int, default=8765, help="GitHub's; 0 takes any free port")
    one.add_argument("--gitlab-port", type=int, help="default: 8766, or any if --port is given")
    one.add_argument("--jira-port", type=int, help="default: 8767, or any if --port is given")
    one.add_argument("--clock", type=_moment, help="show it as of this moment (default: the end)")
    one.add_argument("--token", action="append", help=f"accepted token (default ${TOKEN_VARIABLE})")
    one.add_argument("--rate-limit", type=int, default=15_000, help="requests per token and hour")
    one.add_argument("--recorded", type=Path, help="serve this folder of GitHub payloads instead")
    one.set_defaults(run=_serve)

    two = commands.add_parser("truth", parents=[size], help="print the true answers as JSON")
    two.add_argument("--as-of", type=_moment, help="default: the end of the story")
    two.set_defaults(run=_truth)

    three = commands.add_parser("sei-toml", parents=[size], help="print the settings file")
    three.add_argument("--api-url", help="GitHub's; alone it is all that is loaded")
    three.add_argument("--gitlab-url")
    three.add_argument("--jira-url")
    three.set_defaults(run=_settings)
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _company(asked: argparse.Namespace) -> Company:
    start, until = default_period(asked.until or datetime.now(UTC), asked.months)
    return Company.generate(asked.seed, asked.repositories, asked.start or start, until)


def _serve(asked: argparse.Namespace) -> int:
    tokens = asked.token or [os.environ.get(TOKEN_VARIABLE) or DEFAULT_TOKEN]
    if asked.recorded:
        app = application(
            recorded_source(asked.recorded), now=asked.clock or datetime.now(UTC), tokens=tokens,
            rate_limit=asked.rate_limit,
        )  # fmt: skip
        serve(app, asked.port, lambda port: print(f"http://{HOST}:{port}", flush=True))
        return 0
    company = _company(asked)
    servers = Servers.of(
        company, now=asked.clock or company.until, tokens=tokens, rate_limit=asked.rate_limit
    )
    usual = asked.port == DEFAULT_PORTS[0]
    ports = [
        given if given is not None else default if usual else 0
        for given, default in zip(
            (asked.port, asked.gitlab_port, asked.jira_port), DEFAULT_PORTS, strict=True
        )
    ]
    serve_all(servers, (ports[0], ports[1], ports[2]), _print)
    return 0


def _print(found: Addresses) -> None:
    """The addresses of GitHub, GitLab and Jira, a line each."""
    print(found.github, found.gitlab, found.jira, sep="\n", flush=True)


def _truth(asked: argparse.Namespace) -> int:
    json.dump(_company(asked).truth(asked.as_of).to_json(), sys.stdout, ensure_ascii=False)
    print()
    return 0


def _settings(asked: argparse.Namespace) -> int:
    urls = [asked.api_url, asked.gitlab_url, asked.jira_url]
    if not any(urls):
        urls = [f"http://{HOST}:{port}" for port in DEFAULT_PORTS]
    elif not asked.api_url:
        raise ValueError("--gitlab-url and --jira-url need --api-url beside them")
    print(sei_toml(_company(asked), *urls), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
