"""A running container of a model's image, locked down as clusters do it, and what it must answer."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from e2e.engine import Engine
from rig import iris, seldon
from rig.processes import answers, free_port, wait_until
from serving import PATIENCE

__all__ = ["Container", "answers_as_the_iris_model_does", "running_container"]

#: As an operator starts it: any user in group 0, nothing to write to, no capability.
LOCKED_DOWN = ("--network=host", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")


class Container:
    """A started container, on ports of its own."""

    def __init__(self, engine: Engine, image: str) -> None:
        self.engine = engine
        self.http, self.grpc, self.metrics = free_port(), free_port(), free_port()
        ports = {"HTTP": self.http, "GRPC": self.grpc, "METRICS": self.metrics}
        given = [word for name, port in ports.items() for word in ("-e", f"PREDICTIVE_UNIT_{name}_SERVICE_PORT={port}")]
        user = f"{random.randrange(10_000, 2**31)}:0"
        options = (*engine.run_options, *LOCKED_DOWN, "--user", user, *given)
        self.id = engine.run("run", "--detach", *options, image)

    def state(self, field: str) -> str:
        """A field of its state, such as `Running` or `ExitCode`."""
        return self.engine.run("inspect", "--format", f"{{{{.State.{field}}}}}", self.id)

    def logs(self) -> str:
        """All that it wrote."""
        return self.engine.run("logs", self.id, with_errors=True)

    def stop(self) -> None:
        """Sends SIGTERM; a container that does not end by that is killed, and its exit code is 137."""
        self.engine.run("stop", "--time", str(round(PATIENCE)), self.id)


@contextlib.contextmanager
def running_container(engine: Engine, image: str, *, seconds: float = PATIENCE) -> Iterator[Container]:
    """Runs a container for the length of a block: ready when the block begins, gone when it ends.

    Raises:
        NotReadyError: It ended early or was not ready in time.
    """
    started = Container(engine, image)
    try:
        wait_until(
            lambda: answers(f"http://127.0.0.1:{started.http}/ready"),
            alive=lambda: started.state("Running") == "true",
            seconds=seconds,
            explain=started.logs,
        )
        yield started
    finally:
        engine.run("rm", "--force", started.id)


def answers_as_the_iris_model_does(served: Container, model_folder: Path) -> None:
    """Asserts that both doors answer each number as the class does, called directly in its folder."""
    rows = iris.flowers()
    expected = iris.model_called_directly(model_folder).predict(rows, [])
    for answer, names in (seldon.predict_by_rest(served.http, rows), seldon.predict_by_grpc(served.grpc, rows)):
        assert names == iris.SPECIES
        np.testing.assert_array_equal(answer, expected)
