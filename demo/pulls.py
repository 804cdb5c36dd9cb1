"""Telling of pull requests: opened, reviewed, reworked, merged in one of three ways, or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo import words
from demo.almanac import DAY, HOUR, MINUTE, second, utc
from demo.model import (
    Account,
    Change,
    Comment,
    DraftTurn,
    Labelling,
    Mention,
    PullRequest,
    Push,
    Review,
)
from demo.planning_model import JiraRemoteLink
from demo.tickets import Spell
from demo.world import World


@dataclass
class Pull:
    """A pull request while it lives."""

    id: str
    database_id: int
    number: int
    title: str
    body: str
    author: Account
    base: str
    head: str
    created: int
    is_draft: bool
    opened_as_draft: bool
    shas: list[str]
    quick: bool = False
    parent: Pull | None = None
    children: list[Pull] = field(default_factory=list)
    reverts: Change | None = None
    closes: tuple[int, ...] = ()
    hotfix: bool = False
    pushes: list[Push] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    turns: list[DraftTurn] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    labels: list[Labelling] = field(default_factory=list)
    merged: int | None = None
    merged_by: Account | None = None
    merge_sha: str | None = None  # the commit that stands for it on its target branch
    own_merge_sha: str | None = None  # as the source tells: none where it was fast-forwarded
    squash_sha: str | None = None
    method: str | None = None
    closed: int | None = None
    change: Change | None = None
    titled: Spell | None = None  # the issue of Jira that its title names
    branched: Spell | None = None  # … and its branch, in capitals
    trouble: str | None = None  # id of the incident of Jira that is over when it is merged
    fixes: tuple[str, ...] = ()  # ids of all incidents of Jira that it names

    @property
    def is_open(self) -> bool:
        """Neither merged nor closed."""
        return self.closed is None

    def freeze(self) -> PullRequest:
        """The same as an immutable fact."""
        return PullRequest(
            self.id, self.database_id, self.number, self.title, self.body, self.author, self.base,
            self.head, utc(self.created), tuple(self.pushes),
            tuple(utc(at) for at in sorted(self.touched)), self.opened_as_draft, tuple(self.turns),
            tuple(self.reviews), tuple(self.comments), tuple(self.labels), self.closes,
            utc(self.merged) if self.merged is not None else None, self.merged_by,
            self.own_merge_sha, self.method, utc(self.closed) if self.closed is not None else None,
            self.squash_sha,
        )  # fmt: skip


class Pulls:
    """Opens pull requests and lets them live."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[Pull] = []
        self.by_change: dict[str, Pull] = {}
        self.on_merge: list[Callable[[Pull], None]] = []
        self.mentions: list[Mention] = []
        self.remote_links: list[tuple[str, JiraRemoteLink]] = []

    def title(self) -> str:
        """A title that is hardly ever given twice."""
        rng = self.world.rng
        text = f"{rng.choice(words.VERBS)} {rng.choice(words.THINGS)}"
        tail = rng.choice(words.TAILS)
        return f"{text} {tail}".strip() + ("" if rng.random() < 0.7 else f" ({rng.randrange(999)})")

    def open_feature(self) -> None:
        """An ordinary pull request, with all its moods."""
        world, rng = self.world, self.world.rng
        count = 1 + world.poisson(world.habit.commits - 1)
        title = self.title()
        if len(self.all) == 7:
            title = f"Strip \x00 bytes from {title}"  # GitHub itself would refuse it, others do not
        elif len(self.all) == 11:
            count = 130  # more than one page of commits
        pull = self._open_planned(world.somebody(), title, count, rng.random() < 0.18)
        if len(self.all) == 15:
            for step in range(125):  # more than one page of comments
                world.at(world.now + 60 + step * 41, self.comment, pull, world.somebody())
        if rng.random() < world.habit.stacked:
            world.at(world.later(1.0), self.open_stacked, pull)
        self.live(pull)

    def _open_planned(self, author: Account, title: str, count: int, is_draft: bool) -> Pull:
        """A pull request, mostly for an issue of Jira: named here or there, or linked from Jira."""
        world, rng = self.world, self.world.rng
        spells = world.place.backlog.at(world.now) if world.place.backlog else []
        fate = rng.random()
        if not spells or fate > 0.75:
            return self.open(author, title, count, is_draft=is_draft)
        spell = rng.choice(spells)
        word = title.split()[0].lower()
        if fate < 0.2:  # written small, as most tools make branches
            head = f"feature/{spell.key.lower()}-{word}-{len(self.all)}"
            pull = self.open(author, title, count, is_draft=is_draft, head=head)
            self.name(pull, spell, "branch")
        elif fate < 0.4:
            pull = self.open(author, f"{spell.key} {title}", count, is_draft=is_draft)
            self.name(pull, spell, "title", "commit", "branch")
            pull.titled = spell
        elif fate < 0.5:
            text = f"Implements {spell.key}, in UTF-8 as of ISO-8601."
            pull = self.open(author, title, count, is_draft=is_draft, body=text)
            self.name(pull, spell, "text")
        elif fate < 0.62:
            message = f"{title}\n\nRefs: {spell.key}"
            if rng.random() < 0.5:
                message = f"[{spell.key}] {title}"
            pull = self.open(author, title, count, is_draft=is_draft, message=message)
            self.name(pull, spell, "commit")
        else:
            pull = self.open(author, title, count, is_draft=is_draft)
            self.link(pull, spell)
        return pull

    def name(self, pull: Pull, spell: Spell, *methods: str) -> None:
        """Remember that the pull request names an issue of Jira."""
        if spell.is_incident:
            pull.fixes = tuple(dict.fromkeys((*pull.fixes, spell.issue_id)))
        at = utc(self.world.now)
        self.mentions += [
            Mention(pull.id, spell.issue_id, spell.key, method, at) for method in methods
        ]

    def link(self, pull: Pull, spell: Spell) -> None:
        """A link from the issue in Jira to the pull request."""
        world = self.world
        identity = str(8_000_000 + world.index * 10_000 + len(self.remote_links))
        url = world.say.pull_url(pull.number)
        kind = "com.gitlab.integration" if world.is_gitlab else "com.github.integration.production"
        self.remote_links.append(
            (spell.issue_id, JiraRemoteLink(identity, url, pull.title, utc(world.now), kind))
        )
        self.name(pull, spell, "remote_link")

    def open_stacked(self, parent: Pull) -> None:
        """A pull request into the branch of another one."""
        if not parent.is_open:
            return
        world = self.world
        pull = self.open(
            world.somebody(), self.title(), 1 + world.poisson(0.7), base=parent.head,
            from_sha=parent.shas[-1], quick=True,
        )  # fmt: skip
        pull.parent = parent
        parent.children.append(pull)
        self.live(pull)

    def open_dependency(self) -> None:
        """What the dependency bot does on Mondays."""
        world, rng = self.world, self.world.rng
        library, major = rng.choice(words.LIBRARIES), rng.randrange(1, 9)
        title = f"Bump {library} from {major}.{rng.randrange(9)}.0 to {major}.9.{rng.randrange(99)}"
        pull = self.open(
            world.crew.dependency_bot, title, 1, labels=("dependencies",), quick=True,
            head=f"dependabot/{library}-{major}-{len(self.all)}",
        )  # fmt: skip
        fate = rng.random()
        if fate < 0.12:
            world.at(world.later(60), self.close, pull)  # superseded
        elif fate < 0.5:
            world.at(world.now + 20 * MINUTE, self.merge, pull, world.crew.robot)
        else:
            self.live(pull)

    def open(
        self,
        author: Account,
        title: str,
        count: int,
        *,
        body: str = "",
        base: str | None = None,
        head: str | None = None,
        from_sha: str | None = None,
        labels: tuple[str, ...] = (),
        closes: tuple[int, ...] = (),
        reverts: Change | None = None,
        message: str | None = None,
        is_draft: bool = False,
        quick: bool = False,
    ) -> Pull:
        """A new pull request with its first commits, written before now on a branch of its own."""
        world, rng, now = self.world, self.world.rng, self.world.now
        begun = now - (
            int(2 * MINUTE + rng.random() * 20 * MINUTE)
            if quick
            else int(min(20 * MINUTE + rng.expovariate(1.0) * 14 * HOUR, 12 * DAY))
        )
        tip = from_sha or world.branch_point(begun)
        number = world.next_number("pull")
        shas: list[str] = []
        times = sorted(begun + int(rng.random() * (now - begun - 30)) for _ in range(count))
        times[0] = begun
        committed = max(begun, second(world.commits[tip].committed_at))
        for position, authored in enumerate(times):
            # An amended or rebased commit keeps when it was written.
            moved = authored + (int(rng.random() * (now - authored)) if rng.random() < 0.25 else 0)
            committed = max(committed, moved)
            headline = (message or title) if position == 0 else self.title()
            tip = world.commit((tip,), author, authored, committed, headline)
            world.commit_pulls[tip] = number
            shas.append(tip)
        identity, database_id = world.identify("PR")
        hotfix = "hotfix" in labels or bool(head and head.startswith("hotfix/"))
        pull = Pull(
            identity, database_id, number, title, body, author, base or world.habit.default_branch,
            head or f"{author.login}/{title.split()[0].lower()}-{number}", now, is_draft, is_draft,
            shas, quick, None, [], reverts, closes, hotfix,
        )  # fmt: skip
        pull.pushes.append(Push(utc(now), tuple(shas)))
        pull.touched.append(now)
        pull.labels.extend(Labelling(name, utc(now)) for name in labels)
        self.all.append(pull)
        if rng.random() < 0.1 and not labels:
            pull.labels.append(Labelling(rng.choice(words.LABELS[:3])[0], utc(now)))
        return pull

    def live(self, pull: Pull) -> None:
        """Plan what follows the opening."""
        world, rng = self.world, self.world.rng
        if rng.random() < 0.3:
            world.at(world.now + 40, self.bot_review, pull)
        if rng.random() < 0.2:
            world.at(world.now + 5 * MINUTE, self.comment, pull, pull.author)
        if rng.random() < 0.05:
            world.at(world.now + 3 * MINUTE, self.comment, pull, world.crew.robot)
        if pull.is_draft:
            world.at(world.later(8), self.make_ready, pull)
        else:
            self.await_review(pull)

    def make_ready(self, pull: Pull) -> None:
        """A draft is ready for review; some go back once."""
        if not pull.is_open:
            return
        world = self.world
        self._turn(pull, "READY_FOR_REVIEW")
        if world.chance(0.15) and len(pull.turns) < 2:
            world.at(world.now + 2 * HOUR, self._turn, pull, "CONVERT_TO_DRAFT")
            world.at(world.later(10, 3 * HOUR), self.make_ready, pull)
        else:
            self.await_review(pull)

    def _turn(self, pull: Pull, kind: str) -> None:
        if not pull.is_open:
            return
        prefix = "RFRE" if kind == "READY_FOR_REVIEW" else "CTDE"
        pull.is_draft = kind == "CONVERT_TO_DRAFT"
        identity, database_id = self.world.identify(prefix)
        pull.turns.append(DraftTurn(identity, kind, utc(self.world.now), database_id))
        pull.touched.append(self.world.now)

    def await_review(self, pull: Pull) -> None:
        """Review soon, or merged without, or forgotten, or dropped."""
        world, rng = self.world, self.world.rng
        fate = rng.random()
        if pull.quick:
            world.at(world.now + 60 + int(rng.expovariate(1 / (15 * MINUTE))), self.review, pull, 3)
        elif fate < 0.07:
            world.at(world.later(3), self.merge, pull, pull.author)
        elif fate < 0.09:
            return
        elif fate < 0.14:
            world.at(world.later(40), self.close, pull)
        else:
            world.at(world.later(5), self.review, pull, 1)

    def review(self, pull: Pull, turn: int) -> None:
        """A human looks at it: approves, asks for changes, or only comments."""
        if not pull.is_open:
            return
        world, rng = self.world, self.world.rng
        reviewer = world.somebody(pull.author)
        fate = rng.random() + 0.2 * (turn - 1)
        state = "CHANGES_REQUESTED" if fate < 0.18 else "COMMENTED" if fate < 0.35 else "APPROVED"
        if rng.random() < 0.12:
            self.comment(pull, reviewer)  # says something in the conversation first
        self.add_review(pull, reviewer, state, rng.choice((0, 0, 1, 1, 2, 4)))
        if state == "APPROVED":
            world.at(
                world.now + MINUTE + int(rng.expovariate(1 / (10 * MINUTE)))
                if pull.quick
                else world.later(2.5),
                self.merge,
                pull,
                pull.author if rng.random() < 0.6 else reviewer,
            )
            if rng.random() < 0.04:
                self.add_review(pull, world.somebody(pull.author), "PENDING", 0)
            return
        if rng.random() < 0.5:
            world.at(world.now + 20 * MINUTE, self.answer, pull)
        world.at(world.later(4), self.rework, pull, turn)

    def add_review(self, pull: Pull, reviewer: Account, state: str, comments: int) -> None:
        """Write a review; comments on lines carry the time of the review."""
        world, now = self.world, self.world.now
        identity, database_id = world.identify("PRR")
        says = world.rng.choice(words.REMARKS) if world.chance(0.4) else ""
        if world.is_gitlab:
            # There a review is its notes and nothing else, but for an approval.
            says = ""
            comments = max(comments, 0 if state in ("APPROVED", "PENDING") else 1)
        written = tuple(
            self._comment("PRRC", reviewer, world.rng.choice(words.REMARKS))
            for _ in range(comments)
        )
        pull.reviews.append(
            Review(
                identity, database_id, reviewer, state, utc(now),
                None if state == "PENDING" else utc(now), pull.shas[-1], says, written,
            )
        )  # fmt: skip
        pull.touched.append(now)

    def bot_review(self, pull: Pull) -> None:
        """The review bot is always the first."""
        if pull.is_open:
            self.add_review(pull, self.world.crew.review_bot, "COMMENTED", 1)

    def answer(self, pull: Pull) -> None:
        """The author answers on the lines: GitHub makes a review of the author's own of it."""
        if pull.is_open:
            self.add_review(pull, pull.author, "COMMENTED", 1)

    def comment(self, pull: Pull, author: Account) -> None:
        """Write into the conversation."""
        pull.comments.append(self._comment("IC", author, self.world.rng.choice(words.REMARKS)))
        pull.touched.append(self.world.now)

    def _comment(self, prefix: str, author: Account, text: str) -> Comment:
        identity, database_id = self.world.identify(prefix)
        return Comment(identity, database_id, author, utc(self.world.now), text)

    def rework(self, pull: Pull, turn: int) -> None:
        """Commits after the review: on top, or the whole branch rebased and pushed by force."""
        if not pull.is_open:
            return
        world, rng = self.world, self.world.rng
        is_forced = rng.random() < 0.2 and pull.parent is None and not pull.children
        if is_forced:
            tip = world.branch_point(world.now - 30)
            shas = []
            for old in pull.shas:
                tip = world.copy(old, tip, world.now - 30)
                world.commit_pulls[tip] = pull.number
                shas.append(tip)
            if len(shas) > 2 and rng.random() < 0.3:
                shas.pop()  # a commit that nobody ever sees again
            pull.shas = shas
        elif world.method not in ("rebase", "ff") and rng.random() < 0.25 and not pull.parent:
            at = world.just_before(20, pull.shas[-1], world.main[-1])
            tip = world.commit(
                (pull.shas[-1], world.main[-1]), pull.author, at, at,
                f"Merge branch '{world.habit.default_branch}' into {pull.head}", (0, 0),
            )  # fmt: skip
            world.commit_pulls[tip] = pull.number
            pull.shas.append(tip)
        else:
            for step in range(1 + world.poisson(0.5)):
                at = world.just_before(max(40 - 9 * step, 1) * MINUTE, pull.shas[-1])
                tip = world.commit((pull.shas[-1],), pull.author, at, at, self.title())
                world.commit_pulls[tip] = pull.number
                pull.shas.append(tip)
        pull.pushes.append(Push(utc(world.now), tuple(pull.shas), is_forced))
        pull.touched.append(world.now)
        world.at(world.later(3), self.review, pull, turn + 1)

    def close(self, pull: Pull) -> None:
        """Close without merging."""
        if pull.is_open:
            pull.closed = self.world.now
            pull.touched.append(self.world.now)

    def merge(self, pull: Pull, by: Account) -> None:
        """Merge in the repository's way; what is on the default branch now waits to be shipped."""
        world, now = self.world, self.world.now
        if not pull.is_open:
            return
        if pull.is_draft:
            self.make_ready(pull)
            return
        if pull.parent is not None and not pull.parent.is_open:
            self.close(pull)
            return
        for child in pull.children:
            self.close(child)
        if pull.base == world.habit.default_branch:
            position = self._merge_into_main(pull, by)
        else:
            position = None
            self._merge_into_branch(pull, by)
        pull.merged = pull.closed = now
        pull.merged_by = by
        pull.touched.append(now)
        assert pull.merge_sha is not None
        change = Change(
            "pull_request", pull.id, pull.merge_sha,
            min(world.commits[sha].authored_at for sha in pull.shas), utc(now),
            pull.author.is_bot, pull.hotfix, pull.reverts.id if pull.reverts else None, pull.closes,
            pull.fixes, position is not None,
        )  # fmt: skip
        pull.change = change
        self.by_change[change.id] = pull
        if position is not None:
            world.waits(position, change)
            # A true merge brings along what was merged into the branch; a squash leaves it behind.
            if pull.method == "merge":
                for child in pull.children:
                    if child.change is not None:
                        world.queue(position, child.change)
        else:
            world.merged.append(change)
        if world.chance(0.05):
            world.at(world.later(6), self.late_words, pull)
        for listener in self.on_merge:
            listener(pull)

    def _merge_into_main(self, pull: Pull, by: Account) -> int:
        world, now = self.world, self.world.now
        pull.method = world.method
        if pull.method == "ff":
            return self._fast_forward(pull)
        lines = self._lines(pull)
        text = world.say.squashed(pull.number, pull.title)
        if pull.reverts:
            text += f"\n\n{world.say.reverts(self.by_change[pull.reverts.id].number)}"
        merging = world.say.merged(pull.number, pull.head, pull.base, pull.title)
        if pull.method == "squash":
            sha = world.commit((world.main[-1],), pull.author, now, now, text, lines)
            if world.is_gitlab:
                pull.squash_sha = sha
        elif pull.method == "squash_merge":
            base = world.commits[pull.shas[0]].parents[0]
            pull.squash_sha = world.commit((base,), pull.author, now, now, text, lines)
            world.commit_pulls[pull.squash_sha] = pull.number
            sha = world.commit((world.main[-1], pull.squash_sha), by, now, now, merging, lines)
        elif pull.method == "merge":
            sha = world.commit((world.main[-1], pull.shas[-1]), by, now, now, merging, lines)
        else:
            for old in pull.shas:
                sha = world.copy(old, world.main[-1], now)
                world.commit_pulls[sha] = pull.number
                world.extend_main(sha)
            pull.merge_sha = pull.own_merge_sha = sha
            return len(world.main) - 1
        pull.merge_sha = sha
        pull.own_merge_sha = None if sha == pull.squash_sha else sha
        world.commit_pulls[sha] = pull.number
        return world.extend_main(sha)

    def _fast_forward(self, pull: Pull) -> int:
        """The branch is rebased by a last push and becomes the tip of the default branch."""
        world, now = self.world, self.world.now
        tip, shas = world.main[-1], []
        for old in pull.shas:
            tip = world.copy(old, tip, now)
            world.commit_pulls[tip] = pull.number
            shas.append(tip)
            world.extend_main(tip)
        pull.shas = shas
        pull.pushes.append(Push(utc(now), tuple(shas), True))
        pull.merge_sha = tip
        return len(world.main) - 1

    def _merge_into_branch(self, pull: Pull, by: Account) -> None:
        """Into another pull request's branch, or a release branch (there: always squashed)."""
        world, now = self.world, self.world.now
        parent = pull.parent
        lines = self._lines(pull)
        text = world.say.squashed(pull.number, pull.title)
        if parent is None:
            pull.method = "squash"
            pull.merge_sha = world.commit(
                (world.line_tip(pull.base),), pull.author, now, now, text, lines
            )
        else:
            assert parent.is_open
            pull.method = "merge" if world.method == "merge" else "squash"
            if pull.method == "merge":
                text = world.say.merged(pull.number, pull.head, pull.base, pull.title)
                pull.merge_sha = world.commit(
                    (parent.shas[-1], pull.shas[-1]), by, now, now, text, lines
                )
                parent.shas = [*parent.shas, *pull.shas, pull.merge_sha]
            else:
                pull.merge_sha = world.commit(
                    (parent.shas[-1],), pull.author, now, now, text, lines
                )
                parent.shas = [*parent.shas, pull.merge_sha]
            parent.pushes.append(Push(utc(now), tuple(parent.shas)))
            parent.touched.append(now)
        pull.own_merge_sha = pull.merge_sha
        if world.is_gitlab and pull.method == "squash":
            pull.squash_sha, pull.own_merge_sha = pull.merge_sha, None
        world.commit_pulls[pull.merge_sha] = pull.number

    def _lines(self, pull: Pull) -> tuple[int, int]:
        commits = [self.world.commits[sha] for sha in pull.shas]
        return sum(c.additions for c in commits), sum(c.deletions for c in commits)

    def late_words(self, pull: Pull) -> None:
        """Some review only after the merge."""
        world = self.world
        if world.chance(0.5):
            self.add_review(pull, world.somebody(pull.author), "APPROVED", 1)
        else:
            self.comment(pull, world.somebody())

    def open_revert(
        self, change: Change, closes: tuple[int, ...] = (), fixes: Spell | None = None
    ) -> Pull | None:
        """The revert button; sometimes the text is written by hand, only the title tells."""
        undone = self.by_change.get(change.id)
        if undone is None or undone.base != self.world.habit.default_branch:
            return None
        world = self.world
        headline = f'Revert "{undone.title}"'
        body = world.say.reverts(undone.number)
        if world.chance(0.15):
            body = "This broke things, taking it out for now."
        if closes:
            body += f"\n\nFixes #{closes[0]}"
        if fixes:
            body += f"\n\nFor {fixes.key}"
        message = f"{headline}\n\nThis reverts commit {undone.merge_sha}."
        if undone.method in ("merge", "squash_merge"):
            first = world.commits[undone.merge_sha or ""].parents[0]
            message = (
                f"{headline}\n\nThis reverts commit {undone.merge_sha}, reversing\n"
                f"changes made to {first}."
            )
        pull = self.open(
            world.somebody(), headline, 1, body=body, closes=closes, reverts=change, quick=True,
            message=message, head=f"revert-{undone.number}-{undone.head.replace('/', '-')}",
        )  # fmt: skip
        if fixes:
            self.name(pull, fixes, "text")
            pull.trouble = fixes.issue_id
        if undone.branched:  # "revert-12-hotfix-OPS-3"
            pull.branched = undone.branched
            self.name(pull, undone.branched, "branch")
        if undone.titled:
            pull.titled = undone.titled
            in_branch = undone.titled.key.lower() in undone.head.lower()
            methods = ("title", "commit", "branch") if in_branch else ("title", "commit")
            self.name(pull, undone.titled, *methods)
        self.live(pull)
        return pull
