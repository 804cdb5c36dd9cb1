"""`sei up` and `sei down`: Dagster's web interface and daemon as background processes."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from orchestration.commands import RunFailedError, UsageProblem
from orchestration.homes import PROJECT, Home, demo_home, own_home, shown_home
from orchestration.instance import dagster_environment
from orchestration.postgres import EmbeddedPostgres
from orchestration.processes import Background

HOST = "127.0.0.1"
SCHEDULE = "refresh_everything_nightly"
# Loading the definitions takes 7 s here, on a busy machine several times that.
PATIENCE = 180
# In the order they are started; the web interface and the daemon ask the code server.
SERVICES = ("code-server", "webserver", "daemon")


def up(port: int, foreground: bool, demo: bool) -> None:
    """Starts what is not running yet and waits until it answers."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    home = shown_home(demo=demo)
    other = own_home() if home.is_demo else demo_home()
    if Background("webserver", other.folder).process():
        raise UsageProblem(
            f"the web interface of {other.folder} is running; stop it first: sei down"
        )
    if not home.config.exists():
        console.print(
            f"[yellow]{home.config} does not exist:[/yellow] runs will fail until it does "
            f"(sei.example.toml shows how; sei demo needs none)"
        )
    webserver = Background("webserver", home.folder)
    if webserver.process() and (running := webserver.details().get("port")):
        port = int(running)
    with console.status("starting Dagster …"):
        if home.is_demo:
            from orchestration.commands.demo import Story, serve_story

            serve_story(home, Story.read(home))
        _start(home, port)
    where = "the demo company" if home.is_demo else str(home.config)
    console.print(
        f"[green]up[/green]: http://localhost:{port} ({where}), nightly schedule on; "
        f"sei down stops it"
    )
    if foreground:
        _stay(home, console)


def _start(home: Home, port: int) -> None:
    warehouse = home.open_warehouse()
    environ = dagster_environment(home, warehouse)
    services = {name: Background(name, home.folder) for name in SERVICES}
    if not services["webserver"].process() and not is_free(port):
        raise UsageProblem(f"port {port} is taken by another program; choose one: sei up --port N")
    code = services["code-server"]
    if not code.process():
        # Whoever asks the code server by its port must be started anew with it.
        for name in ("webserver", "daemon"):
            services[name].stop()
        code_port = free_port()
        command = ["dagster", "code-server", "start", "-h", HOST, "-p", str(code_port)]
        command += ["-m", "orchestration.definitions", "--location-name", "sei"]
        code.start(_python(command), environ, PROJECT, port=code_port)
    code_port = int(code.details()["port"])
    workspace = home.folder / "dagster" / "workspace.yaml"
    workspace.write_text(
        "load_from:\n  - grpc_server:\n"
        f"      host: {HOST}\n      port: {code_port}\n      location_name: sei\n"
    )
    _wait(code, lambda: not is_free(code_port), "the code server")
    if not services["daemon"].process():
        command = ["dagster-daemon", "run", "-w", str(workspace)]
        services["daemon"].start(_python(command), environ, PROJECT)
    if not services["webserver"].process():
        command = ["dagster-webserver", "-h", HOST, "-p", str(port), "-w", str(workspace)]
        command += ["--uvicorn-log-level", "warning"]
        services["webserver"].start(_python(command), environ, PROJECT, port=port)
    _wait(services["webserver"], lambda: _location_state(port) == "loaded", "the web interface")
    _switch_on_schedule(port)
    _wait(services["daemon"], lambda: _daemons_are_healthy(port), "the daemon")


def down() -> None:
    """Stops whatever runs in one's own home and in the demo's."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    stopped = []
    for home in (own_home(), demo_home()):
        prefix = "demo: " if home.is_demo else ""
        for name in (*reversed(SERVICES), "demo-server"):
            if Background(name, home.folder).stop():
                stopped.append(prefix + name)
        if EmbeddedPostgres(home.folder).stop():
            stopped.append(prefix + "PostgreSQL")
    console.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def _stay(home: Home, console: Console) -> None:
    """Until Ctrl-C, or until one of the processes ends."""
    services = [Background(name, home.folder) for name in SERVICES]
    try:
        while all(service.process() for service in services):
            time.sleep(1)
    except KeyboardInterrupt:
        down()
        return
    ended = next(service for service in services if not service.process())
    down()
    raise RunFailedError(f"{ended.name} ended: {ended.last_line()} (log: {ended.log_file})")


def _python(command: list[str]) -> list[str]:
    """The command with the program that lies beside our Python, whatever PATH says."""
    beside = Path(sys.executable).parent / command[0]
    program = str(beside) if beside.exists() else shutil.which(command[0])
    if program is None:
        raise UsageProblem(f"{command[0]} is not installed; run make setup")
    return [program, *command[1:]]


def _wait(service: Background, ready: Callable[[], bool], what: str) -> None:
    began = time.monotonic()
    while not ready():
        if service.process() is None:
            raise RunFailedError(f"{what} ended: {service.last_line()} (log: {service.log_file})")
        if time.monotonic() - began > PATIENCE:
            raise RunFailedError(
                f"{what} did not answer within {PATIENCE} s (log: {service.log_file})"
            )
        time.sleep(0.3)


def _ask(port: int, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer of Dagster's GraphQL, empty while there is none."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/graphql",
        json.dumps({"query": query, "variables": variables or {}}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return dict(json.load(reply).get("data") or {})
    except (urllib.error.URLError, OSError, ValueError):
        return {}


def _location_state(port: int) -> str:
    """loaded, loading, or why the definitions could not be loaded (raised)."""
    query = """
        { workspaceOrError { ... on Workspace { locationEntries {
            loadStatus
            locationOrLoadError { __typename ... on PythonError { message } }
        } } } }
    """
    entries = (_ask(port, query).get("workspaceOrError") or {}).get("locationEntries") or []
    if not entries or entries[0]["loadStatus"] != "LOADED":
        return "loading"
    found = entries[0]["locationOrLoadError"]
    if found["__typename"] == "PythonError":
        reason = " ".join(found["message"].split())
        raise RunFailedError(f"Dagster could not load the definitions: {reason[:400]}")
    return "loaded"


def _switch_on_schedule(port: int) -> None:
    mutation = """
        mutation ($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) {
            __typename ... on PythonError { message }
        } }
    """
    selector = {
        "repositoryLocationName": "sei",
        "repositoryName": "__repository__",
        "scheduleName": SCHEDULE,
    }
    answer = _ask(port, mutation, {"selector": selector}).get("startSchedule") or {}
    if answer.get("__typename") != "ScheduleStateResult":
        raise RunFailedError(f"the schedule could not be switched on: {answer.get('message', '')}")


def _daemons_are_healthy(port: int) -> bool:
    query = "{ instance { daemonHealth { allDaemonStatuses { required healthy } } } }"
    health = (_ask(port, query).get("instance") or {}).get("daemonHealth") or {}
    statuses = health.get("allDaemonStatuses") or []
    return bool(statuses) and all(one["healthy"] for one in statuses if one["required"])


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) != 0


def free_port() -> int:
    """A port of the kernel's choice."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
