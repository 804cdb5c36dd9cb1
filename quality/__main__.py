"""The room by hand: `python -m quality run --door raw`, `… docs`, `… accept --door raw`.

Reads SEI_QUALITY_URL (the warehouse as inspector) and SEI_HOME. Exit status: 0 nothing that
blocks failed, 1 something did, 2 the checks could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quality.checkpoint import QualityError, accept, run, use_great_expectations
from quality.claims import CheckOutcome, Door
from quality.suites import DOORS, check_specs


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Exit status of the command line."""
    arguments = _parser().parse_args(argv)
    try:
        return _execute(arguments, environ)
    except QualityError as error:
        if arguments.debug:
            raise
        print(f"quality: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True)

    check = commands.add_parser("run", help="run the checks of one door, or of all")
    check.add_argument("--door", choices=DOORS, action="append", help="default: all, in order")
    check.add_argument("--json", action="store_true", help="print the outcomes as JSON")

    docs = commands.add_parser("docs", help="run all doors and write the data docs")
    docs.add_argument("--door", choices=DOORS, action="append", help="default: all, in order")

    accepted = commands.add_parser(
        "accept", help="take the latest row counts of a door as right, after a drop that was meant"
    )
    accepted.add_argument("--door", choices=DOORS, action="append", required=True)

    commands.add_parser(
        "serve", help="run a door for each line of JSON (door, run_id); answer with its outcomes"
    )

    listed = commands.add_parser("list", help="list the checks")
    listed.add_argument("--door", choices=DOORS, action="append")
    return parser


def _execute(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if arguments.command == "serve":
        return _serve(_url(environ))
    doors: Sequence[Door] = arguments.door or DOORS
    if arguments.command == "list":
        return _list(doors)
    url = _url(environ)
    if arguments.command == "accept":
        return _accept(doors, url)
    home = Path(environ.get("SEI_HOME") or ".sei") / "gx"
    building = arguments.command == "docs"
    run_id = f"manual-{uuid.uuid4()}"
    outcomes = [
        outcome
        for door in doors
        for outcome in run(door, url, run_id, gx_home=home, build_docs=building)
    ]
    if building:
        print(home / "docs" / "index.html")
    elif arguments.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=2, default=str))
    if not (building or arguments.json):
        _report(outcomes)
    return 1 if any(not outcome.passed and outcome.blocking for outcome in outcomes) else 0


def _url(environ: Mapping[str, str]) -> str:
    url = environ.get("SEI_QUALITY_URL")
    if not url:
        raise QualityError("SEI_QUALITY_URL is not set: the warehouse's address as inspector")
    return url


def _serve(url: str) -> int:
    # Answers only go where whoever asks reads them; what libraries print does not.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        use_great_expectations()
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                found = run(asked["door"], url, asked["run_id"])
                answer: dict[str, Any] = {"outcomes": [asdict(outcome) for outcome in found]}
            except QualityError as error:
                answer = {"error": str(error)}
            answers.write(json.dumps(answer, default=str) + "\n")
            answers.flush()
    return 0


def _list(doors: Sequence[Door]) -> int:
    for door in doors:
        for spec in check_specs(door):
            blocks = "blocks" if spec.blocking else spec.severity
            print(f"{door:8} {blocks:7} {spec.table}.{spec.name}")
    return 0


def _accept(doors: Sequence[Door], url: str) -> int:
    for door in doors:
        run_id = accept(door, url)
        if run_id is None:
            raise QualityError(f"nothing was ever checked at the door {door}")
        print(f"{door}: later runs are compared with run {run_id}")
    return 0


def _report(outcomes: Sequence[CheckOutcome]) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        word = "BLOCKS" if outcome.blocking else outcome.severity.upper()
        print(f"{word:7} {outcome.table}.{outcome.check}: {_details(outcome)}")
        print(f"        {outcome.description}")
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} checks passed")


def _details(outcome: CheckOutcome) -> str:
    told = outcome.metadata
    if told.get("note"):
        return str(told["note"])
    if "row_count_before" in told and told.get("unexpected_count") is None:
        return f"{told['row_count']} rows, {told['row_count_before']} before"
    first = (told.get("sample") or told.get("observed_value") or [""])[0]
    return f"{told.get('unexpected_count')} of {told['row_count']} rows, such as {first}"


if __name__ == "__main__":
    sys.exit(main())
