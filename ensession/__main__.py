"""``python -m ensession`` is ``ens``, where that is not on the path of programs."""

from ensession.cli import main

main()
