"""The way in and out of ``ens``: arguments in, exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ensession.cli.arguments import ens
from ensession.cli.printing import print_error
from ensession.errors import EnsessionError

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``ens`` and leave with an exit code; an error is one line on stderr, or a JSON object with ``--json``."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: Sequence[str]) -> int:
    """Run ``ens`` and return its exit code."""
    as_json = "--json" in arguments
    try:
        code = ens.main(args=list(arguments) or ["--help"], prog_name="ens", standalone_mode=False)
        sys.stdout.flush()
    except EnsessionError as error:
        print_error(error.kind, str(error), as_json=as_json)
        return error.exit_code
    except click.ClickException as error:
        print_error("usage", _with_hint(error), as_json=as_json)
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; keep the interpreter from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code if isinstance(code, int) else 0


def _with_hint(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; try '{context.command_path} -h'" if context is not None else message
