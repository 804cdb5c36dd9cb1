"""`sei explain`: the rows behind a number."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.commands import UsageProblem
from orchestration.explanation.reading import Explained
from orchestration.homes import shown_home

_USAGE = (
    "say a service, a metric and a period: sei explain checkout change-lead-time last-week "
    "(with --organization, --team NAME or --repository NAME no service)"
)
# Nobody reads more, and a table of 60,000 rows takes a minute to draw.
_MOST = 500


def explain(
    said: Sequence[str],
    *,
    team: str | None,
    repository: str | None,
    organization: bool,
    environment: str,
    as_json: bool,
    as_csv: bool,
    demo: bool,
) -> None:
    """Prints the number and what it is made of."""
    entity_type, name, metric, period = asked(said, team, repository, organization)
    if as_json and as_csv:
        raise UsageProblem("--json or --csv, not both")
    from orchestration.explanation import reading, tables
    from orchestration.explanation.names import entity_named, metric_named
    from orchestration.explanation.periods import wanted

    # What is wrong in the question is told before the warehouse is asked.
    its_metric = metric_named(metric)
    home = shown_home(demo=demo)
    with reading.reader(home.open_warehouse().url("reader")) as connection:
        as_of, zone, week_starts_on = reading.computation(connection)
        its_period = wanted(period, as_of, zone, week_starts_on)
        known = reading.entities(connection)
        if name is None:
            entity = next(one for one in known if one.entity_type == "organization")
        else:
            entity = entity_named(name, entity_type, known)
        explained = reading.read(connection, entity, its_metric, its_period, environment)
    if as_json:
        print(tables.as_json(explained))
    elif as_csv:
        print(tables.as_csv(explained), end="")
    else:
        show(explained)


def asked(
    said: Sequence[str], team: str | None, repository: str | None, organization: bool
) -> tuple[str, str | None, str, str]:
    """Entity type, name (None: the one organization), metric, period; UsageProblem."""
    chosen = [
        (kind, name)
        for kind, name, given in (
            ("team", team, team is not None),
            ("repository", repository, repository is not None),
            ("organization", None, organization),
        )
        if given
    ]
    if len(chosen) > 1:
        raise UsageProblem("only one of --organization, --team and --repository")
    if len(said) == 2 and chosen:
        return (*chosen[0], said[0], said[1])
    if len(said) == 3 and not chosen:
        return ("service", said[0], said[1], said[2])
    raise UsageProblem(_USAGE)


def show(explained: Explained) -> None:
    """Prints it for people."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from orchestration.explanation import tables, words
    from orchestration.explanation.coverage import gaps
    from orchestration.explanation.periods import label

    number, entity = explained.number, explained.entity
    console = Console(highlight=False, soft_wrap=True)
    period = label(number["grain"], number["period_start"], number["period_end"])
    console.print(
        f"[bold]{escape(explained.metric.title)} of {escape(entity.name)}[/bold] "
        f"({entity.entity_type}, {escape(number['environment'])}), {period}, {explained.zone.key}"
    )
    console.print(f"[bold]{escape(words.headline(explained))}[/bold]")
    console.print(escape(words.story(explained)))
    console.print(f"[dim]{escape(words.working(explained))}[/dim]")
    headings, rows = tables.cells(explained, _MOST)
    if len(rows) < len(explained.facts):
        console.print(f"the latest {_MOST} of {len(explained.facts)} rows (--csv has all):")
    if rows:
        table = Table(box=box.SIMPLE_HEAD)
        for heading in headings:
            table.add_column(heading, no_wrap=True)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        # A link that is broken over two lines can't be clicked, nor copied by a program.
        wide = Console(highlight=False, soft_wrap=True, width=max(console.width, 400))
        wide.print(table)
    if explained.left_out:
        console.print("not in it:")
        for what in explained.left_out:
            console.print(escape(f"  {what.told}"))
    if lines := gaps(explained.coverage):
        console.print(f"could not be linked (at any time, {escape(entity.name)}):")
        for line in lines:
            console.print(escape(f"  {line}"))
        console.print("[dim]sei report --coverage says what to do about it[/dim]")
    console.print(
        f"[dim]definition version {number['definition_version']}, as of "
        f"{explained.as_of.astimezone(explained.zone):%Y-%m-%d %H:%M}[/dim]"
    )
