"""The collectors that are compared: how each is installed, run, and what it loaded.

All of them read the same repositories of the server at `Setting.address` from 2020 on. Streams that
cost others a request for each row, and that we load as well (statuses of deployments, jobs of
workflow runs), are left out for them and not counted for us.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from demo_server import TOKEN
from homes import warehouse_url
from many_repositories import LOAD
from measure import ROOT

SINCE = "2020-01-01T00:00:00Z"
LONGEST = 1800.0
# Our table: the streams of the taps.
MELTANO = {
    "repositories": "repositories",
    "pull_requests": "pull_requests",
    "pull_request_commits": "pull_request_commits",
    "pull_request_reviews": "reviews",
    "pull_request_review_comments": "review_comments",
    "issues": "issues",
    "issue_comments": "issue_comments",
    "commits": "commits",
    "releases": "releases",
    "deployments": "deployments",
    "workflow_runs": "workflow_runs",
}
STITCH = {
    "pull_requests": "pull_requests",
    "pull_request_commits": "pr_commits",
    "pull_request_reviews": "reviews",
    "pull_request_review_comments": "review_comments",
    "issues": "issues",
    "issue_comments": "comments",
    "commits": "commits",
    "releases": "releases",
}
ENTITIES = tuple(MELTANO)


@dataclass
class Setting:
    """What a run is given: the server, what to read, and where to work."""

    address: str
    repositories: Sequence[str]
    folder: Path
    environ: dict[str, str]
    """Of a SEI_HOME: its PostgreSQL takes everybody's rows."""
    venvs: Path

    def script(self, package: str, name: str) -> str:
        """The path of an installed program."""
        return str(self.venvs / package / "bin" / name)

    def written(self, name: str, value: Any) -> str:
        """The path of a new JSON file."""
        path = self.folder / name
        path.write_text(json.dumps(value))
        return str(path)


@dataclass(frozen=True)
class Tool:
    """A collector: `start` prepares what is not timed and returns what is timed, which gives an
    error or nothing; `rows` are counted afterwards."""

    name: str
    packages: Sequence[str]
    start: Callable[[Setting], Callable[[], str]]
    rows: Callable[[Setting], Counter[str]]


def missing(tool: Tool, venvs: Path) -> str:
    """Installs what is not there yet, each package into its own virtual environment; says why a
    package could not be installed, or nothing."""
    for package in tool.packages:
        venv = venvs / package
        if (venv / "installed").exists():
            continue
        for command in (
            [sys.executable, "-m", "venv", str(venv)],
            [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", package],
        ):
            # The index is the one that pip is configured for.
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                words = done.stderr.strip().splitlines() or ["no reason given"]
                return f"{package}: {words[-1]}"
        (venv / "installed").touch()
    return ""


def pipeline(*commands: Sequence[str], output: Path | None = None) -> str:
    """Runs commands that feed each other; what went wrong in one line, or nothing."""
    environ = {**os.environ, "LOGLEVEL": "WARNING"}
    environ.pop("PYTHONPATH", None)  # of our own modules
    environ.pop("GITHUB_TOKEN", None)
    processes: list[subprocess.Popen[bytes]] = []
    logs = []
    log_folder = Path(os.environ.get("TMPDIR", "/tmp"))
    for number, command in enumerate(commands):
        log = (log_folder / f"sei-bench-{os.getpid()}-{number}.log").open("w+b")
        logs.append(log)
        is_last = number == len(commands) - 1
        sink = output.open("wb") if is_last and output else subprocess.PIPE
        if is_last and not output:
            sink = subprocess.DEVNULL
        source = processes[-1].stdout if processes else subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=source, stdout=sink, stderr=log, env=environ)
        if processes and processes[-1].stdout:
            processes[-1].stdout.close()  # so that it is told when the next one ends
        processes.append(process)
    found = []
    for command, process, log in zip(commands, processes, logs, strict=True):
        try:
            status = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        log.seek(0)
        lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line]
        if os.environ.get("SEI_BENCH_LOGS") and status:
            print(*lines[-60:], sep="\n", file=sys.stderr)
        log.close()
        Path(log.name).unlink()
        if status == 0:  # perceval ends well whatever happened
            lines = [line for line in lines if "Error!" in line]
        if status or lines:
            # A logger's last words say less than the exception's.
            told = [
                line for line in lines if re.match(r"[\w.]+(Error|Exception|Incomplete\w*)\b", line)
            ]
            said = (told or lines or [""])[-1].strip()[:140].replace("|", "/")
            found.append(f"{Path(command[0]).name}, status {status}: {said}")
    return "; ".join(found)


def _ours(setting: Setting) -> Callable[[], str]:
    url = warehouse_url(setting.environ, "loader")
    home = Path(setting.environ["SEI_HOME"])
    config = home / "sei.toml"
    config.write_text(
        '[organization]\nname = "Acme"\ntimezone = "UTC"\n[history]\nsince = 2020-01-01\n'
        f'[[github]]\nname = "github"\napi_url = "{setting.address}"\ntoken = "env:SEI_TOKEN"\n'
        'owners = ["acme"]\n'
    )
    environ = setting.environ | {"SEI_CONFIG": str(config), "SEI_TOKEN": TOKEN}
    command = [sys.executable, "-c", LOAD, url, str(home / "dlt")]

    def run() -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=environ, stdout=sys.stderr, stderr=subprocess.PIPE, check=False
        )
        words = done.stderr.decode().strip().splitlines() or [""]
        return f"status {done.returncode}: {words[-1][:120]}" if done.returncode else ""

    return run


