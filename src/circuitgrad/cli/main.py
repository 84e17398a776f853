"""The group of commands, and the one boundary where failures become messages and exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from circuitgrad.cli.process import Stopped, raise_on_signals, stop_handling
from circuitgrad.cli.streams import tell
from circuitgrad.cli.usage import DONE, INTERRUPTED, OUR_FAULT, WRONG_USAGE, no_such
from circuitgrad.errors import CircuitError, visible
from circuitgrad.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

RESERVED_BYTES = 1 << 22
"""Memory that is released where there is no more, for the message."""

_OF_OUTPUT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF}
"""The errors of a standard output that takes no more."""

COMMANDS = {
    "forward": "Compute every wire's value.",
    "backward": "Compute every wire's value and gradient.",
    "check": "Prove the gradient, gate by gate, and the expected values.",
    "hessian": "Compute the second derivatives of the output in the inputs.",
    "sweep": "Compute the output over a range of an input, or a grid.",
    "explain": "Show the chain rule in numbers, path by path and gate by gate.",
    "optimize": "Move the inputs towards a goal: raise, lower, fit.",
    "draw": "Draw the circuit, with values and gradients on its wires.",
    "new": "Write a commented circuit to start from.",
    "gates": "List the gates and their derivatives, or show one in full.",
    "schema": "Print the JSON Schema of circuit files, for editors.",
}
"""Every command with its help, so that `--help` imports none of them."""


class Session:
    """The state of a run that the boundary of failures reads."""

    def __init__(self) -> None:
        self.debug = False
        self.quiet = False


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or suggest another one."""
        if cmd_name not in COMMANDS:
            raise no_such("command", cmd_name, COMMANDS, ctx)
        command: click.Command = import_module(f"circuitgrad.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="circuitgrad", prog_name="circuitgrad")
def circuitgrad() -> None:
    """Evaluate, differentiate, check and optimise circuits of real-valued gates.

    A circuit is a YAML file of inputs and gates; see the examples in circuits/.
    """


def run_program(arguments: Sequence[str] | None) -> NoReturn:
    """Run the command line and exit; see `circuitgrad.cli.run`."""
    session = Session()
    try:
        try:
            raise_on_signals()
            code = _run(session, arguments)
            _warn_unkept(session)
        finally:
            stop_handling()
    except Stopped as stopped:
        # On a terminal, ^C stands in the line already.
        code = _fail(session, stopped.code, "\n" * sys.stderr.isatty() + stopped.message)
    sys.exit(code)


def _run(session: Session, arguments: Sequence[str] | None) -> int:
    stdout, stderr = sys.stdout, sys.stderr
    reserve = [bytearray(RESERVED_BYTES)]
    try:
        if "circuitgrad.files" in sys.modules:  # another command ran in this process
            sys.modules["circuitgrad.files"].forget_read_files()
        code: Any = circuitgrad.main(arguments, prog_name="circuitgrad", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except CircuitError as error:
        return _fail(session, WRONG_USAGE, str(error))
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        _say(usage.getvalue().removesuffix("\n"))
        return WRONG_USAGE
    except (click.Abort, KeyboardInterrupt):
        return _fail(session, INTERRUPTED, "interrupted")
    except SystemExit:
        # click's answer to a closed pipe: it puts dummies in place of the streams and exits with 1. But whoever read
        # our output has seen enough.
        if sys.stdout is stdout:
            raise
        sys.stdout, sys.stderr = stdout, stderr
        _silence(stdout)
        return DONE
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return DONE
        if error.filename is None and error.errno in _OF_OUTPUT:
            return _fail(session, WRONG_USAGE, f"error: standard output cannot be written: {error.strerror}")
        return _fail(session, WRONG_USAGE, f"error: {visible(str(error))}")
    except MemoryError:
        # To let go of what was under way takes some memory, too; a message is for when that is done.
        reserve.clear()
    except Exception as error:
        import platform

        message = " ".join(str(error).split())
        where = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
        return _fail(
            session,
            OUR_FAULT,
            f"circuitgrad {__version__} has failed: {type(error).__name__}: {visible(message)}\n({where})\n"
            "This is a fault of circuitgrad; please report it with the file and what --debug adds to this message.",
        )
    else:
        return code if isinstance(code, int) else DONE
    return _fail(session, WRONG_USAGE, "error: the circuit needs more memory than there is")


def _warn_unkept(session: Session) -> None:
    """Warn about what files that were replaced could not keep."""
    if "circuitgrad.files" in sys.modules:
        for sentence in sys.modules["circuitgrad.files"].take_unkept():
            if not session.quiet:
                _say(f"warning: {sentence}")


def _fail(session: Session, code: int, message: str) -> int:
    """Say why on standard error, after the traceback where it is wanted, and return the exit code."""
    if session.debug:
        import traceback

        message = f"{traceback.format_exc()}{message}"
    _say(message)
    return code


def _say(message: str) -> None:
    try:
        tell(message)
    except OSError:
        _silence(sys.stderr)


def _silence(stream: IO[str]) -> None:
    """Turn a stream that takes no more away, or Python complains once more when it closes it."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
