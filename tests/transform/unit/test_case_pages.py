"""The pages of hand-worked cases: strict in what they say, complete in their index."""

from __future__ import annotations

import re

import pytest

from tests.transform.case_pages import CASES, PageError, read_page, read_pages

PAGE = """# A page

```text
c1 ── c2
```

### Commits

| commit | parents |
|---|---|
| c1 | – |

### Deployments

| deployment | commit | finished |
|---|---|---|
| d1 … d3 | c1 | Mon 2 Mar 10:00, every 24h |

### dora

| period | metric | value | numerator |
|---|---|---|---|
| week 2 Mar | deployment_frequency | 3/7 | 3 |
"""


def test_a_page_is_rows_and_what_they_give():
    page = read_page("page", PAGE)
    assert [row["deployment_id"] for row in page.marts["fct_deployments"]] == [
        "page/d1", "page/d2", "page/d3",
    ]  # fmt: skip
    assert [row["finished_at"].day for row in page.marts["fct_deployments"]] == [2, 3, 4]
    (expected,) = page.expected
    (row,) = [dict(zip(expected.columns, row, strict=True)) for row in expected.rows]
    assert (row["entity_type"], row["entity_id"]) == ("service", "page/shop")
    assert (row["grain"], str(row["period_start"])) == ("week", "2026-03-02")
    assert row["value"] == 3 / 7


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("### Commits", "### Committs", "no table is called Committs"),
        ("| commit | parents |", "| commit | parentz |", "no column parentz"),
        ("| commit | parents |", "| commit | main |", "needs the column parents"),
        ("| commit | parents |", "| commit | commit |", "a column twice"),
        ("| c1 | – |", "| c1 |", "has 2 columns"),
        ("| c1 | – |", "| c1 | |", "has 2 columns"),
        ("| metric | value |", "| metric | worth |", "no column worth"),
        ("Mon 2 Mar 10:00", "Tue 2 Mar 10:00", "was a Mon"),
        ("Mon 2 Mar 10:00", "2 Mar", "no time"),
        ("3/7", "three", "no number"),
        ("week 2 Mar", "fortnight 2 Mar", "no period"),
        (", every 24h", "", "no time between"),
        ("### Deployments", "| a | b |", "without a heading"),
        ("```text", "```", "a drawing"),
        ("### dora", "### Incidents", "Incidents has no column metric"),
        ("### dora", "### Commits", "is there twice"),
        ("| c1 | – |", "| c1 | – |\n\n### Fixes\n\n| pull request | incident |\n|-|-|\n| #1 | i |",
         "no pull request is called #1"),
        ("| c1 | – |", "| c1 | – |\n\n### Settings\n\n| setting | value |\n|-|-|\n| zone | UTC |",
         "no setting is called zone"),
    ],
)  # fmt: skip
def test_what_a_page_says_wrongly_is_an_error(old, new, complaint):
    assert old in PAGE
    with pytest.raises(PageError, match=re.escape(complaint)):
        read_page("page", PAGE.replace(old, new, 1))


def test_the_index_has_every_page_by_its_title():
    index = (CASES / "README.md").read_text("utf-8")
    linked = re.findall(r"\[([^\]]+)\]\(([\w-]+)\.md\)", index)
    assert sorted(linked, key=lambda pair: pair[1]) == [
        (page.title, page.name) for page in read_pages()
    ]


def test_links_between_pages_lead_somewhere():
    for path in CASES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (CASES / target).exists(), f"{path.name}: {target}"


def test_a_page_is_about_a_page_long():
    lengths = {path.stem: len(path.read_text("utf-8").splitlines()) for path in CASES.glob("*.md")}
    del lengths["README"]
    assert {name: length for name, length in lengths.items() if length > 110} == {}
