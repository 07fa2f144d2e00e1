"""What making images cost: ratios within the run, bytes, and which bars that meets."""

from __future__ import annotations

from bench.image_report import ADDED, BOTH, CODE, COLD, SMALL, UNCHANGED, Measured, Row, bars, tables

MB = 1_000_000
OURS = Row(
    "modelwrap",
    is_ours=True,
    has_bytecode=True,
    samples={
        BOTH: [Measured(8.0, 150 * MB)],
        COLD: [Measured(4.0, 80 * MB)],
        UNCHANGED: [Measured(0.2, 0)],
        CODE: [Measured(0.3, 9_000), Measured(0.2, 9_400), Measured(9.9, 9_100)],
        ADDED: [Measured(0.5, 60_000)],
    },
)
RIVAL = Row(
    "BuildKit, uv",
    is_ours=False,
    has_bytecode=True,
    samples={
        COLD: [Measured(16.0, 87 * MB)],
        CODE: [Measured(0.3, 6_000)],
        ADDED: [Measured(5.0, 87 * MB)],
    },
    foreign=[0.0, 0.3, 0.5],
)
LONE = Row("modelwrap, no bytecode", is_ours=True, has_bytecode=False, samples={CODE: [Measured(0.2, 20_000)]})


def cells(title: str) -> dict[str, dict[str, str]]:
    (found,) = [table for table in tables([OURS, RIVAL, LONE]) if table.title.startswith(title)]
    return {row[0]: dict(zip(found.head, row, strict=True)) for row in found.rows}


def test_a_row_is_held_against_ours_with_the_same_bytecode_and_two_platforms_against_one() -> None:
    rows = cells("build and push")
    assert rows["BuildKit, uv *30%"][COLD] == "16.00 (4.0x)"
    assert rows["modelwrap"][COLD] == "4.00"
    assert rows["modelwrap"][BOTH] == "8.00 (2.0x)"
    assert rows["modelwrap, no bytecode"][CODE] == "0.20"


def test_a_disturbed_repetition_does_not_decide_and_the_most_that_was_pushed_counts() -> None:
    assert cells("build and push")["modelwrap"][CODE] == "0.30"
    assert cells("pushed")["modelwrap"][CODE] == "9.4 kB"


def test_what_was_not_measured_is_a_dash_and_no_nought() -> None:
    assert cells("build and push")["BuildKit, uv *30%"][BOTH] == "-"
    assert cells("pushed")["BuildKit, uv *30%"][UNCHANGED] == "-"


def test_each_bar_says_whether_it_is_met() -> None:
    found = [(bar.is_met, str(bar)) for bar in bars([OURS, RIVAL, LONE], wheel=30_000)]
    assert found == [
        (False, "NOT MET  modelwrap, no bytecode, code only: 20,000 bytes pushed (at most 10,000 bytes)"),
        (True, "met      modelwrap, cold: BuildKit, uv takes 4.0x (3.5x or more)"),
        (True, "met      modelwrap, code only: BuildKit, uv takes 1.0x (1x or more)"),
        (False, f"NOT MET  modelwrap, + {SMALL}: BuildKit, uv takes 10.0x (15x or more)"),
        (True, "met      modelwrap, code only: 9,400 bytes pushed (at most 10,000 bytes)"),
        (True, f"met      modelwrap, + {SMALL}: 60,000 bytes pushed (at most 62,000 bytes)"),
        (True, "met      modelwrap, two platforms: 2.00x the time of one (at most 2.5x)"),
    ]