def _ours_rows(setting: Setting) -> Counter[str]:
    return _counted(setting, {one: f"select count(*) from raw_github.{one}" for one in ENTITIES})


def _counted(setting: Setting, queries: dict[str, str]) -> Counter[str]:
    """The number that each query gives; 0 where a table is not there."""
    found: Counter[str] = Counter()
    with psycopg.connect(warehouse_url(setting.environ), autocommit=True) as connection:
        for name, query in queries.items():
            try:
                row = connection.execute(query.encode()).fetchone()
            except psycopg.errors.UndefinedTable:
                continue
            found[name] = int(row[0]) if row else 0
    return found


def _selected(catalog: Any, streams: Sequence[str]) -> Any:
    """A Singer catalog in which these streams are selected and no other."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog


def _discovered(command: Sequence[str], streams: Sequence[str]) -> Any:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = subprocess.run(command, capture_output=True, check=True, env=environ)
    return _selected(json.loads(told.stdout), streams)


def _meltano(setting: Setting) -> Callable[[], str]:
    tap = setting.script("meltanolabs-tap-github", "tap-github")
    target = setting.script("meltanolabs-target-postgres", "target-postgres")
    # Without a token: it would try one at api.github.com first, whatever its base is. The server
    # takes who has none for us.
    source = setting.written(
        "meltano-tap.json",
        {
            "api_url_base": setting.address,
            "repositories": list(setting.repositories),
            "start_date": SINCE,
        },
    )
    sink = setting.written(
        "meltano-target.json",
        {
            "sqlalchemy_url": warehouse_url(setting.environ).replace("://", "+psycopg://", 1),
            "default_target_schema": "meltano",
            "use_copy": True,
        },
    )
    catalog = setting.written(
        "meltano-catalog.json",
        _discovered([tap, "--config", source, "--discover"], list(MELTANO.values())),
    )
    return lambda: pipeline(
        [tap, "--config", source, "--catalog", catalog], [target, "--config", sink]
    )


def _meltano_rows(setting: Setting) -> Counter[str]:
    queries = {ours: f"select count(*) from meltano.{its}" for ours, its in MELTANO.items()}
    # GitHub's list of issues has the pull requests in it.
    queries["issues"] += " where type = 'issue'"
    return _counted(setting, queries)


def _stitch(setting: Setting) -> Callable[[], str]:
    tap = setting.script("tap-github", "tap-github")
    source = setting.written(
        "stitch-tap.json",
        {
            "access_token": TOKEN,
            "base_url": setting.address,
            "repository": " ".join(setting.repositories),
            "start_date": SINCE,
        },
    )
    catalog = setting.written(
        "stitch-catalog.json",
        _discovered([tap, "--config", source, "--discover"], list(STITCH.values())),
    )
    output = setting.folder / "stitch.jsonl"
    return lambda: pipeline([tap, "--config", source, "--properties", catalog], output=output)


def _stitch_rows(setting: Setting) -> Counter[str]:
    return singer_rows((setting.folder / "stitch.jsonl").open(), STITCH)


def singer_rows(lines: Iterator[str] | Any, streams: dict[str, str]) -> Counter[str]:
    """Different records by our name of their stream, pull requests among the issues left out."""
    names = {its: ours for ours, its in streams.items()}
    keys: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:  # the last line of a tap that was stopped
            continue
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        if message["type"] != "RECORD" or message["stream"] not in names:
            continue
        record = message["record"]
        if message["stream"] == "issues" and record.get("pull_request"):
            continue
        key = [record.get(one) for one in keys[message["stream"]]]
        seen.add((names[message["stream"]], json.dumps(key)))
    return Counter(name for name, _ in seen)


def _perceval(setting: Setting) -> Callable[[], str]:
    program = setting.script("perceval", "perceval")
    (setting.folder / "perceval").mkdir()

    def run() -> str:
        errors = []
        for repository in setting.repositories:
            owner, _, name = repository.partition("/")
            for category in ("repository", "pull_request", "issue"):
                output = setting.folder / "perceval" / f"{name}-{category}.jsonl"
                command = [program, "github", owner, name, "--enterprise-url", setting.address]
                command += ["-t", TOKEN, "--category", category, "--json-line", "-o", str(output)]
                error = pipeline(command)
                if error:
                    errors.append(error)
        return f"{len(errors)} of its runs; {errors[0]}" if errors else ""

    return run


def _perceval_rows(setting: Setting) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in sorted((setting.folder / "perceval").iterdir()):
        for line in path.open():
            try:
                found += perceval_rows(json.loads(line))
            except ValueError:  # a line that was not written to its end
                continue
    return found


def perceval_rows(item: Any) -> Counter[str]:
    """The rows in one of its items, by our names; comments on an issue are within it."""
    data = item["data"]
    if "full_name" in data:
        return Counter({"repositories": 1})
    if item["category"] == "pull_request":
        return +Counter(
            {
                "pull_requests": 1,
                "pull_request_commits": len(data["commits_data"]),
                "pull_request_reviews": len(data["reviews_data"]),
                "pull_request_review_comments": len(data["review_comments_data"]),
            }
        )
    is_issue = "pull_request" not in data
    return +Counter({"issues": int(is_issue), "issue_comments": len(data["comments_data"])})


OURS = Tool("ours", (), _ours, _ours_rows)
PEERS = (
    Tool(
        "meltanolabs-tap-github, target-postgres",
        ("meltanolabs-tap-github", "meltanolabs-target-postgres"),
        _meltano,
        _meltano_rows,
    ),
    Tool("Stitch's tap-github, to a file", ("tap-github",), _stitch, _stitch_rows),
    Tool("perceval, to a file", ("perceval",), _perceval, _perceval_rows),
)
