"""The command line: both historical forms, and what is said of a mistake."""

from __future__ import annotations

import pytest

from modelwrap.runtime.settings.arguments import parse
from modelwrap.runtime.settings.options import OPTIONS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Foo REST --service-type MODEL --persistence 0",
            {"name": "Foo", "api": "REST", "service-type": "MODEL", "persistence": "0"},
        ),
        ("Foo --service-type ROUTER --persistence", {"name": "Foo", "service-type": "ROUTER", "persistence": "1"}),
        ("--service-type=MODEL Foo", {"name": "Foo", "service-type": "MODEL"}),
        ("Foo --debug --access-log false", {"name": "Foo", "debug": "true", "access-log": "false"}),
        ("Foo --tracing --http-port 8080", {"name": "Foo", "tracing": "1", "http-port": "8080"}),
        ("Foo --single-threaded --pidfile x.pid", {"name": "Foo", "single-threaded": "true", "pidfile": "x.pid"}),
        ("Foo --metrics-po 6001", {"name": "Foo", "metrics-port": "6001"}),
        ("", {}),
    ],
)
def test_a_command_line_is_taken_apart(line: str, expected: dict[str, str]) -> None:
    arguments = parse(line.split())
    assert dict(arguments.flags) == expected
    assert arguments.worker is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Foo --quesize 4", "unknown option --quesize: did you mean --queue-size?"),
        ("Foo --zzz", "unknown option --zzz\n"),
        ("Foo REST more", "unexpected argument 'more'"),
        ("Foo SOAP", "'SOAP': expected one of REST, GRPC, FBS"),
        ("Foo --workers x", "--workers: is 'x': expected a whole number from 1 to 256"),
        ("Foo --service-type SORCERER", "'SORCERER': expected one of MODEL, ROUTER"),
        ("Foo --http-port", "--http-port: expected one argument"),
    ],
)
def test_a_mistake_is_wrong_usage_told_in_one_sentence(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        parse(line.split())
    assert exited.value.code == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 2


def test_help_tells_every_flag_and_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        parse(["--help"])
    assert exited.value.code == 0
    told = capsys.readouterr().out
    assert [o.flag for o in OPTIONS if o.flagged and not o.positional and o.flag not in told] == []
    assert "exit status: 0" in told
    assert "as-worker" not in told
