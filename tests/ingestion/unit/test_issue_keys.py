"""Which issue keys are read out of titles, messages and branch names."""

from __future__ import annotations

import pytest

from ingestion.issue_keys import issue_keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("PAY-12 retry the charge", ["PAY-12"]),
        ("fix: retry (PAY-12, WEB_2-7); see PAY-12", ["PAY-12", "WEB_2-7"]),
        ("see https://acme.atlassian.net/browse/PAY-12 for more", ["PAY-12"]),
        ("[PAY-12]: done\n\nCloses OPS-3.", ["PAY-12", "OPS-3"]),
        ("PAY-12-retry is the branch", ["PAY-12"]),
        ("修复 PAY-12的问题", ["PAY-12"]),
        ("pay-12 is a word here", []),
        ("xPAY-12 PAY-0 PAY-012 PAY-12b P-1 1PAY-2 é", []),
        ("under the sub-PAY-12 line", []),
        ("no key at all", []),
    ],
)
def test_keys_in_a_text(text: str, keys: list[str]) -> None:
    assert issue_keys(text) == keys


@pytest.mark.parametrize(
    ("branch", "keys"),
    [
        ("feature/PAY-12-retry", ["PAY-12"]),
        ("feature/pay-12-retry", ["PAY-12"]),
        ("pay-12", ["PAY-12"]),
        ("jane/web_2-7_x", ["WEB_2-7"]),
        ("fix-PAY-12", ["PAY-12"]),
        ("fix_PAY-12_again", ["PAY-12"]),
        ("PAY-12-and-OPS-3", ["PAY-12", "OPS-3"]),
        ("fix-step-2", []),
        ("feature/pay-12b", []),
        ("feature/pay-0", []),
        ("main", []),
        ("修复PAY-12的问题", ["PAY-12"]),
    ],
)
def test_keys_in_the_name_of_a_branch(branch: str, keys: list[str]) -> None:
    assert issue_keys(branch) == keys


def test_each_key_comes_once_in_order_over_several_texts() -> None:
    assert issue_keys("feature/ops-3-x", None, "", "PAY-1 and OPS-3") == ["OPS-3", "PAY-1"]
