"""The kinds of checks that the raw tables of every source have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quality.claims import CheckSpec, RowCount, Rows, Values, broken


def about_rows(sql: str, tolerated: float = 0.0) -> Rows:
    """A claim that the table can't contradict while it is empty."""
    return Rows(sql, tolerated, is_about_rows=True)


def key_check(table: str, keys: Sequence[str]) -> CheckSpec:
    """One check of both: unique, and no part empty."""
    listed = ", ".join(keys)
    empty = " or ".join(f"bool_or(coalesce({key}::text, '') = '')" for key in keys)
    return CheckSpec(
        "keys_are_unique_and_not_empty",
        table,
        about_rows(f"select {listed} from this group by {listed} having count(*) > 1 or {empty}"),
        f"No two rows share ({listed}), and each part has a value: a row loaded twice would be "
        "counted twice, one without a key joins with nothing.",
        blocking=True,
    )


def value_check(table: str, column: str, allowed: Sequence[str], blocking: bool) -> CheckSpec:
    """The column holds these values only; `blocking` where they decide what counts at all."""
    return CheckSpec(
        f"{column}_is_known",
        table,
        Values(column, tuple(allowed)),
        f"{column} is one of {', '.join(allowed)}; models know no others.",
        severity="error" if blocking else "warn",
        blocking=blocking,
    )


def orphan_check(
    table: str,
    key: str,
    noun: str,
    children: Mapping[str, str],
    *,
    severity_is_error: bool = True,
) -> CheckSpec:
    """Every row of the children (table → column) has its parent in `table`; one check for all."""
    schema = table.partition(".")[0]
    each = "\nunion all\n".join(
        f"select distinct '{name}' as child_table, child.connection, child.{column}\n"
        f"from {schema}.{name} as child\n"
        f"where child.{column} is not null and not exists (\n"
        f"    select 1 from this where this.connection = child.connection"
        f" and this.{key} = child.{column}\n)"
        for name, column in children.items()
    )
    return CheckSpec(
        f"every_{noun}_that_rows_name_is_loaded",
        table,
        Rows(each, is_about_rows=True, also=tuple(f"{schema}.{name}" for name in children)),
        f"Every {noun} of {', '.join(children)} is in {table}: an orphan is lost in the joins.",
        severity="error" if severity_is_error else "warn",
    )


def order_check(
    table: str, keys: Sequence[str], pairs: Sequence[tuple[str, str]], tolerated: float = 0.01
) -> CheckSpec:
    """Of each pair the second time is not before the first."""
    condition = " or ".join(f"{later} < {earlier}" for earlier, later in pairs)
    told = ", ".join(f"{earlier} ≤ {later}" for earlier, later in pairs)
    return CheckSpec(
        "times_are_in_order",
        table,
        about_rows(broken(", ".join(keys), condition), tolerated),
        f"{told} (up to {tolerated:.0%} of the rows may differ): a wrong clock, or a date read "
        "wrongly.",
        severity="warn",
    )


def happened_check(table: str, keys: Sequence[str], column: str) -> CheckSpec:
    """The event's own time is not after the sync that read it. An hour of grace for clocks that
    differ; a date read without its zone is off by more."""
    condition = f"{column} > synced_at + interval '1 hour'"
    return CheckSpec(
        "happened_before_it_was_read",
        table,
        about_rows(broken(", ".join(keys), condition), 0.001),
        f"{column} is not after the sync that read the row: a zone was lost, or a clock is wrong.",
        severity="warn",
    )


def half_check(table: str) -> CheckSpec:
    """The table has not lost more than half of its rows."""
    return CheckSpec(
        "keeps_at_least_half_of_its_rows",
        table,
        RowCount(0.5),
        "The table has at least half the rows of the last accepted run. A page that came back "
        "empty looks like success; if the drop is meant, say `python -m quality accept`.",
        blocking=True,
    )


def synced_check(source: str, noun: str, table: str) -> CheckSpec:
    """Each connection of the settings was read lately; `table` has the attempts."""
    return CheckSpec(
        "every_connection_was_synced_in_the_last_36_hours",
        table,
        Rows(
            f"""
            select settings.connection
            from raw_settings.connections as settings
            left join this on this.connection = settings.connection
            where settings.source = '{source}'
            group by settings.connection
            having coalesce(max(this.synced_at), '-infinity') < now() - interval '36 hours'
            """
        ),
        f"Each {noun} connection of the settings was read since yesterday's nightly run.",
        severity="warn",
    )


def drift_checks(schema: str, counted: str) -> list[CheckSpec]:
    """What has changed in the API's replies and was not accepted yet.

    `counted`: a table that models read; what blocks must block them.
    """
    table = f"{schema}.schema_drift"
    keys = "connection, endpoint, field, change"
    return [
        CheckSpec(
            "no_needed_field_vanished_or_changed_its_type",
            f"{schema}.{counted}",
            Rows(
                f"select {keys} from {table} where is_needed and accepted_at is null",
                is_about_rows=True,
                also=(table,),
            ),
            "Every field that a key or a metric rests on comes as before: numbers would be wrong "
            "without. Once it is cleared up: `sei checks --door raw --accept`.",
            blocking=True,
        ),
        CheckSpec(
            "replies_have_the_fields_known",
            table,
            about_rows(broken(keys, "not is_needed and accepted_at is null")),
            "The API's replies have no new fields, and those known are there with their types. "
            "`sei checks --door raw --accept` takes the changes for known.",
            severity="warn",
        ),
    ]


def settings_check(noun: str, table: str) -> CheckSpec:
    """Every connection with rows is still in the settings."""
    return CheckSpec(
        "connection_is_in_the_settings",
        table,
        about_rows(
            """
            select distinct this.connection
            from this
            where
                exists (select 1 from raw_settings.connections)
                and not exists (
                    select 1 from raw_settings.connections as settings
                    where settings.connection = this.connection
                )
            """
        ),
        f"Every connection with {noun} is still in sei.toml: rows of one that is not there any "
        "more stay in the numbers and grow old.",
        severity="warn",
    )
