"""The load generators: wrk for REST, h2load for gRPC, each on a core of its own, each with one thread.

A run with any bad answer is no measurement: it raises.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.machine import CLIENT_CORE, pinned

#: What each tool is in, for the message that it is missing.
PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client", "nginx": "nginx-light", "taskset": "util-linux"}
#: Seconds that one answer may take.
_PATIENCE = 20
_JSON = {"Content-Type": "application/json"}
_SCRIPT = """\
local file = io.open({body}, "rb")
wrk.body = file:read("*a")
file:close()
wrk.method = "POST"
{headers}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("measured %d %d %.1f %.1f %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


class LoadFailedError(Exception):
    """Not every answer was good, or the tool failed; the message holds what it wrote."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many ask at once.

    Attributes:
        connections: Connections.
        streams: Calls at once on each; 1 on HTTP/1.1.
    """

    connections: int
    streams: int = 1

    def __str__(self) -> str:
        return str(self.connections) if self.streams == 1 else f"{self.connections}x{self.streams}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load generator saw.

    Attributes:
        requests: Good answers.
        seconds: How long it asked.
        p50: The median latency, in milliseconds.
        p99: The latency that one of a hundred exceeds, in milliseconds.
    """

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.requests / self.seconds


def missing(*tools: str) -> list[str]:
    """What to say of the tools that are not installed."""
    return [f"no {tool} here (apt-get install {PACKAGES[tool]})" for tool in tools if not shutil.which(tool)]


def load_rest(
    url: str, body: bytes, load: Load, seconds: int, headers: Mapping[str, str] = MappingProxyType(_JSON)
) -> Measured:
    """Posts a body again and again over HTTP/1.1 with connections kept.

    Args:
        url: Where to.
        body: The body.
        load: By how many at once.
        seconds: How long.
        headers: The request's headers, beside its length.

    Raises:
        LoadFailedError: An answer was not 2xx, a connection broke, or wrk failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        payload, script = Path(folder, "body"), Path(folder, "post.lua")
        payload.write_bytes(body)
        lines = "\n".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        script.write_text(_SCRIPT.format(body=json.dumps(str(payload)), headers=lines), encoding="utf-8")
        words = [f"-c{load.connections}", f"-d{seconds}s", f"--timeout={_PATIENCE}s", "-s", str(script), url]
        return read_wrk(_run("wrk", "-t1", *words))


def read_wrk(output: str) -> Measured:
    """What wrk measured, by the line that our script makes it write.

    Raises:
        LoadFailedError: The line is missing, or counts an error.
    """
    found = re.search(r"^measured (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+) (\d+)$", output, re.MULTILINE)
    if found is None or int(found[1]) == 0 or (int(found[5]), int(found[6])) != (0, 0):
        raise LoadFailedError(f"wrk: not every answer was good\n{output}")
    return Measured(int(found[1]), int(found[2]) / 1e6, float(found[3]) / 1e3, float(found[4]) / 1e3)


def load_grpc(url: str, message: bytes, answer: int, load: Load, seconds: int) -> Measured:
    """Sends one unary call again and again over HTTP/2.

    Args:
        url: The method's URL.
        message: The request, without its frame.
        answer: The length of a good answer, without its frame; 0 if that is not known. h2load reads no trailers, where
            gRPC puts its status; but an answer with an error brings no message, so its length tells.
        load: How many calls at once.
        seconds: How long.

    Raises:
        LoadFailedError: A call failed, or answers were shorter than the good one.
    """
    with tempfile.TemporaryDirectory() as folder:
        frame, log = Path(folder, "frame"), Path(folder, "log")
        frame.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        words = [f"-c{load.connections}", f"-m{load.streams}", "-D", str(seconds), "-d", str(frame)]
        headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        output = _run("h2load", "-t1", *words, f"--log-file={log}", *headers, url)
        return read_h2load(output, log.read_text(encoding="ascii"), answer, seconds)


def read_h2load(output: str, log: str, answer: int, seconds: int) -> Measured:
    """What h2load measured, by its summary and its log of each call: start, status and microseconds.

    Raises:
        LoadFailedError: See `load_grpc`.
    """
    done = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    data = re.search(r"\((\d+)\) data", output)
    if done is None or data is None or int(done[1]) == 0 or any(int(done[place]) for place in (2, 3, 4)):
        raise LoadFailedError(f"h2load: not every answer was good\n{output}")
    requests = int(done[1])
    if answer and int(data[1]) < requests * (answer + 5) * 0.99:
        raise LoadFailedError(f"h2load: answers were shorter than the {answer} bytes of a good one\n{output}")
    calls = [line.split("\t") for line in log.splitlines()]
    if any(call[1] != "200" for call in calls):
        raise LoadFailedError("h2load: not every answer had status 200")
    times = sorted(int(call[2]) for call in calls)
    return Measured(requests, seconds, _percentile(times, 50), _percentile(times, 99))


def _percentile(times: list[int], percent: int) -> float:
    """The time that so many of a hundred do not exceed, from microseconds to milliseconds."""
    return times[min(len(times) - 1, len(times) * percent // 100)] / 1e3


def _run(tool: str, *words: str) -> str:
    result = subprocess.run([*pinned(CLIENT_CORE), tool, *words], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise LoadFailedError(f"{tool} failed\n{result.stdout}{result.stderr}")
    return result.stdout
