"""One cell of the matrix: a wrapped iris folder through one builder, until both doors answer as the model does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.builders import Build, Builder
from e2e.container import answers_as_the_iris_model_does, running_container
from e2e.engine import Engine
from e2e.matrix import Matrix
from rig.wrapped import wrap

__all__ = ["Proof", "Proven"]

REPOSITORY = "registry.example/iris"


@dataclass(frozen=True, slots=True)
class Proven:
    """An image that did what it should.

    Attributes:
        engine: Has it.
        image: Its name.
        build: How it was built.
    """

    engine: Engine
    image: str
    build: Build


def _by_the_command(model_folder: Path, repository: str, out: Path) -> Path:
    return wrap(model_folder, repository, "--out-folder", str(out))


@dataclass(frozen=True, slots=True)
class Proof:
    """Fills cells of the matrix.

    Attributes:
        builders: Gives a builder by its name.
        matrix: Where times and sizes go.
        out: A folder for what is wrapped.
    """

    builders: Callable[[str], Builder]
    matrix: Matrix
    out: Path

    @contextmanager
    def __call__(
        self,
        case: str,
        builder: str,
        model_folder: Path,
        *options: str,
        settings: Mapping[str, str] | None = None,
        wrapped_by: Callable[[Path, str, Path], Path] = _by_the_command,
    ) -> Iterator[Proven]:
        """Wraps, builds without any cache, runs and compares; the image is there for the length of the block.

        Args:
            case: Where the packages come from, as the matrix calls it.
            builder: The name of the tool.
            model_folder: What is wrapped.
            options: Passed on to the builder.
            settings: What pip is told.
            wrapped_by: Wraps a model folder for a repository into an output folder, and returns that.
        """
        tool = self.builders(builder)
        image = f"{REPOSITORY}/irisclassifier:0.1"
        wrapped = wrapped_by(model_folder, REPOSITORY, self.out / "wrapped")
        build = tool.build(wrapped, "--no-cache", *options, settings=settings)
        assert build.status == 0, build.output[-6000:]
        try:
            with running_container(tool.engine, image) as served:
                answers_as_the_iris_model_does(served, model_folder)
            self.matrix.record(case, tool.name, build.seconds, tool.size(image))
            yield Proven(tool.engine, image, build)
        finally:
            tool.engine.run("rmi", "--force", image)
