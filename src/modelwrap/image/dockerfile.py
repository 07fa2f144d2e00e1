"""The Dockerfile of a plan, as readable text that every builder takes.

Two stages: pip installs in the first, so that compilers, caches and whatever pip was told stay out of the image. No
instruction needs BuildKit. What changes seldom comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import dirname

from modelwrap import __version__
from modelwrap.contract import ENTRYPOINT_MODULE, ENVIRONMENT_DIR, IMAGE_USER, MODEL_DIR, RUNTIME_DIR
from modelwrap.image.config import PORTS, START, USER_ENVIRONMENT
from modelwrap.image.plan import ImagePlan
from modelwrap.image.text import dockerfile_quote, json_array

__all__ = ["ARCHIVE_FOLDER", "MODEL_FOLDER", "REQUIREMENTS", "RUNTIME_FOLDER", "write_dockerfile"]

#: Names of the generated folder.
MODEL_FOLDER = "model"
ARCHIVE_FOLDER = "packages"
RUNTIME_FOLDER = "runtime"
REQUIREMENTS = "modelwrap-requirements.txt"

#: What the server loads in its two kinds of process.
SERVER_MODULES = (f"{ENTRYPOINT_MODULE}.supervision.supervisor", f"{ENTRYPOINT_MODULE}.worker")
_PYTHON = f"{ENVIRONMENT_DIR}/bin/python"
#: -B: what compileall itself imports is not left compiled in the base's folders, 130 kB with every edit of the code.
_COMPILE = "-B -m compileall -q --invalidation-mode checked-hash"


def write_dockerfile(plan: ImagePlan) -> str:
    """The text of the Dockerfile."""
    blocks = (_head(plan), _packages(plan), _runtime(), _image(plan), _description(plan), _start())
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(plan: ImagePlan) -> Iterator[str]:
    yield f"# {plan.project.model.name} ({plan.project.role}) as {plan.reference}"
    yield f"# Written by modelwrap {__version__}; ./build_image.sh builds it."


def _packages(plan: ImagePlan) -> Iterator[str]:
    yield "# What pip installs, in a stage of its own: nothing that only installing needs reaches the image."
    yield f"FROM {plan.base_image} AS packages"
    yield "USER 0:0"
    yield from _check_python(plan.base_image)
    if plan.build_packages:
        yield from _apt_install(plan.build_packages)
    yield f"RUN python3 -m venv --system-site-packages --without-pip {ENVIRONMENT_DIR}"
    yield "ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1"
    yield f"WORKDIR {MODEL_DIR}"
    yield from _copy_requirements(plan)
    yield "# One resolution for the model and the runtime: a conflict ends the build and names both lines."
    yield f"RUN {_PYTHON} -m pip install {' '.join(_install_arguments(plan))}"


def _check_python(base_image: str) -> Iterator[str]:
    yield 'RUN python3 -c "import pip, sys; sys.exit(sys.version_info < (3, 11))" || \\'
    yield f'    {{ echo "{base_image} brings $(python3 --version 2>&1); modelwrap needs 3.11 or newer, with pip:" \\'
    yield '    "choose another --base-image" >&2; exit 1; }'


def _apt_install(packages: Iterable[str]) -> Iterator[str]:
    yield "RUN apt-get update && \\"
    yield f"    apt-get install -y --no-install-recommends {' '.join(packages)} && \\"
    yield "    rm -rf /var/lib/apt/lists/*"


def _copy_requirements(plan: ImagePlan) -> Iterator[str]:
    for path in plan.requirements.files:
        yield _copy(path, f"{dirname(path)}/" if dirname(path) else "./")
    directories = set(plan.project.folder.directories)
    for path in plan.requirements.local:
        if path in plan.archives:
            continue
        if path == ".":
            yield _copy("", "./")
        elif path in directories:
            yield _copy(f"{path}/", f"{path}/")
        else:
            yield _copy(path, f"{dirname(path)}/" if dirname(path) else "./")
    if plan.archives:
        yield f"COPY {ARCHIVE_FOLDER}/ ./"
    yield f"COPY {REQUIREMENTS} /opt/"


def _copy(source: str, target: str) -> str:
    """COPY of a path of the model folder; quoted only where it must be."""
    source = f"{MODEL_FOLDER}/{source}"
    if any(character in f"{source}{target}" for character in " \t\"'\\$[*?"):
        escaped = "".join(f"\\{c}" if c in "\\[*?$" else c for c in source)
        return f"COPY {json_array(escaped, target)}"
    return f"COPY {source} {target}"


def _install_arguments(plan: ImagePlan) -> Iterator[str]:
    if plan.requirements.files:
        yield f"-r {plan.requirements.files[0]}"
    # pip, told to check hashes, takes no requirement without one, but a constraint may still set the floor.
    yield f"-{'c' if plan.requirements.is_hashed else 'r'} /opt/{REQUIREMENTS}"


def _runtime() -> Iterator[str]:
    yield "# The server. A .pth file makes it importable whatever PYTHONPATH says."
    yield f"COPY {RUNTIME_FOLDER}/ {RUNTIME_DIR}/"
    yield f"RUN {_PYTHON} {_COMPILE} {RUNTIME_DIR} && \\"
    yield f'    {_PYTHON} -c "import sysconfig; \\'
    yield f"    open(sysconfig.get_path('purelib') + '/modelwrap.pth', 'w').write('{RUNTIME_DIR}')\""


def _image(plan: ImagePlan) -> Iterator[str]:
    yield "# The image."
    yield f"FROM {plan.base_image}"
    yield "USER 0:0"
    if plan.run_packages:
        yield from _apt_install(plan.run_packages)
    yield f"COPY --from=packages {ENVIRONMENT_DIR}/ {ENVIRONMENT_DIR}/"
    yield f"COPY --from=packages {RUNTIME_DIR}/ {RUNTIME_DIR}/"
    yield f"ENV PATH={ENVIRONMENT_DIR}/bin:$PATH"
    yield "# Tries the server's imports, and leaves the compiled standard library that slim bases lack: 1.2 s a start."
    yield f"RUN python -P -c 'import {', '.join(SERVER_MODULES)}'"
    yield f"WORKDIR {MODEL_DIR}"
    yield f"COPY {MODEL_FOLDER}/ ./"
    yield "# A file that does not compile may never be imported, so it does not end the build."
    yield f"RUN python {_COMPILE} . || true"


def _description(plan: ImagePlan) -> Iterator[str]:
    yield _pairs("ENV", plan.environment)
    yield _pairs("LABEL", {**plan.labels, **plan.oci_labels})


def _pairs(instruction: str, values: dict[str, str]) -> str:
    lines = (f"{key}={dockerfile_quote(value)}" for key, value in values.items())
    return f"{instruction} " + " \\\n    ".join(lines)


def _start() -> Iterator[str]:
    yield "# Any user in group 0 may run it; there may be no line for that user in /etc/passwd."
    yield f"ENV {' '.join(f'{name}={value}' for name, value in USER_ENVIRONMENT.items())}"
    yield f"EXPOSE {' '.join(map(str, PORTS))}"
    yield f"USER {IMAGE_USER}"
    yield f"ENTRYPOINT {json_array(*START)}"
    yield "CMD []"
