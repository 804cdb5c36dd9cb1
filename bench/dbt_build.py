"""`dbt build` over a loaded warehouse: tables made anew, then repeated; the slowest nodes."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from homes import add_home_options, loaded_home, warehouse_url
from measure import BIN, ROOT, machine, measure, table


def main() -> None:
    """Prints two tables: the builds, and the slowest nodes of the last one."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_home_options(parser)
    parser.add_argument("--slowest", type=int, default=12, help="how many nodes to list")
    arguments = parser.parse_args()
    before, rows = machine(), []
    with (
        loaded_home(arguments.home, arguments.repositories, arguments.months) as environ,
        tempfile.TemporaryDirectory() as target,
    ):
        environ |= _dbt_variables(warehouse_url(environ, "modeller"))
        for name, more in (("full refresh", ["--full-refresh"]), ("repeated", [])):
            command = [str(BIN / "dbt"), "--quiet", "build", *more]
            command += ["--project-dir", str(ROOT / "dbt_project"), "--target-path", target]
            command += ["--profiles-dir", str(ROOT / "dbt_project")]
            took = measure(command, environ)
            nodes = _nodes(Path(target))
            rows.append([name, len(nodes), f"{took.seconds:.1f}", f"{took.peak_mib:.0f}"])
        slowest = sorted(nodes, key=lambda node: -node[1])[: arguments.slowest]
    print(before)
    print(table(["dbt build", "nodes", "seconds", "peak MiB"], rows))
    print()
    print(table(["node", "seconds"], [[name, f"{seconds:.2f}"] for name, seconds in slowest]))


def _nodes(target: Path) -> list[tuple[str, float]]:
    results = json.loads((target / "run_results.json").read_text())["results"]
    return [(one["unique_id"].split(".", 2)[-1], one["execution_time"]) for one in results]


def _dbt_variables(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "SEI_DBT_HOST": parts.hostname or "localhost",
        "SEI_DBT_PORT": str(parts.port or 5432),
        "SEI_DBT_USER": unquote(parts.username or ""),
        "SEI_DBT_PASSWORD": unquote(parts.password or ""),
        "SEI_DBT_DATABASE": unquote(parts.path.lstrip("/")),
    }


if __name__ == "__main__":
    main()
