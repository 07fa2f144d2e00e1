"""Bytecode: the same from any process, and of nothing that does not compile."""

from __future__ import annotations

import io
import marshal
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from modelwrap.errors import ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.oci import digest_of
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels import bytecode, compiling, interpreters
from modelwrap.image.wheels.bytecode import Source, can_compile, compile_sources, compiled_path, is_worth_compiling
from modelwrap.image.wheels.interpreters import keeping_interpreters

SOURCE = """
from os.path import join as put_together
SEPARATOR = "§"
NAMES = ("petal_width", "stamen", 70000, 1.5, b"bytes", frozenset({"petal_width", "leaf"}))
class Flower:
    petal_width: float = 0.2
    def grow(self, *, stamen: str = "stamen") -> "Flower":
        return [leaf for leaf in self.leaves if leaf.petal_width in {"petal_width", "leaf"}]
"""

#: Dumps the code our way and the plain way, after the process has seen some words and compiled something else.
IN_A_PROCESS = """
import hashlib, marshal, sys
from modelwrap.image.wheels.compiling import _dump
source, other, *words = sys.argv[1:]
words = [sys.intern(word) for word in words]
before = compile(other * 50, "/other.py", "exec", dont_inherit=True)
code = compile(source, "/flower.py", "exec", dont_inherit=True)
plain = hashlib.sha256(marshal.dumps(code)).hexdigest()  # first: ours leaves traces in the process
print(hashlib.sha256(_dump(code)).hexdigest(), plain)
"""


def dumped(seed: str, other: str, *words: str) -> list[str]:
    command = [sys.executable, "-c", IN_A_PROCESS, SOURCE, other, *words]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split()


def compiled(folder: Path, sources: dict[str, str], *, checked: bool = True) -> dict[str, bytes]:
    for name, text in sources.items():
        (folder / name).write_text(text)
    wanted = [Source(str(folder / name), f"microservice/{name}") for name in sources]
    return dict(compile_sources(wanted, Cache(folder / "cache"), archive=None, digest="any", checked=checked))


def test_what_the_process_did_before_does_not_show() -> None:
    ours, plain = dumped("1", "")
    ours_later, plain_later = dumped("2", SOURCE, "§", "petal_width", "Flower", "put_together")
    assert ours == ours_later
    if sys.version_info < (3, 12):
        # The reason for all this; later Pythons intern every letter from the start.
        assert plain != plain_later


def test_code_that_was_built_anew_does_what_it_did() -> None:
    source = (
        "def f(a, /, b=-0.0, *, c=(1, True, 1.0, (2, 'x'))):\n"
        "    def g():\n        nonlocal b\n        b = a\n        return b, c\n"
        "    return g\n"
        "zeros = (0.0, -0.0, 0, False, 0j, frozenset({1, 'a'}), b'', ...)\n"
        "found = 'a' in {'a', 1, None}\n"
        "result = f(7)()\n"
        "names = f.__code__.co_varnames, f.__code__.co_cellvars, f(1).__code__.co_freevars\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    line = error.__traceback__.tb_lineno\n"
    )
    expected: dict[str, object] = {}
    found: dict[str, object] = {}
    code = compile(source, "/a.py", "exec", dont_inherit=True)
    exec(code, expected)
    exec(marshal.loads(compiling._dump(code)), found)
    told = ("zeros", "found", "result", "names", "line")
    assert [repr(found[name]) for name in told] == [repr(expected[name]) for name in told]


def test_modules_are_compiled_for_the_image_and_python_checks_their_source(tmp_path: Path) -> None:
    found = compiled(tmp_path, {"flower.py": SOURCE})
    path = f"microservice/__pycache__/flower.{sys.implementation.cache_tag}.pyc"
    assert compiled_path("microservice/flower.py") == path
    assert found[path][4:8] == b"\x03\0\0\0"
    assert b"/microservice/flower.py" in found[path]


@pytest.mark.parametrize("checked", [True, False])
def test_tracebacks_point_at_columns_in_the_model_s_code_and_at_lines_in_packages(
    tmp_path: Path, checked: bool
) -> None:
    with keeping_interpreters():  # those of one kind must not do the other's jobs
        compiled(tmp_path, {"before.py": SOURCE}, checked=not checked)
        (module,) = compiled(tmp_path, {"flower.py": "1 + one"}, checked=checked).values()
    lines, _, columns, _ = zip(*marshal.loads(module[16:]).co_positions(), strict=True)
    assert 1 in lines
    assert any(column is not None for column in columns) == checked


