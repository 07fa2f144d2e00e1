"""A registry of images on loopback, with its files in a folder of the test's."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from rig.processes import answers, free_port, running
from serving import PATIENCE

_CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


@contextlib.contextmanager
def registry_for_tests(folder: Path) -> Iterator[str]:
    """Yields the address, host and port, of a registry that lives as long as the block.

    Raises:
        RuntimeError: There is no registry program here, or it does not start.
    """
    program = shutil.which("docker-registry")
    if program is None:
        raise RuntimeError("no docker-registry on this machine: apt-get install docker-registry")
    address = f"127.0.0.1:{free_port()}"
    configuration = folder / "registry.yml"
    configuration.write_text(_CONFIGURATION.format(folder=folder, address=address))

    def ready() -> bool:
        return answers(f"http://{address}/v2/")

    with running([program, "serve", str(configuration)], ready=ready, seconds=PATIENCE, log=folder / "registry.log"):
        yield address
