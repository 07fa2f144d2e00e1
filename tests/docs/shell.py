"""A reader's terminal: one shell for a whole page, in a folder of its own, on ports that are free.

`modelwrap serve` is what a reader leaves running and types on in a second terminal. It writes to a terminal here too,
ends by Ctrl-C before the next one starts, and must end well.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cli.command_line import write
from rig.processes import free_port
from serving import PATIENCE

_SERVES = re.compile(r"^([A-Z_]+=\S+ )*modelwrap serve\b")
_PORT = re.compile(r"(?<=localhost:)\d+|(?<=-port[ =])\d+")
_PORT_VARIABLES = {"MODELWRAP_HTTP_PORT": "9000", "MODELWRAP_GRPC_PORT": "5000", "MODELWRAP_METRICS_PORT": "6000"}


def serves(command: str) -> bool:
    """Whether a command goes on until it is told to stop."""
    return bool(_SERVES.match(command))


class Shell:
    """A shell that runs what is typed and says what was printed.

    The ports that a page names are changed to free ones in what is typed, and back in what is printed.

    Args:
        folder: Where it starts.
        index: A folder of wheels, which is all that can be installed.
    """

    def __init__(self, folder: Path, index: Path) -> None:
        self._folder = folder
        self._ports: dict[str, str] = {}
        self._server: _Server | None = None
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**_environment(folder, index), **{name: self._port(at) for name, at in _PORT_VARIABLES.items()}},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        # With job control a server is a group of its own, which Ctrl-C reaches; none outlives a killed test.
        self._say("set -m; trap 'for job in $(jobs -p); do kill -- -$job; done 2>/dev/null' EXIT")

    def run(self, command: str) -> tuple[int, str]:
        """The exit status of a command and what it printed; a server's status is 0 once it serves."""
        typed = _PORT.sub(lambda match: self._port(match[0]), command)
        if serves(command):
            self.stop_server()
            self._server = _Server(self, typed)
            return self._server.wait_until_it_serves(), self._as_the_page_has_it(self._server.printed)
        output = self._folder.with_name("printed.txt")
        status = self.ask(f"{{ {typed}\n}} >{output} 2>&1 </dev/null", "$?")
        if self._server is not None:
            self._server.listen()
        return int(status), self._as_the_page_has_it(output.read_text(encoding="utf-8"))

    def stop_server(self) -> None:
        """Press Ctrl-C where a server runs."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def ask(self, command: str, value: str) -> str:
        """Run something and return what the shell then makes of a value."""
        self._say(f'{command}\nprintf "%s\\n" "answer:{value}"')
        assert self._bash.stdout is not None
        ready, _, _ = select.select([self._bash.stdout], [], [], PATIENCE)
        line = self._bash.stdout.readline() if ready else ""
        assert line.startswith("answer:"), f"not within {PATIENCE:g} s: {command}"
        return line.removeprefix("answer:").strip()

    def close(self) -> None:
        """End the shell and whatever it left running."""
        try:
            self.stop_server()
        finally:
            assert self._bash.stdin is not None
            self._bash.stdin.close()
            self._bash.wait(PATIENCE)
            assert self._bash.stdout is not None
            self._bash.stdout.close()

    def _say(self, text: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{text}\n")

    def _port(self, named: str) -> str:
        if named not in self._ports:
            self._ports[named] = str(free_port())
        return self._ports[named]

    def _as_the_page_has_it(self, text: str) -> str:
        for named, used in self._ports.items():
            text = re.sub(rf"\b{used}\b", named, text)
        return text


class _Server:
    """A server in the background of a shell, with a terminal of its own to write to."""

    def __init__(self, shell: Shell, command: str) -> None:
        self._shell = shell
        self._terminal, inner = os.openpty()
        self.printed = ""
        self._pid = int(shell.ask(f"{{ {command}\n}} >{os.ttyname(inner)} 2>&1 </dev/null &", "$!"))
        self._inner = inner

    def wait_until_it_serves(self) -> int:
        """0 once it has shown a request to begin with; 1 where it ended before."""
        end = time.monotonic() + PATIENCE
        while not re.search(r"^try .*\n", self.printed, re.MULTILINE):
            if self._shell.ask("", f"$(kill -0 {self._pid} 2>/dev/null || echo gone)") == "gone":
                return 1
            assert time.monotonic() < end, f"it does not serve: {self.printed}"
            self.listen(0.05)
        return 0

    def listen(self, seconds: float = 0.0) -> None:
        """Take what it has written."""
        while select.select([self._terminal], [], [], seconds)[0]:
            self.printed += os.read(self._terminal, 65_536).decode(errors="replace").replace("\r\n", "\n")
            seconds = 0.0

    def stop(self) -> None:
        """Press Ctrl-C and wait for a good end."""
        os.killpg(self._pid, signal.SIGINT)
        status = self._shell.ask(f"wait {self._pid}", "$?")
        self.listen()
        os.close(self._inner)
        os.close(self._terminal)
        assert status == "0", f"the server ended with status {status}: {self.printed}"


def _environment(folder: Path, index: Path) -> dict[str, str]:
    """As after `. .venv/bin/activate`, without a network and without colours; curl fails where it is refused."""
    home = folder.with_name("curl")
    write(home, {".curlrc": "fail-with-body\n"})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    wheels = {"PIP_FIND_LINKS": str(index), "UV_FIND_LINKS": str(index)} if index.exists() else {}
    offline = {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    return {**os.environ, **wheels, **offline, "PATH": path, "NO_COLOR": "1", "CURL_HOME": str(home)}


@contextlib.contextmanager
def shell_in(folder: Path, index: Path) -> Iterator[Shell]:
    """A shell for the length of a block."""
    shell = Shell(folder, index)
    try:
        yield shell
    finally:
        shell.close()
