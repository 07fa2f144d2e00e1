"""Every input that `modelwrap wrap` refuses, one case each: how a user brings it about, and how it must end.

The messages themselves stand in the reference of the command line; a test renders that table from these cases.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.command_line import Outcome, modelwrap, write

GUIDE = ("model", "MnistClassifier", "0.1", "seldonio")
CLASS = "class MnistClassifier:\n    def predict(self, X, names):\n        return X\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 1234\n"

Preparation = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class BadInput:
    """One input that is refused.

    Attributes:
        title: What is wrong, as the reference lists it.
        words: The command line.
        prepare: Brings the bad input about, in a folder where `model` would wrap well.
        status: The exit status.
        powerless: Whether root must be kept from reading and writing whatever it likes.
    """

    title: str
    words: Sequence[str] = GUIDE
    prepare: Preparation = lambda place: None
    status: int = 1
    powerless: bool = False


def files(**contents: str) -> Preparation:
    """Writes files into the model folder; a name's double underscore is a dot."""
    return lambda place: write(place / "model", {name.replace("__", "."): text for name, text in contents.items()})


def requirements(line: str) -> Preparation:
    return lambda place: write(place / "model", {"requirements.txt": f"numpy\n{line}\n"})


def link(name: str, target: str) -> Preparation:
    return lambda place: (place / "model" / name).symlink_to(target)


def _socket(place: Path) -> None:
    # A socket's path is short, so it is bound from within its folder.
    before = Path.cwd()
    os.chdir(place / "model")
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("live.sock")
    finally:
        os.chdir(before)


def _earlier_build(place: Path) -> None:
    assert modelwrap(*GUIDE, cwd=place).status == 0


def _unreadable(place: Path) -> None:
    write(place / "model", {"weights.bin": "1"})
    (place / "model/weights.bin").chmod(0)


def _closed_folder(place: Path) -> None:
    (place / "closed").mkdir(mode=0o555)


def _without_class_file(place: Path) -> None:
    (place / "model/MnistClassifier.py").rename(place / "model/classifier.py")


