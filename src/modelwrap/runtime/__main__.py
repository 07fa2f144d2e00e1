"""The entrypoint of an image, and of `modelwrap-runtime`: the supervisor, or a worker that it starts.

Everything is imported late: the supervisor never loads what only a worker needs.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from modelwrap.errors import SettingsError
from modelwrap.runtime import settings
from modelwrap.runtime.exits import Exit
from modelwrap.runtime.logs import Notices, configure
from modelwrap.runtime.settings import Settings, WrongUsage, arguments
from modelwrap.runtime.settings.arguments import PROGRAM, Arguments

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> None:
    """Run until stopped, and exit with the status that `--help` tells.

    Args:
        words: The command line after the program's name; by default this process's own.
    """
    words = sys.argv[1:] if words is None else words
    given = arguments.parse(words)
    try:
        sys.exit(_run(given, words))
    except WrongUsage as error:
        arguments.refuse(error.message)
    except SettingsError as error:
        print(f"{PROGRAM}: error: {error.message}", file=sys.stderr)  # noqa: T201 - the settings of logs may be at fault
        sys.exit(Exit.REFUSED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception:  # noqa: BLE001 - whatever is left is a defect of ours
        print(_defect(), file=sys.stderr)  # noqa: T201
        sys.exit(Exit.DEFECT)


def _run(given: Arguments, words: Sequence[str]) -> int:
    known = settings.read(given.flags)
    if given.worker is not None:
        from modelwrap.runtime.worker import work  # noqa: PLC0415 - loads NumPy and the engine

        return work(known, given.worker)
    return _supervise(known, words)


def _supervise(known: Settings, words: Sequence[str]) -> int:
    from modelwrap.runtime.supervision.supervisor import supervise  # noqa: PLC0415

    configure(known.logging.level, as_json=known.logging.json)
    try:
        return supervise(known, words)
    except SettingsError as error:
        Notices().fail(error.message)
        return Exit.REFUSED


def _defect() -> str:
    return (
        f"{PROGRAM}: this is a defect of modelwrap, not of your model: please report it with these lines\n"
        f"{traceback.format_exc()}"
    )


if __name__ == "__main__":
    main()
