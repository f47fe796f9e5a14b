"""The shared records as tables, and tables as text or HTML. Pure.

Everything that comes from a session (names, code, previews, outputs, errors) is hostile input here: it is made
harmless for terminals and escaped for HTML.
"""

from ensession.display.browsing import (
    hits_table,
    lineage_table,
    query_table,
    refs_table,
    variable_table,
    versions_table,
)
from ensession.display.diffs import diff_table, diff_text
from ensession.display.environments import environment_table
from ensession.display.graph_html import graph_html, graph_svg
from ensession.display.graph_text import glyphs_for, graph_text
from ensession.display.harmless import harmless, one_line
from ensession.display.html import to_html
from ensession.display.layout import Layout, Marks, lay_out
from ensession.display.outputs import output_text
from ensession.display.plans import modules_of, plan_picture, plan_table, restore_table
from ensession.display.tables import Column, Fold, Table, Tone, to_text
from ensession.display.units import duration, point_in_time, size
from ensession.display.views import (
    bindings_table,
    code_words,
    log_table,
    problems_table,
    reads_table,
    settings_table,
    status_table,
    unwritten_line,
    variables_table,
)

__all__ = [
    "Column",
    "Fold",
    "Layout",
    "Marks",
    "Table",
    "Tone",
    "bindings_table",
    "code_words",
    "diff_table",
    "diff_text",
    "duration",
    "environment_table",
    "glyphs_for",
    "graph_html",
    "graph_svg",
    "graph_text",
    "harmless",
    "hits_table",
    "lay_out",
    "lineage_table",
    "log_table",
    "modules_of",
    "one_line",
    "output_text",
    "plan_picture",
    "plan_table",
    "point_in_time",
    "problems_table",
    "query_table",
    "reads_table",
    "refs_table",
    "restore_table",
    "settings_table",
    "size",
    "status_table",
    "to_html",
    "to_text",
    "unwritten_line",
    "variable_table",
    "variables_table",
    "versions_table",
]
