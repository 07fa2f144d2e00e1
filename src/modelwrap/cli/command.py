"""One command of the command line: its help on one screen, and long options that may be abbreviated."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from modelwrap.errors import ClassNotFound
from modelwrap.value import Value

__all__ = ["Bare", "Command"]

_DOUBTS = f"{__name__}.doubts"


class Bare(Value):
    """How an option is read whose value may be left out.

    Attributes:
        text: What it stands for alone.
        expected: What its value must be, as an error says it.
        takes: Whether the next word is its value.
    """

    text: str
    expected: str
    takes: Callable[[str], bool]


class Command(click.Command):
    """A click command whose help is grouped and ends in examples.

    Args:
        name: The verb.
        params: Its arguments and options.
        callback: What it does.
        about: What it does, in a sentence or two.
        groups: A title for each group of options; every option is in one.
        examples: Real command lines.
        bare: Options whose value may be left out.
    """

    def __init__(
        self,
        name: str,
        params: list[click.Parameter],
        callback: Callable[..., int],
        *,
        about: str,
        groups: Mapping[str, Sequence[str]],
        examples: Sequence[str],
        bare: Mapping[str, Bare] | None = None,
    ) -> None:
        context = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
        super().__init__(name, context_settings=context, params=params, callback=callback, help=about)
        self._groups = groups
        self._examples = examples
        self._bare = bare or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Completes abbreviated long options before click reads them, as the guide's tool did."""
        return super().parse_args(ctx, list(self._complete(args, ctx)))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what was taken for the model's name may have been meant as the value of a flag.

        Raises:
            click.UsageError: There is no such model, and the word stood behind a flag that it can't be the value of.
        """
        try:
            return super().invoke(ctx)
        except ClassNotFound as error:
            doubt = ctx.meta.get(_DOUBTS, {}).get(ctx.params.get("model_name"))
            if doubt is None:
                raise
            raise click.UsageError(f"{doubt}\n{error.message}", ctx) from error

    def option_table(self, ctx: click.Context) -> dict[str, bool]:
        """Every spelling of every option, and whether it takes a value."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        return {spelling: not option.is_flag for option in options for spelling in option.opts}

    def words(self, arguments: Sequence[str]) -> list[str] | None:
        """The positional words among the arguments, or None if they hold an option that this command has not."""
        ctx = click.Context(self, **self.context_settings)
        options = self.option_table(ctx)
        words = []
        try:
            completed = self._complete(arguments, ctx)
            for argument in completed:
                if not argument.startswith("-") or argument == "-":
                    words.append(argument)
                elif (name := argument.partition("=")[0]) not in options:
                    return None
                elif options[name] and "=" not in argument:
                    next(completed, None)
        except click.UsageError:
            return None
        return words

    def _complete(self, arguments: Sequence[str], ctx: click.Context) -> Iterator[str]:
        """Yields the arguments with every option spelled out; what follows an option as its value stays as it is."""
        options = self.option_table(ctx)
        rest = deque(arguments)
        while rest:
            argument = rest.popleft()
            if argument == "--":
                yield from (argument, *rest)
                return
            name, equals, value = argument.partition("=")
            if name.startswith("--"):
                name = _spelled_out(name, options, ctx)
            bare = self._bare.get(name)
            if bare and not equals and rest and bare.takes(rest[0]):
                equals, value = "=", rest.popleft()
            elif bare and not equals:
                equals, value = "=", bare.text
                self._doubt(name, rest, ctx)
            yield f"{name}{equals}{value}"
            if options.get(name) and not equals and rest:
                yield rest.popleft()
            elif not options.get(name, True):
                self._doubt(name, rest, ctx)

    def _doubt(self, flag: str, rest: Sequence[str], ctx: click.Context) -> None:
        """Keeps what to say of the word behind a flag, should it turn out to be no word of the command."""
        if rest:
            expected = self._bare[flag].expected if flag in self._bare else "no value"
            ctx.meta.setdefault(_DOUBTS, {})[rest[0]] = f"{flag} is {rest[0]!r}: expected {expected}"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options by groups."""
        # By every name: before click 8.2, the names of the option for help are in no order.
        records = {name: param.get_help_record(ctx) for param in self.get_params(ctx) for name in param.opts}
        for title, names in self._groups.items():
            with formatter.section(title):
                formatter.write_dl([record for name in names if (record := records[name])])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the examples."""
        with formatter.section("Examples"):
            formatter.write("".join(f"{'':>{formatter.current_indent}}{example}\n" for example in self._examples))


def _spelled_out(name: str, options: Mapping[str, bool], ctx: click.Context) -> str:
    candidates = sorted(option for option in options if option.startswith(name) and option.startswith("--"))
    if name in options or not candidates:
        return name
    if len(candidates) > 1:
        raise click.UsageError(f"{name} could be {' or '.join(candidates)}", ctx)
    return candidates[0]
