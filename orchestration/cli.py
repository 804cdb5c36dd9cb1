"""`sei`: the platform for those who need not know Dagster.

Exit status: 0 done, 1 a run failed, 2 wrong settings or credentials.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from orchestration.commands import RunFailedError, UsageProblem

app = typer.Typer(
    name="sei",
    help="Software engineering intelligence: from GitHub to DORA metrics in your own Postgres.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="--debug anywhere shows tracebacks. Settings: ./sei.toml (SEI_CONFIG).",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Demo = Annotated[bool, typer.Option("--demo", help="The demo company, not one's own data.")]
Port = Annotated[int, typer.Option(help="Port of the web interface.", min=1, max=65535)]


@app.command()
def check(json: Json = False) -> None:
    """Test settings, credentials, warehouse and Java, without loading anything."""
    from orchestration.commands import check as command

    command.check(as_json=json)


@app.command()
def run(
    source: Annotated[
        list[str] | None, typer.Option(help="Only this connection; may be repeated.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, not only what changed.")
    ] = False,
    demo: Demo = False,
) -> None:
    """Refresh everything: load, build, check, compute."""
    from orchestration.commands import run as command

    command.run(sources=source or [], full=full, demo=demo)


@app.command()
def backfill(
    since: Annotated[str, typer.Option(help="First day of the history to read: YYYY-MM-DD.")],
    source: Annotated[
        list[str] | None, typer.Option(help="Only this connection; may be repeated.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Read older history, newest first; goes on where it was interrupted."""
    from orchestration.commands import backfill as command

    command.backfill(since, source or [], demo)


@app.command()
def report(
    entity: Annotated[
        str | None, typer.Option(help="Only teams and services whose name contains this.")
    ] = None,
    grain: Annotated[
        str, typer.Option(help="rolling_90d, rolling_30d, day, week, month or quarter.")
    ] = "rolling_90d",
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="What could not be linked, why, and what to do about it."),
    ] = False,
    json: Json = False,
    demo: Demo = False,
) -> None:
    """Show the five DORA metrics per team and service."""
    from orchestration.commands import report as command

    command.report(entity=entity, grain=grain, coverage=coverage, as_json=json, demo=demo)


@app.command()
def explain(
    said: Annotated[
        list[str],
        typer.Argument(
            metavar="[SERVICE] METRIC PERIOD",
            help="Period: 2026-10-05, 2026-W41, 2026-10, 2026-Q4, 30d, 90d, last-week, last-month.",
        ),
    ],
    team: Annotated[str | None, typer.Option(help="A team's number, not a service's.")] = None,
    repository: Annotated[str | None, typer.Option(help="A repository's number.")] = None,
    organization: Annotated[
        bool, typer.Option("--organization", help="The whole organization's number.")
    ] = False,
    environment: Annotated[
        str, typer.Option(help="One production environment; production: all of them.")
    ] = "production",
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    demo: Demo = False,
) -> None:
    """List the rows behind a number: deployments, changes with their phases, incidents."""
    from orchestration.commands import explain as command

    command.explain(
        said,
        team=team,
        repository=repository,
        organization=organization,
        environment=environment,
        as_json=json,
        as_csv=csv,
        demo=demo,
    )


@app.command()
def up(
    port: Port = 3000,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay until Ctrl-C, then stop everything.")
    ] = False,
    demo: Demo = False,
) -> None:
    """Start Dagster's web interface and its daemon, with the nightly schedule on."""
    from orchestration.commands import services

    services.up(port=port, foreground=foreground, demo=demo)


@app.command()
def down() -> None:
    """Stop everything that was started here; nothing is lost."""
    from orchestration.commands import services

    services.down()


@app.command()
def demo(
    repositories: Annotated[
        int | None, typer.Option(min=1, help="Size of the invented company (12).")
    ] = None,
    months: Annotated[int | None, typer.Option(min=1, help="Length of its history (6).")] = None,
    seed: Annotated[int | None, typer.Option(help="Another number, another company (7).")] = None,
) -> None:
    """Serve an invented company's GitHub on this machine and run everything on it."""
    from orchestration.commands import demo as command

    command.demo(repositories=repositories, months=months, seed=seed)


@app.command()
def checks(
    door: Annotated[
        list[str] | None, typer.Option(help="raw, marts or metrics; may be repeated.")
    ] = None,
    docs: Annotated[bool, typer.Option("--docs", help="Write the pages about them.")] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="Row counts, with --door raw APIs' changes too, are right as they are."
        ),
    ] = False,
    demo: Demo = False,
) -> None:
    """Run the checks at the doors by hand."""
    from orchestration.commands import checks as command

    if accept and not door:
        raise UsageProblem("sei checks --accept needs --door raw, marts or metrics")
    if unknown := set(door or []) - {"raw", "marts", "metrics"}:
        raise UsageProblem(f"no door {sorted(unknown)[0]}; there are raw, marts and metrics")
    command.checks(doors=door or [], docs=docs, accept=accept, demo=demo)


@app.command("erase-person")
def erase_person(
    person: Annotated[
        str,
        typer.Argument(help="An e-mail address, connection:login, connection:id or developer id."),
    ],
    only: Annotated[
        bool, typer.Option("--only", help="This account alone, not all of the person's.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    json: Json = False,
    demo: Demo = False,
) -> None:
    """Take a person out of everything that is stored, for good; facts and numbers stay."""
    from orchestration.commands import erase

    erase.erase_person(person, only=only, yes=yes, as_json=json, demo=demo)


@app.command()
def psql(
    command: Annotated[
        str | None, typer.Option("--command", "-c", help="A statement to execute.")
    ] = None,
    url: Annotated[bool, typer.Option("--url", help="Only print the reader's address.")] = False,
    demo: Demo = False,
) -> None:
    """Open the warehouse as the role `reader`."""
    from orchestration.commands import psql as psql_command

    psql_command.psql(statement=command, only_url=url, demo=demo)


def main() -> None:
    """The entry point: runs a command, turns errors into one line and an exit status."""
    debug = "--debug" in sys.argv or bool(os.environ.get("SEI_DEBUG"))
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    if debug:
        os.environ["SEI_DEBUG"] = "1"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app(args=arguments, prog_name="sei")
    except KeyboardInterrupt:
        print("sei: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # `sei report | head`: nobody is left to read.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if debug:
            raise
        print(f"sei: {message(error)}", file=sys.stderr)
        sys.exit(exit_status(error))


def exit_status(error: Exception) -> int:
    """1 for a run that failed, 2 for what the user's settings or credentials must mend."""
    names = {kind.__name__ for kind in type(error).__mro__}
    mistakes = {"SettingsError", "WarehouseError", "CredentialsError", UsageProblem.__name__}
    return 2 if names & mistakes else 1


def message(error: Exception) -> str:
    """What a person reads: the text of an error of ours, the kind of any other."""
    if exit_status(error) == 2 or isinstance(error, RunFailedError):
        return str(error)
    text = " ".join(str(error).split())
    return f"unexpected {type(error).__name__}: {text} (--debug shows where)"


if __name__ == "__main__":
    main()
