"""Which deployment first reached which commit: the walk over a repository's commit graph.

The core is plain Python over arrays (no Spark): O(commits + parent links) for all deployments of
an environment together, without recursion, made for a million commits in one repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transform.grouping import apply_cogrouped


@dataclass(frozen=True)
class Deployment:
    """A production deployment of one service, environment and repository."""

    deployment_id: str
    commit_sha: str | None
    finished_at: datetime


@dataclass(frozen=True)
class Step:
    """What the walk found out about one deployment.

    `is_baseline`: what it reaches was not shipped by it, as far as can be told.
    `released_before`: the time of an earlier deployment whose commit is not known; only what was
    merged after it is shipped. `rolls_back_previous`: goes back to an older commit than the
    previous deployment's, which is thereby rolled back.
    """

    deployment: Deployment
    previous_deployment_id: str | None
    is_commit_known: bool
    is_baseline: bool
    released_before: datetime | None
    is_rollback: bool
    rolls_back_previous: bool


@dataclass(frozen=True)
class Walk:
    """The steps in order, and the commits reached: `steps[position]` reached each first."""

    steps: list[Step]
    shas: pa.Array
    positions: pa.Array

    def reached(self) -> dict[str, str]:
        """Commit → id of the deployment that reached it first."""
        return {
            sha: self.steps[position].deployment.deployment_id
            for sha, position in zip(self.shas.to_pylist(), self.positions.to_pylist(), strict=True)
        }


class CommitGraph:
    """The commits of one repository, as numbers; a parent that is not among them is left out."""

    def __init__(self, shas: pa.Array, parent_shas: pa.Array) -> None:
        """From the hashes and, row by row, the lists of parent hashes (null: none)."""
        self.shas = shas
        indices = pc.index_in(parent_shas.flatten(), value_set=shas)
        self._edges: list[int] = pc.fill_null(indices, -1).to_pylist()
        lengths = pc.fill_null(pc.list_value_length(parent_shas), 0)
        ends = pc.cumulative_sum(pc.cast(lengths, pa.int64()))
        self._offsets: list[int] = [0, *ends.to_pylist()]

    @classmethod
    def of(cls, parents: dict[str, Sequence[str]]) -> CommitGraph:
        """From commit → parents."""
        return cls(
            pa.array(list(parents), pa.string()),
            pa.array([list(p) for p in parents.values()], pa.list_(pa.string())),
        )

    def __len__(self) -> int:
        return len(self.shas)

    def nodes(self, shas: Sequence[str | None]) -> list[int | None]:
        """The numbers of the commits, None for one that is not known."""
        if not shas:
            return []
        return pc.index_in(pa.array(shas, self.shas.type), value_set=self.shas).to_pylist()

    def parents(self, node: int) -> list[int]:
        """The parents that are known."""
        edges = self._edges[self._offsets[node] : self._offsets[node + 1]]
        return [parent for parent in edges if parent >= 0]

    def mark(self, node: int, mark: int, marks: list[int]) -> None:
        """Give `mark` to the node and to what it reaches, as far as marked by none (-1)."""
        if marks[node] >= 0:
            return
        edges, offsets = self._edges, self._offsets
        marks[node] = mark
        stack = [node]
        while stack:
            current = stack.pop()
            for parent in edges[offsets[current] : offsets[current + 1]]:
                if parent >= 0 and marks[parent] < 0:
                    marks[parent] = mark
                    stack.append(parent)

    def descendants(self, nodes: Sequence[int]) -> dict[int, set[int]]:
        """For each of the nodes, those of them that can reach it, itself left out.

        One pass over the graph, children first, carrying a bit per node asked for; so any number
        of questions costs O(commits + parent links) steps.
        """
        asked = list(dict.fromkeys(nodes))
        bits = [0] * len(self)
        for bit, node in enumerate(asked):
            bits[node] = 1 << bit
        waiting = set(asked)
        answers: dict[int, set[int]] = {node: set() for node in asked}
        for current in self._children_first():
            carried = bits[current]
            if not carried:
                continue
            if current in waiting:
                answers[current] = {asked[bit] for bit in _ones(carried) if asked[bit] != current}
                waiting.discard(current)
                if not waiting:
                    break
            for parent in self.parents(current):
                bits[parent] |= carried
            bits[current] = 0
        return answers

    def _children_first(self) -> Iterator[int]:
        """Every commit after all of its children."""
        children = [0] * len(self)
        for parent in self._edges:
            if parent >= 0:
                children[parent] += 1
        ready = [node for node, count in enumerate(children) if count == 0]
        while ready:
            node = ready.pop()
            yield node
            for parent in self.parents(node):
                children[parent] -= 1
                if children[parent] == 0:
                    ready.append(parent)


def _ones(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def in_order(graph: CommitGraph, deployments: Sequence[Deployment]) -> list[Deployment]:
    """The deployments by `finished_at`; at the same instant ancestors first, then by id.

    Tags made by one script share a second; by id alone v1.10 would come before v1.9 and look
    like a rollback.
    """
    by_time = sorted(deployments, key=lambda d: (d.finished_at, d.deployment_id))
    node_of = dict(
        zip(
            (d.deployment_id for d in by_time),
            graph.nodes([d.commit_sha for d in by_time]),
            strict=True,
        )
    )
    ties: list[list[Deployment]] = []
    for _, same_time in groupby(by_time, key=lambda d: d.finished_at):
        tie = list(same_time)
        if len({node_of[d.deployment_id] for d in tie} - {None}) > 1:
            ties.append(tie)
    if not ties:
        return by_time
    tied = {n for tie in ties for d in tie if (n := node_of[d.deployment_id]) is not None}
    above = graph.descendants(sorted(tied))
    rank: dict[str, int] = {}
    for tie in ties:
        nodes = {n for d in tie if (n := node_of[d.deployment_id]) is not None}
        for deployment in tie:
            node = node_of[deployment.deployment_id]
            # The more of the others descend from it, the earlier it is.
            rank[deployment.deployment_id] = 0 if node is None else -len(above[node] & nodes)
    return sorted(
        by_time, key=lambda d: (d.finished_at, rank.get(d.deployment_id, 0), d.deployment_id)
    )


def walk(graph: CommitGraph, deployments: Sequence[Deployment]) -> Walk:
    """What each deployment of one service, environment and repository newly reaches.

    The first deployment whose commit is known is the baseline, unless deployments with an unknown
    commit precede it: then the last of these is a release point whose time is known. A commit
    that is not in the graph reaches itself only.
    """
    ordered = in_order(graph, deployments)
    nodes = graph.nodes([d.commit_sha for d in ordered])
    marks = [-1] * len(graph)
    strangers: dict[str, int] = {}
    is_baseline = [False] * len(ordered)
    released_before: list[datetime | None] = [None] * len(ordered)
    already_reached = [False] * len(ordered)
    last_unknown: datetime | None = None
    established = False
    for position, (deployment, node) in enumerate(zip(ordered, nodes, strict=True)):
        if node is None:
            if deployment.commit_sha is not None:
                strangers.setdefault(deployment.commit_sha, position)
            if not established:
                is_baseline[position] = position == 0
                last_unknown = deployment.finished_at
            continue
        if not established:
            established = True
            is_baseline[position] = last_unknown is None
            released_before[position] = last_unknown
        already_reached[position] = marks[node] >= 0
        graph.mark(node, position, marks)

    steps = _steps(graph, ordered, nodes, already_reached, is_baseline, released_before)
    positions = pa.array(marks, pa.int32())
    reached = pc.greater_equal(positions, 0)
    return Walk(
        steps,
        pa.concat_arrays(
            [
                pc.filter(graph.shas, reached).cast(pa.string()),
                pa.array(list(strangers), pa.string()),
            ]
        ),
        pa.concat_arrays(
            [pc.filter(positions, reached), pa.array(list(strangers.values()), pa.int32())]
        ),
    )


def _steps(
    graph: CommitGraph,
    ordered: list[Deployment],
    nodes: list[int | None],
    already_reached: list[bool],
    is_baseline: list[bool],
    released_before: list[datetime | None],
) -> list[Step]:
    # A commit reached by none before can't be an ancestor of the previous one, so only returns
    # to reached ground ask for ancestry, all of them in one pass.
    asks = [
        (position, nodes[position - 1], nodes[position])
        for position in range(1, len(ordered))
        if already_reached[position]
        and ordered[position].commit_sha != ordered[position - 1].commit_sha
    ]
    involved = {node for _, *pair in asks for node in pair if node is not None}
    above = graph.descendants(sorted(involved)) if asks else {}
    goes_back = {
        position: (
            previous is not None and node is not None and previous in above[node],
            previous is not None and node is not None and node in above[previous],
        )
        for position, previous, node in asks
    }
    # Commit → where it was first deployed.
    seen: dict[str, int] = {}
    # A deployment that names no commit is passed over: it can't tell a redeploy from a way back.
    last_sha: str | None = None
    steps = []
    for position, deployment in enumerate(ordered):
        sha = deployment.commit_sha
        previous = ordered[position - 1] if position else None
        is_older, is_newer = goes_back.get(position, (False, False))
        changed = previous is not None and sha is not None and sha != last_sha
        is_rollback = changed and (is_older or sha in seen)
        # Of commits that diverged, the one deployed first is the older.
        to_older = is_older or (
            not is_newer
            and sha is not None
            and previous is not None
            and previous.commit_sha is not None
            and seen.get(sha, position) < seen[previous.commit_sha]
        )
        steps.append(
            Step(
                deployment,
                previous.deployment_id if previous else None,
                nodes[position] is not None,
                is_baseline[position],
                released_before[position],
                is_rollback,
                is_rollback and to_older,
            )
        )
        if sha is not None:
            seen.setdefault(sha, position)
            last_sha = sha
    return steps


WALK_SCHEMA = (
    "repository_id string, service_id string, environment string, deployment_id string, "
    "sha string, finished_at timestamp, position int, previous_deployment_id string, "
    "is_commit_known boolean, is_baseline boolean, released_before timestamp, "
    "is_rollback boolean, rolls_back_previous boolean, is_step boolean, is_own_commit boolean"
)

_ARROW_SCHEMA = pa.schema(
    [
        ("repository_id", pa.string()),
        ("service_id", pa.string()),
        ("environment", pa.string()),
        ("deployment_id", pa.string()),
        ("sha", pa.string()),
        ("finished_at", pa.timestamp("us", "UTC")),
        ("position", pa.int32()),
        ("previous_deployment_id", pa.string()),
        ("is_commit_known", pa.bool_()),
        ("is_baseline", pa.bool_()),
        ("released_before", pa.timestamp("us", "UTC")),
        ("is_rollback", pa.bool_()),
        ("rolls_back_previous", pa.bool_()),
        ("is_step", pa.bool_()),
        ("is_own_commit", pa.bool_()),
    ]
)


def walk_repository(key: tuple[Any, ...], commits: pa.Table, deployments: pa.Table) -> pa.Table:
    """The walks of one repository: a row per deployment (`is_step`) and per commit reached.

    A commit's row carries what is known of the deployment that reached it first, and whether it
    is the very commit deployed (`is_own_commit`).
    """
    if deployments.num_rows == 0:
        return _ARROW_SCHEMA.empty_table()
    repository_id = key[0].as_py()
    shas = commits.column("sha").combine_chunks()
    parents = commits.column("parent_shas").combine_chunks()
    graph = CommitGraph(shas, parents)
    by_target: dict[tuple[str, str], list[Deployment]] = {}
    for row in deployments.to_pylist():
        by_target.setdefault((row["service_id"], row["environment"]), []).append(
            Deployment(
                row["deployment_id"],
                row["commit_sha"],
                row["finished_at"].astimezone(UTC),
            )
        )
    tables = []
    for (service_id, environment), its in sorted(by_target.items()):
        walked = walk(graph, its)
        tables += _as_tables(repository_id, service_id, environment, walked)
    return pa.concat_tables(tables)


def _as_tables(
    repository_id: str, service_id: str, environment: str, walked: Walk
) -> list[pa.Table]:
    steps = walked.steps
    per_step = {
        "deployment_id": [s.deployment.deployment_id for s in steps],
        "finished_at": [s.deployment.finished_at for s in steps],
        "position": list(range(1, len(steps) + 1)),
        "previous_deployment_id": [s.previous_deployment_id for s in steps],
        "is_commit_known": [s.is_commit_known for s in steps],
        "is_baseline": [s.is_baseline for s in steps],
        "released_before": [s.released_before for s in steps],
        "is_rollback": [s.is_rollback for s in steps],
        "rolls_back_previous": [s.rolls_back_previous for s in steps],
    }
    columns = {
        name: pa.array(values, _ARROW_SCHEMA.field(name).type) for name, values in per_step.items()
    }

    def table(rows: int, sha: pa.Array, is_step: bool, its: dict[str, pa.Array]) -> pa.Table:
        constant = {
            "repository_id": repository_id,
            "service_id": service_id,
            "environment": environment,
        }
        arrays = {name: pa.repeat(value, rows) for name, value in constant.items()}
        arrays |= {**its, "sha": sha, "is_step": pa.repeat(is_step, rows)}
        arrays["is_own_commit"] = pc.equal(sha, deployed if is_step else deployed.take(at))
        return pa.table([arrays[name] for name in _ARROW_SCHEMA.names], schema=_ARROW_SCHEMA)

    deployed = pa.array([s.deployment.commit_sha for s in steps], pa.string())
    at = walked.positions
    return [
        table(len(steps), deployed, True, columns),
        table(len(at), walked.shas, False, {n: c.take(at) for n, c in columns.items()}),
    ]


def walk_deployments(
    spark: SparkSession, commits: DataFrame, deployments: DataFrame, *, here: bool = False
) -> DataFrame:
    """WALK_SCHEMA: a row per production deployment (`is_step`) and per commit it first reached.

    `commits(repository_id, sha, parent_shas)`, `deployments(deployment_id, repository_id,
    service_id, environment, commit_sha, finished_at)`. `here`: walked in this process.
    """
    links = commits.select("repository_id", "sha", "parent_shas")
    # A repository that is never deployed need not be shuffled.
    deployed = deployments.select("repository_id").distinct()
    links = links.join(F.broadcast(deployed), "repository_id", "left_semi")
    its = deployments.select(
        "repository_id", "deployment_id", "service_id", "environment", "commit_sha", "finished_at"
    )
    return apply_cogrouped(
        spark, links, its, ["repository_id"], walk_repository, WALK_SCHEMA, here=here
    )