def test_what_does_not_compile_is_left_out(tmp_path: Path) -> None:
    sources = {"two.py": "print 'two'", "null.py": "\0", "deep.py": "(" * 2000 + ")" * 2000, "right.py": "1"}
    assert [path.rpartition("/")[2][:6] for path in compiled(tmp_path, sources)] == ["right."]


@pytest.mark.parametrize("kept", [keeping_interpreters, nullcontext])
def test_how_modules_are_shared_among_interpreters_does_not_show(
    kept: Callable[[], AbstractContextManager[None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {f"m{number}.py": f"{SOURCE}NUMBER = {number}\n" for number in range(201)} | {"m7.py": "print 'two'"}
    found = []
    for together in (500, 100, 30):
        monkeypatch.setattr(bytecode, "_TOGETHER", together)
        folder = tmp_path / str(together)
        folder.mkdir()
        with kept():
            found.append(compiled(folder, sources))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 200
    modules = {path.rpartition("/")[2].partition(".")[0]: marshal.loads(code[16:]) for path, code in found[0].items()}
    assert all(int(name[1:]) in code.co_consts for name, code in modules.items()), "each has its own code"


def test_an_interpreter_that_is_kept_does_job_after_job_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "_TOGETHER", 1)
    begun, start = list[subprocess.Popen[bytes]](), interpreters._start

    def begin(*, columns: bool) -> subprocess.Popen[bytes]:
        begun.append(start(columns=columns))
        return begun[-1]

    monkeypatch.setattr(interpreters, "_start", begin)
    with keeping_interpreters():
        compiled(tmp_path, {f"m{number}.py": SOURCE for number in range(20)})
        assert all(process.poll() is None for process in begun)
    assert 0 < len(begun) <= interpreters.AT_ONCE
    assert [process.returncode for process in begun] == [0] * len(begun)


def test_one_that_ends_too_early_ends_the_build_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    with keeping_interpreters():
        for _ in range(interpreters.AT_ONCE + 1):
            source = Source(str(tmp_path / "a.py"), "microservice/a.py", digest_of(b"2"))
            with pytest.raises(ImageError, match=r"ended with status 1: .*a\.py changed while it was read"):
                compile_sources([source], Cache(tmp_path / "cache"), archive=None, digest="any", checked=True)
        assert compiled(tmp_path, {"b.py": "1"})


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    compiled(tmp_path, {"evil.py": f"open({str(trace)!r}, 'w')", "sitecustomize.py": f"open({str(trace)!r}, 'w')"})
    assert not trace.exists()


def test_a_source_that_changed_since_it_was_first_read_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    source = Source(str(tmp_path / "a.py"), "microservice/a.py", digest_of(b"2"))
    with pytest.raises(ImageError, match=r"a\.py changed while it was read\n--no-bytecode"):
        compile_sources([source], Cache(tmp_path / "cache"), archive=None, digest="any", checked=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("p/a.py", True),
        ("p/tests/test_a.py", False),
        ("tests/a.py", False),
        ("p/mytests.py", True),
        ("p/testing.py", True),
    ],
)
def test_tests_of_packages_are_not_worth_it(path: str, expected: bool) -> None:
    assert is_worth_compiling(path) is expected


def test_only_the_same_minor_version_is_compiled_for() -> None:
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert can_compile(PythonTarget(f"{ours}.99", "/usr/bin/python3"))
    assert not can_compile(PythonTarget("3.8.0", "/usr/bin/python3"))


def test_the_program_takes_job_after_job_from_its_input(tmp_path: Path) -> None:
    jobs = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(name)
        job: dict[str, str | bool | list[tuple[str, str, str]] | None] = {
            "archive": None,
            "sources": [(str(tmp_path / f"{name}.py"), f"/{name}.py", "")],
            "checked": False,
            "output": str(tmp_path / name),
        }
        jobs.append(marshal.dumps(job))
    command = [sys.executable, compiling.__file__]
    told = io.BytesIO(subprocess.run(command, input=b"".join(jobs), check=True, capture_output=True).stdout)
    assert [marshal.load(told), marshal.load(told)] == [[(tmp_path / name).stat().st_size] for name in "ab"]
    assert not told.read()
