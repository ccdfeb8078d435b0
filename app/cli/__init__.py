"""The `gridwright` command. Each command lives in its own module, which adds it by ``register(root)``."""

import os
import sys
import warnings
from importlib import import_module

import typer
from typer.exceptions import TyperException

from geo.errors import InputError

COMMANDS = ("check", "assign", "rebalance", "load", "orgs", "server", "demo", "db", "reference")
"""Modules of this package that add commands, in the order of the help."""

app = typer.Typer(
    name="gridwright",
    help="Keep a map of responsibility true: check grids, assign places, rebalance, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root() -> None:
    """Keep a map of responsibility true: check grids, assign places, rebalance, publish."""


def register_all() -> None:
    """Add every command. What a command needs it imports when it runs, so that all of them start quickly."""
    for name in COMMANDS:
        import_module(f"app.cli.{name}").register(app)


def main() -> None:
    """Run the command line: bad input is one line on stderr and exit status 2, never a traceback."""
    if not sys.warnoptions:  # a library's warning is no message for whoever runs a command
        warnings.simplefilter("ignore")
    register_all()
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except InputError as error:
        fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        print("gridwright: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except MemoryError:
        fail("out of memory: give it fewer rows or columns at a time, or a larger machine")
    except OSError as error:
        fail(f"{error.filename or 'a file'}: {error.strerror or error}")
    except TyperException as error:
        message = error.format_message()
        if not message:  # no arguments: the help has been shown
            sys.exit(2)
        fail(f"{message.rstrip('.')}; see --help")
    except Exception as error:
        if os.environ.get("GRIDWRIGHT_DEBUG"):
            raise
        what = str(error).strip().split("\n")[0]
        fail(f"our fault, please report it: {type(error).__name__}: {what} (GRIDWRIGHT_DEBUG=1 shows where)")


def fail(message: str) -> None:
    """One line on stderr and exit status 2."""
    print("gridwright: " + " ".join(message.split("\n")), file=sys.stderr)  # noqa: T201
    sys.exit(2)
