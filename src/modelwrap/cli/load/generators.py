"""Who makes the load: wrk or h2load where one is installed, else threads of this process.

Every generator keeps its connections, asks again as soon as it is answered, and takes any bad answer for a failure: the
speed of refusals says nothing.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from modelwrap.cli.load import threads
from modelwrap.cli.load.measured import Measured, of_times
from modelwrap.cli.trial.rest_client import JSON_TYPE, RestAddress
from modelwrap.errors import ModelwrapError
from modelwrap.value import Value

__all__ = ["GENERATORS", "BuiltIn", "Generator", "H2Load", "Shot", "Wrk", "choose"]

_SCRIPT = """\
local file = io.open({body}, "rb")
wrk.body = file:read("*a")
file:close()
wrk.method = "POST"
wrk.headers["Content-Type"] = "{type}"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("measured %d %d %.1f %.1f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
"""


class Shot(Value):
    """One request that is sent again and again.

    Attributes:
        address: The server.
        path: Below the address's own prefix.
        body: JSON.
        timeout: Seconds that one answer may take.
    """

    address: RestAddress
    path: str
    body: bytes
    timeout: float

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.address}{self.path}"


class Generator(Protocol):
    """Makes load."""

    @property
    def name(self) -> str:
        """What it is called."""

    def load(self, shot: Shot, clients: int, seconds: float) -> Measured:
        """Sends a request from so many clients at once.

        Raises:
            ModelwrapError: An answer was not good; the message says how.
        """


class Wrk(Value):
    """wrk, with one thread."""

    name: str = "wrk"

    def load(self, shot: Shot, clients: int, seconds: float) -> Measured:
        """See `Generator`."""
        with tempfile.TemporaryDirectory() as folder:
            body, script = Path(folder, "body"), Path(folder, "post.lua")
            body.write_bytes(shot.body)
            script.write_text(_SCRIPT.format(body=json.dumps(str(body)), type=JSON_TYPE), encoding="utf-8")
            length, patience = f"-d{_whole(seconds)}s", f"--timeout={_whole(shot.timeout)}s"
            output = _run("wrk", "-t1", f"-c{clients}", length, patience, "-s", str(script), shot.url)
        return read_wrk(output)


def read_wrk(output: str) -> Measured:
    """What wrk measured, by the line that our script makes it write.

    Raises:
        ModelwrapError: The line is missing, or counts an error.
    """
    found = re.search(r"^measured (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)$", output, re.MULTILINE)
    if found is None or int(found[1]) == 0:
        raise ModelwrapError(f"wrk got no answer\n{output.strip()}")
    if int(found[5]):
        raise ModelwrapError(f"of {found[1]} answers under load, {found[5]} were not good\n{output.strip()}")
    return Measured(int(found[1]) / (int(found[2]) / 1e6), float(found[3]) / 1e3, float(found[4]) / 1e3)


class H2Load(Value):
    """h2load, with one thread, told to speak HTTP/1.1 as clients of REST do."""

    name: str = "h2load"

    def load(self, shot: Shot, clients: int, seconds: float) -> Measured:
        """See `Generator`."""
        with tempfile.TemporaryDirectory() as folder:
            body, log = Path(folder, "body"), Path(folder, "log")
            body.write_bytes(shot.body)
            words = ["--h1", "-t1", f"-c{clients}", "-D", str(_whole(seconds)), "-d", str(body), f"--log-file={log}"]
            output = _run("h2load", *words, "-H", f"content-type: {JSON_TYPE}", shot.url)
            return read_h2load(output, log.read_text(encoding="ascii"), _whole(seconds))


def read_h2load(output: str, log: str, seconds: float) -> Measured:
    """What h2load measured, by its summary and its log: start, status and microseconds of each answer.

    Raises:
        ModelwrapError: There was no answer, or not every one was good.
    """
    done = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    calls = [line.split("\t") for line in log.splitlines()]
    if done is None or int(done[1]) == 0 or not calls:
        raise ModelwrapError(f"h2load got no answer\n{output.strip()}")
    bad = sum(int(done[place]) for place in (2, 3, 4)) + sum(call[1] != "200" for call in calls)
    if bad:
        raise ModelwrapError(f"of {done[1]} answers under load, {bad} were not good\n{output.strip()}")
    return of_times([int(call[2]) / 1e6 for call in calls], seconds)


class BuiltIn(Value):
    """Threads of this process: good for models that take milliseconds, too slow to find out what a server can do."""

    name: str = "built-in client"

    def load(self, shot: Shot, clients: int, seconds: float) -> Measured:
        """See `Generator`."""
        return threads.load(shot.address, "POST", shot.path, shot.body, clients, seconds, shot.timeout)

    def ceiling(self, shot: Shot, clients: int) -> float | None:
        """Answers a second that this client gets where no model has to be called; None where that can't be told."""
        try:
            return threads.load(shot.address, "GET", "/live", None, clients, 0.5, shot.timeout).rate
        except ModelwrapError:
            return None


GENERATORS: Mapping[str, Generator] = {"wrk": Wrk(), "h2load": H2Load(), "threads": BuiltIn()}


def choose(wanted: str | None) -> Generator:
    """The generator of a name, or the best that is installed.

    Raises:
        ModelwrapError: It is not installed.
    """
    if wanted is None:
        return next(GENERATORS[tool] for tool in GENERATORS if tool == "threads" or shutil.which(tool))
    if wanted != "threads" and not shutil.which(wanted):
        raise ModelwrapError(f"{wanted} is not installed\n--client threads takes the client that modelwrap brings")
    return GENERATORS[wanted]


def _whole(seconds: float) -> int:
    """These programs take whole seconds only."""
    return max(1, round(seconds))


def _run(tool: str, *words: str) -> str:
    result = subprocess.run([tool, *words], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise ModelwrapError(f"{tool} failed\n{(result.stdout + result.stderr).strip()}")
    return result.stdout
