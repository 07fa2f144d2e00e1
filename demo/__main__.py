"""`make demo`: train a model, wrap its folder, serve it without Docker, call it by both doors, and compare."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np

from demo.story import Story, paint
from rig import iris, seldon, wrapped
from rig.processes import NotReadyError, stop

REPOSITORY = "registry.example/ann"


def main() -> int:
    """Tells the story; returns 0 when every promise was kept."""
    story = Story()
    with tempfile.TemporaryDirectory(prefix="modelwrap-demo-") as name:
        try:
            tell(story, Path(name))
        except (AssertionError, NotReadyError, OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"\n{paint('31', 'demo failed:')} {error}{_what_it_wrote(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    story.close("The wrapped folder answers as the model does, by both doors.")
    return 0


def tell(story: Story, folder: Path) -> None:
    """Goes from a model folder to answers over REST and gRPC, in `folder`."""
    with story.step("train") as line:
        model_folder, line.text = iris.train_copy(folder)
    with story.step("wrap") as line:
        build = wrapped.wrap(model_folder, REPOSITORY)
        files = sum(path.is_file() for path in build.rglob("*"))
        line.text = f"modelwrap {model_folder.name} {iris.CLASS} 0.1 {REPOSITORY}: {files} files in {build.name}/"
    with story.step("install") as line:
        python = wrapped.make_environment(
            folder / "environment", build / wrapped.MODEL_REQUIREMENTS, build / wrapped.RUNTIME_REQUIREMENTS
        )
        line.text = f"an environment of its own: {_count_packages(python)} packages for the model and the runtime"
    _serve_and_compare(story, folder, python, build)


def _serve_and_compare(story: Story, folder: Path, python: Path, build: Path) -> None:
    rows = iris.flowers()
    expected = iris.model_called_directly(build / "model").predict(rows, [])
    with contextlib.ExitStack() as stack:
        with story.step("serve") as line:
            server = stack.enter_context(wrapped.serving(python, build, log=folder / "server.log"))
            line.text = f"ready: REST on {server.http}, gRPC on {server.grpc}, metrics on {server.metrics}"
        with story.step("REST") as line:
            line.text = _compare("POST /predict", *seldon.predict_by_rest(server.http, rows), expected)
        with story.step("gRPC") as line:
            line.text = _compare(seldon.PREDICT[1:], *seldon.predict_by_grpc(server.grpc, rows), expected)
        with story.step("answer") as line:
            line.text = _one_flower(server.http)
        with story.step("stop") as line:
            status = stop(server.process)
            line.text = f"SIGTERM: exit status {status}"
            assert status == 0, "the server did not end well"


def _compare(call: str, answer: seldon.Matrix, names: list[str], expected: seldon.Matrix) -> str:
    assert names == iris.SPECIES, f"{call} named its columns {names}"
    assert np.array_equal(answer, expected), f"{call} differs from the model called directly"
    return f"{call}: {len(answer)} flowers, each number equal to the model called directly"


def _one_flower(port: int) -> str:
    body = {"data": {"ndarray": [[5.1, 3.5, 1.4, 0.2]]}}
    answer = seldon.post(f"http://127.0.0.1:{port}/predict", body)
    return f"{json.dumps(body)}\n→ {json.dumps(answer)}"


def _count_packages(python: Path) -> int:
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    return sum(1 for _ in metadata.distributions(path=[str(site)]))


def _what_it_wrote(error: BaseException) -> str:
    written = getattr(error, "stderr", None) or ""
    return f"\n{written}" if written else ""


if __name__ == "__main__":
    sys.exit(main())
