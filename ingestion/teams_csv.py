"""Teams written as a CSV file, one line a membership."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

COLUMNS = ("team", "member", "since", "until", "parent")


def teams_of_csv(path: Path) -> list[dict[str, Any]]:
    """Teams, as [[teams]] has them, from a CSV file with the header team,member and optionally
    since,until,parent (any order); a line without a member only names a team.

    Raises ValueError with the line when the file can't be read or a line says too little.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _teams(path, csv.DictReader(file))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: can't be read: {error}") from None


def _teams(path: Path, reader: csv.DictReader[str]) -> list[dict[str, Any]]:
    header = [name.strip().lower() for name in reader.fieldnames or []]
    if "team" not in header or not set(header) <= set(COLUMNS):
        raise ValueError(
            f"{path}: the first line must name the columns team,member (and may name"
            f" since,until,parent), it says: {','.join(header) or 'nothing'}"
        )
    reader.fieldnames = header
    teams: dict[str, dict[str, Any]] = {}
    for line in reader:
        value = {key: (line.get(key) or "").strip() for key in COLUMNS}
        if not any(value.values()):
            continue
        if not value["team"]:
            raise ValueError(f"{path}: line {reader.line_num}: no team")
        team = teams.setdefault(value["team"], {"name": value["team"], "members": []})
        parent = value["parent"]
        if parent and team.setdefault("parent", parent) != parent:
            raise ValueError(
                f"{path}: line {reader.line_num}: team {value['team']!r} has two parents,"
                f" {team['parent']!r} and {parent!r}"
            )
        if value["member"]:
            days = {key: value[key] or None for key in ("since", "until")}
            team["members"].append({"account": value["member"], **days})
    return list(teams.values())