CASES: dict[str, list[BadInput]] = {
    "The model folder": [
        BadInput("is not there", ["nowhere", *GUIDE[1:]]),
        BadInput("is a file", ["model/MnistClassifier.py", *GUIDE[1:]]),
        BadInput("is one that modelwrap wrote", ["model/build", *GUIDE[1:]], _earlier_build),
        BadInput("holds a link out of it", prepare=link("hosts", "/etc/hosts")),
        BadInput("holds a link to nothing", prepare=link("weights.bin", "gone.bin")),
        BadInput(
            "holds a link to what is left out",
            prepare=lambda place: (write(place / "model", {".git/w": "1"}), link("weights.bin", ".git/w")(place)),
        ),
        BadInput("holds a Git LFS pointer", prepare=files(weights__bin=POINTER)),
        BadInput("holds a socket", prepare=_socket),
        BadInput("holds a named pipe", prepare=lambda place: os.mkfifo(place / "model/pipe")),
        BadInput("holds a file that can't be read", prepare=_unreadable, powerless=True),
        BadInput("has a module named as an installed one", prepare=files(numpy__py="")),
        BadInput(
            "has a package named modelwrap", prepare=lambda place: write(place / "model", {"modelwrap/__init__.py": ""})
        ),
        BadInput("rules its class file out", prepare=files(__dockerignore="*\n!requirements.txt\n")),
    ],
    "The class": [
        BadInput("file is missing", ["model", "MnistClasifier", "0.1", "seldonio"]),
        BadInput("is in a file of another name", prepare=_without_class_file),
        BadInput("is not in its file", prepare=files(MnistClassifier__py=CLASS.replace("Mnist", "Digit"))),
        BadInput("does not parse", prepare=files(MnistClassifier__py="class MnistClassifier:\n    def predict(\n")),
        BadInput("is Python 2", prepare=files(MnistClassifier__py="print 'loading'\n" + CLASS)),
        BadInput(
            "has not the method of a MODEL", prepare=files(MnistClassifier__py=CLASS.replace("predict", "predct"))
        ),
        BadInput("has not the method of its service type", [*GUIDE, "--service-type", "ROUTER"]),
        BadInput("name is no name", ["model", "Mnist-Classifier", "0.1", "seldonio"]),
        BadInput("name is a file name", ["model", "MnistClassifier.py", "0.1", "seldonio"]),
        BadInput(
            "name is a module of Python",
            ["model", "types", "0.1", "seldonio"],
            files(types__py="class types:\n    def predict(self, X): ...\n"),
        ),
    ],
    "The image": [
        BadInput("name is refused by builders", [*GUIDE, "--image-name", "MNIST Classifier"]),
        BadInput("name from the model name is refused", ["model", "_Model", "0.1", "seldonio"]),
        BadInput("version is refused by builders", ["model", "MnistClassifier", "1.0+gpu", "seldonio"]),
        BadInput("repository has upper case", ["model", "MnistClassifier", "0.1", "SeldonIO"]),
        BadInput("repository has a scheme", ["model", "MnistClassifier", "0.1", "https://registry.example/team/"]),
        BadInput("repository is empty", ["model", "MnistClassifier", "0.1", ""]),
        BadInput("base is Python 2", [*GUIDE, "--base-image", "python:2"]),
        BadInput("base is no image name", [*GUIDE, "--base-image", "python 3.12"]),
    ],
    "requirements.txt": [
        BadInput("includes a file that is not there", prepare=requirements("-r base.txt")),
        BadInput("names a file that is not there", prepare=requirements("./wheels/x-1.0-py3-none-any.whl")),
        BadInput("names a file outside the folder", prepare=requirements("../x-1.0-py3-none-any.whl")),
        BadInput("names a file of this machine", prepare=requirements("/opt/wheels/x-1.0-py3-none-any.whl")),
        BadInput("has a file URL", prepare=requirements("certifi @ file:///tmp/build/certifi_1/work")),
        BadInput("is a list of conda's", prepare=requirements("scipy=1.11.4=py311h64a7726_0")),
        BadInput("has a password", prepare=requirements("--index-url https://me:secret@index.example/simple")),
        BadInput("needs SSH", prepare=requirements("git+ssh://git@git.example/team/x.git")),
        BadInput("needs Mercurial", prepare=requirements("hg+https://hg.example/x")),
        BadInput("pins hashes without the runtime's", prepare=requirements(f"scipy==1.11.4 --hash=sha256:{'0' * 64}")),
        BadInput("pins what the server can't use", prepare=requirements("numpy==1.24.3")),
        BadInput("pins what no Python of today can run", prepare=requirements("keras==2.0.6")),
        BadInput("names modelwrap", prepare=requirements("modelwrap==0.1")),
        BadInput("has an option pip refuses there", prepare=requirements("--target /opt")),
        BadInput("has a line pip can't read", prepare=requirements("import numpy")),
        BadInput(
            "is no text", prepare=lambda place: write(place / "model", {"requirements.txt": b"numpy\n\xff\xfa\x00\n"})
        ),
    ],
    "apt.txt": [BadInput("has a line that is no package", prepare=files(apt__txt="libgomp1\nlibgl1; rm -rf /\n"))],
    "The output folder": [
        BadInput("exists", prepare=_earlier_build),
        BadInput(
            "exists and is not modelwrap's",
            [*GUIDE, "--out-folder", "mine", "--force"],
            lambda place: write(place / "mine", {"thesis.txt": "1"}),
        ),
        BadInput("is a file", [*GUIDE, "--out-folder", "mine", "-f"], lambda place: write(place, {"mine": "1"})),
        BadInput("is the model folder", [*GUIDE, "--out-folder", "model", "--force"]),
        BadInput("holds the model folder", [*GUIDE, "--out-folder", ".", "--force"]),
        BadInput("can't be written", [*GUIDE, "--out-folder", "closed/out"], _closed_folder, powerless=True),
    ],
    "The command line": [
        BadInput("lacks all but the folder", ["model"], status=2),
        BadInput("lacks words", ["model", "MnistClassifier"], status=2),
        BadInput("has a word too many", [*GUIDE, "latest"], status=2),
        BadInput("has an unknown option", [*GUIDE, "--persistance"], status=2),
        BadInput("has an option without its value", [*GUIDE, "--out-folder"], status=2),
        BadInput("has a word behind an option that takes none", ["serve", "model", "--inline", "maybe"], status=2),
        BadInput("has an unknown service type", [*GUIDE, "--service-type", "MODLE"], status=2),
        BadInput("has an unknown command", ["srve", "model"], status=2),
        BadInput("begins with no command and no folder", ["frobnicate", "model"], status=2),
    ],
}


def prepare(case: BadInput, place: Path) -> None:
    """Brings the bad input about in an empty folder, beside a model that would wrap well."""
    write(place / "model", {"MnistClassifier.py": CLASS, "requirements.txt": "numpy\n"})
    case.prepare(place)


def row(case: BadInput, outcome: Outcome, place: Path) -> str:
    """The case as a row of the reference's table: its message on one line, without the place where the test ran."""
    message = outcome.error.removeprefix("error: ").strip().replace(f"{place.resolve()}/", "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    message = message.replace(str(place.resolve()), ".").replace(f"Python {version}", "Python 3.X")
    lines = " / ".join(" ".join(line.split()) for line in message.splitlines())
    return f"| {case.title} | `` {lines} `` | {outcome.status} |".replace("0" * 64, "…")
