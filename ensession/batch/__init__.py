"""Running a notebook headless while it is recorded, and going on where an earlier run ended."""

from ensession.batch.book import Notebook, parse_parameter
from ensession.batch.kernel import End
from ensession.batch.runner import Order, Report, run_notebook

__all__ = ["End", "Notebook", "Order", "Report", "parse_parameter", "run_notebook"]
