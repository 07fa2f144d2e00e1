"""Requests per second of the iris example beside bare calls of its model: one row a request, ratios of one run.

REST is loaded with wrk, gRPC with h2load; a door whose tool is missing is named and left out. Each round measures the
bare call and then every door; the table shows medians over the rounds, so that a disturbance of one round does not
decide. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rig import iris, seldon, wrapped

FLOWER = iris.flowers()[:1]
#: Clients at once: enough to keep a worker busy, few enough for two cores.
CLIENTS = 32
BARE = "bare call of the model"
VARIANTS = {"mailbox": [], "--inline": ["--inline"]}


@dataclass(frozen=True, slots=True)
class Door:
    """One way to call the server, and the tool that loads it."""

    name: str
    tool: str
    package: str
    measure: Callable[[wrapped.Server, Path, float], float]


def main() -> int:
    """Prints the table; returns 1 when no door could be measured."""
    parser = argparse.ArgumentParser(description="Measure the iris example, served.")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured")
    options = parser.parse_args()
    doors = list(_present(DOORS))
    if not doors:
        return 1
    with tempfile.TemporaryDirectory(prefix="modelwrap-bench-") as name:
        folder = Path(name)
        build = wrapped.wrap(iris.train_copy(folder)[0], "registry.example/ann")
        with _servers(build, folder) as servers:
            _report([_round(doors, servers, build, folder, options.seconds) for _ in range(options.rounds)])
    return 0


@contextlib.contextmanager
def _servers(build: Path, folder: Path) -> Iterator[dict[str, wrapped.Server]]:
    """One server for each variant, all at once: those that nobody calls cost nothing."""
    with contextlib.ExitStack() as stack:
        yield {
            variant: stack.enter_context(
                wrapped.serving(Path(sys.executable), build, *options, log=folder / f"{number}.log")
            )
            for number, (variant, options) in enumerate(VARIANTS.items())
        }


def _round(
    doors: list[Door], servers: dict[str, wrapped.Server], build: Path, folder: Path, seconds: float
) -> dict[str, float]:
    """One measurement of each, per second, by name; the bare call comes first."""
    rates = {BARE: measure_bare_calls(build / "model", seconds)}
    for variant, server in servers.items():
        for door in doors:
            rates[f"{door.name}, {variant}"] = door.measure(server, folder, seconds)
    return rates


def measure_bare_calls(model_folder: Path, seconds: float) -> float:
    """Calls per second of the model in this process, one row each."""
    model = iris.model_called_directly(model_folder)
    calls, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        model.predict(FLOWER, [])
        calls += 1
    return calls / passed


def measure_rest(server: wrapped.Server, folder: Path, seconds: float) -> float:
    """Good answers per second to POST /predict over HTTP/1.1 with keep-alive."""
    body = json.dumps({"data": {"tensor": {"shape": list(FLOWER.shape), "values": FLOWER.ravel().tolist()}}})
    script = folder / "post.lua"
    script.write_text(
        f"wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n",
        encoding="utf-8",
    )
    url = f"http://127.0.0.1:{server.http}/predict"
    output = _run("wrk", "-t1", f"-c{CLIENTS}", f"-d{max(1, round(seconds))}s", "-s", str(script), url)
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"bench: not every answer was good\n{output}")
    return _number(r"Requests/sec:\s+([\d.]+)", output)


def measure_grpc(server: wrapped.Server, folder: Path, seconds: float) -> float:
    """Good answers per second to Model.Predict, many streams on one connection."""
    # h2load does not read trailers, where gRPC puts its status: one real client looks first.
    seldon.predict_by_grpc(server.grpc, FLOWER)
    message = seldon.encode_request(FLOWER)
    frame = folder / "frame.bin"
    frame.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    url = f"http://127.0.0.1:{server.grpc}{seldon.PREDICT}"
    length = ["-D", f"{max(1, round(seconds))}", "--warm-up-time=1"]
    output = _run("h2load", "-t1", "-c1", f"-m{CLIENTS}", *length, "-d", str(frame), *headers, url)
    if not re.search(r", 0 failed, 0 errored, 0 timeout", output):
        raise SystemExit(f"bench: not every answer was good\n{output}")
    return _number(r"finished in .*?, ([\d.]+) req/s", output)


DOORS = [
    Door("REST", "wrk", "wrk", measure_rest),
    Door("gRPC", "h2load", "nghttp2-client", measure_grpc),
]


def _present(doors: list[Door]) -> Iterator[Door]:
    for door in doors:
        if shutil.which(door.tool):
            yield door
        else:
            print(
                f"bench: {door.name} is left out: no {door.tool} here (apt-get install {door.package})", file=sys.stderr
            )


def _report(rounds: list[dict[str, float]]) -> None:
    for name in rounds[0]:
        rate = statistics.median(rates[name] for rates in rounds)
        ratio = statistics.median(rates[name] / rates[BARE] for rates in rounds)
        print(f"{name:32} {rate:9.0f} /s" + (f"  {ratio:5.2f} of the bare call" if name != BARE else ""))


def _run(*command: str) -> str:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed\n{result.stdout}{result.stderr}")
    return result.stdout


def _number(pattern: str, output: str) -> float:
    found = re.search(pattern, output)
    if found is None:
        raise SystemExit(f"bench: no figure in the output\n{output}")
    return float(found[1])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
