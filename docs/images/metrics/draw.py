"""Draws the pictures of docs/metrics.md beside this file: `python docs/images/metrics/draw.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deployments import (
    change_lead_time,
    deployment_frequency,
    periods,
    what_a_deployment_ships,
)
from failures import (
    change_fail_rate,
    deployment_rework_rate,
    failed_deployment_recovery_time,
    time_to_restore_service,
)
from phases import coding_time, deploy_time, pickup_time, review_time
from signs import Picture, legend

PICTURES: tuple[Callable[[], Picture], ...] = (
    legend,
    periods,
    what_a_deployment_ships,
    deployment_frequency,
    change_lead_time,
    change_fail_rate,
    failed_deployment_recovery_time,
    deployment_rework_rate,
    time_to_restore_service,
    coding_time,
    pickup_time,
    review_time,
    deploy_time,
)


def main() -> None:
    """Writes each picture as <its name>.svg beside this file."""
    for draw in PICTURES:
        path = Path(__file__).with_name(f"{draw.__name__}.svg")
        path.write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
