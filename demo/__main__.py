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
from demo.server import DEFAULT_TOKEN, HOST, application, serve
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

    one = commands.add_parser("serve", parents=[size], help="serve the company's GitHub")
    one.add_argument("--port", type=int, default=8765, help="0 takes any free port")
    one.add_argument("--clock", type=_moment, help="show it as of this moment (default: the end)")
    one.add_argument("--token", action="append", help=f"accepted token (default ${TOKEN_VARIABLE})")
    one.add_argument("--rate-limit", type=int, default=15_000, help="requests per token and hour")
    one.add_argument("--recorded", type=Path, help="serve this folder of recorded payloads instead")
    one.set_defaults(run=_serve)

    two = commands.add_parser("truth", parents=[size], help="print the true answers as JSON")
    two.add_argument("--as-of", type=_moment, help="default: the end of the story")
    two.set_defaults(run=_truth)

    three = commands.add_parser("sei-toml", parents=[size], help="print the settings file")
    three.add_argument("--api-url", default=f"http://{HOST}:8765")
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
    else:
        company = _company(asked)
        app = application(
            company, now=asked.clock or company.until, tokens=tokens, rate_limit=asked.rate_limit
        )
    serve(app, asked.port, lambda port: print(f"http://{HOST}:{port}", flush=True))
    return 0


def _truth(asked: argparse.Namespace) -> int:
    json.dump(_company(asked).truth(asked.as_of).to_json(), sys.stdout, ensure_ascii=False)
    print()
    return 0


def _settings(asked: argparse.Namespace) -> int:
    print(sei_toml(_company(asked), asked.api_url), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
