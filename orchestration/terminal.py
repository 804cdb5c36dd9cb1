"""How a run looks on the terminal: a line a step, and the one under way with its progress."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

# In words for those who don't know the parts; what is not named here shows its own name.
LABELS = {
    "settings": "settings into the warehouse",
    "github": "GitHub: load",
    "gitlab": "GitLab: load",
    "jira": "Jira: load",
    "raw_door": "check what arrived",
    "raw_github__repository_syncs_every_repository_could_be_read": "GitHub: was all read",
    "raw_gitlab__project_syncs_every_project_could_be_read": "GitLab: was all read",
    "raw_jira__project_syncs_every_project_could_be_read": "Jira: was all read",
    "dbt": "dbt: build the models and test them",
    "marts_door": "check the models",
    "metrics": "Spark: compute the metrics",
    "metrics_door": "check the metrics",
    "operations__hygiene": "remove what is too old",
}


class RunDisplay:
    """Shows the events of a run; afterwards knows whether it succeeded, or what went wrong."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.succeeded = False
        self.problem = ""
        # Whether the problem is one of settings or credentials.
        self.is_mistake = False
        self._began = time.monotonic()
        self._current = "starting"
        self._detail = ""
        self._counts: dict[str, int] = {"passed": 0, "tables": 0}
        self._live = Live(
            console=self.console, get_renderable=self._line, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> RunDisplay:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def show(self, event: dict[str, Any]) -> None:
        """Takes one event of orchestration.run_worker."""
        getattr(self, f"_on_{event['kind']}", lambda event: None)(event)

    # -- one method an event --------------------------------------------------------------------

    def _on_loading(self, event: dict[str, Any]) -> None:
        self._current = "reading the definitions"

    def _on_broken(self, event: dict[str, Any]) -> None:
        self.problem = f"the definitions could not be read: {event['reason']}"

    def _on_busy(self, event: dict[str, Any]) -> None:
        which = f" (run {event['run_id'][:8]})" if event["run_id"] else ""
        self.problem = (
            f"another refresh is under way{which}; wait for it, or cancel it in the web interface"
        )

    def _on_run(self, event: dict[str, Any]) -> None:
        self._current = "starting"
        self.console.print(f"[dim]run {event['run_id'][:8]}, {len(event['steps'])} steps[/dim]")

    def _on_step(self, event: dict[str, Any]) -> None:
        self._current, self._detail = label(event["step"]), ""
        self._counts = {"passed": 0, "tables": 0}

    def _on_table(self, event: dict[str, Any]) -> None:
        self._counts["tables"] += 1
        self._detail = event["table"]

    def _on_check(self, event: dict[str, Any]) -> None:
        if event["passed"]:
            self._counts["passed"] += 1
            return
        about = f"{event['table']}: {event['name']}"
        if event.get("description"):
            about += f" – {event['description']}"
        color = "red" if event["severity"] == "ERROR" else "yellow"
        self.console.print(f"  [{color}]![/{color}] {escape(about)}")

    def _on_progress(self, event: dict[str, Any]) -> None:
        self._detail = f"{event['what']} {event['done']}/{event['total']} {event['detail']}".strip()

    def _on_notice(self, event: dict[str, Any]) -> None:
        self.console.print(f"  [dim]{escape(event['text'])}[/dim]")

    def _on_step_done(self, event: dict[str, Any]) -> None:
        self._finished("[green]✓[/green]", event["step"], event["seconds"])

    def _on_step_retry(self, event: dict[str, Any]) -> None:
        self.console.print(
            f"[yellow]↻[/yellow] {label(event['step'])}: {escape(event['reason'])}; trying again"
        )

    def _on_step_failed(self, event: dict[str, Any]) -> None:
        step = label(event["step"])
        self.console.print(f"[red]✗[/red] {step}")
        if not self.problem:
            self.problem = f"{step}: {event['reason']}"
            self.is_mistake = bool(event.get("is_mistake"))

    def _on_step_skipped(self, event: dict[str, Any]) -> None:
        self.console.print(f"[dim]- {label(event['step'])} (skipped)[/dim]")

    def _on_run_failed(self, event: dict[str, Any]) -> None:
        self.problem = self.problem or event["reason"]

    def _on_end(self, event: dict[str, Any]) -> None:
        self.succeeded = bool(event["succeeded"])
        seconds = time.monotonic() - self._began
        if self.succeeded:
            self.console.print(f"[green]done[/green] in {seconds:.0f} s")

    def _finished(self, mark: str, step: str, seconds: float) -> None:
        facts = []
        if self._counts["tables"]:
            facts.append(f"{self._counts['tables']} tables")
        if self._counts["passed"]:
            facts.append(f"{self._counts['passed']} checks passed")
        tail = f"  [dim]{', '.join(facts)}[/dim]" if facts else ""
        self.console.print(f"{mark} {label(step):<38} {seconds:6.1f} s{tail}")
        self._current, self._detail = "…", ""

    def _line(self) -> Spinner:
        seconds = time.monotonic() - self._began
        text = Text(f"{self._current}  ", no_wrap=True, overflow="ellipsis")
        text.append(self._detail, style="dim")
        text.append(f"  {seconds:.0f} s", style="dim")
        return Spinner("dots", text)


def label(step: str) -> str:
    """A step in words."""
    return LABELS.get(step, step.replace("_", " "))
