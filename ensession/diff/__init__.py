"""What differs between two states, and between two values. Pure.

States are compared by what the store tells of them, without any value. Values are compared by comparers that know
their types; libraries are asked only where the session has loaded them already.
"""

from ensession.diff.states import diff_code, diff_variables, new_bytes
from ensession.diff.values import diff_values

__all__ = ["diff_code", "diff_values", "diff_variables", "new_bytes"]
