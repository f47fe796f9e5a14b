"""Recorded executions as a notebook or as a script. Pure; knows the records of ``model`` and nothing else.

What a store holds may come from anybody: it is brought into the form that the notebook format asks for, never
trusted to have it. Nothing is run or rendered here.
"""

from ensession.export.cells import PastCell
from ensession.export.notebook import notebook, notebook_output
from ensession.export.script import script

__all__ = ["PastCell", "notebook", "notebook_output", "script"]
