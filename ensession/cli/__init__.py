"""The ``ens`` command: looks into stores, copies and checks them.

It never unpickles and never executes (invariant 5). This is the only room that reads the environment; it maps errors
to exit codes.
"""

from ensession.cli.entry import main

__all__ = ["main"]
