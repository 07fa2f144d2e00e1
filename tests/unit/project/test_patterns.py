"""A `.dockerignore` means here what it means to Docker."""

from __future__ import annotations

import pytest

from modelwrap.project.patterns import read_patterns


def is_left_out(rules: str, path: str) -> bool:
    out = False
    for rule in read_patterns(rules, ".dockerignore"):
        if rule.matches(path):
            out = not rule.takes_back
    return out


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("data", "data", True),
        ("data", "data/train.csv", True),
        ("data", "other/data", False),
        ("/data/", "data/train.csv", True),
        ("./data", "data", True),
        ("*.csv", "train.csv", True),
        ("*.csv", "data/train.csv", False),
        ("**/*.csv", "train.csv", True),
        ("**/*.csv", "a/b/train.csv", True),
        ("data/**", "data/a/b", True),
        ("data/**", "data", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("?.txt", "a.txt", True),
        ("?.txt", "ab.txt", False),
        ("[a-c].txt", "b.txt", True),
        ("[^a-c].txt", "b.txt", False),
        ("[!a-c].txt", "d.txt", True),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        ("a.b", "axb", False),
        ("(x)+", "(x)+", True),
        ("*\n!keep.txt", "keep.txt", False),
        ("*\n!keep.txt", "drop.txt", True),
        ("!keep.txt\n*", "keep.txt", True),
        ("data\n!data/keep", "data/keep", False),
        ("# data", "# data", False),
        ("  data  ", "data", True),
        ("\n\n.\n/", "anything", False),
        ("\ufeffdata", "data", True),
    ],
)
def test_the_last_rule_that_matches_decides(rules: str, path: str, expected: bool) -> None:
    assert is_left_out(rules, path) is expected


@pytest.mark.parametrize(
    ("rule", "folder", "expected"),
    [
        ("!data/keep.txt", "data", True),
        ("!data/a/b.txt", "data/a", True),
        ("!data/*.txt", "data", True),
        ("!**/*.txt", "data", True),
        ("!other/keep.txt", "data", False),
        ("!database/keep.txt", "data", False),
    ],
)
def test_a_folder_is_searched_only_where_a_rule_could_take_something_back(
    rule: str, folder: str, expected: bool
) -> None:
    (pattern,) = read_patterns(rule, ".dockerignore")
    assert pattern.may_match_below(folder) is expected


def test_a_rule_knows_where_it_stands() -> None:
    (pattern,) = read_patterns("# first\n\n*.csv\n", ".dockerignore")
    assert pattern.source == ".dockerignore:3"
