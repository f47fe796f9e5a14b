"""How our HTML looks: at home in JupyterLab, VS Code, Colab, light and dark. Pure.

Colours are ours: those that front ends name for warnings and success are too faint for text. There is a set for light
grounds, one for dark ones, and one that can be read on white and on black, for front ends that don't tell which they
have; every colour has a contrast of 4.5 or more (WCAG 2.2, 1.4.3). Everything else is inherited. No scripts, no
external resources; without the style sheet (a front end that does not trust the notebook drops it) the content is all
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ensession.display.harmless import harmless, one_line

QUIET = "var(--ens-quiet)"
ACCENT = "var(--ens-accent)"
GOOD = "var(--ens-good)"
WARN = "var(--ens-warn)"
BAD = "var(--ens-bad)"
RULE = "var(--jp-border-color2, var(--vscode-panel-border, #8884))"
MONO = "var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, Menlo, Consolas, monospace))"

_ANYWHERE = {"accent": "#0076d6", "good": "#008738", "warn": "#a86500", "bad": "#e02b35", "quiet": "#767676"}
_LIGHT = {"accent": "#1565c0", "good": "#1b7431", "warn": "#9a5200", "bad": "#c62828", "quiet": "#5f6368"}
_DARK = {"accent": "#64b5f6", "good": "#66bb6a", "warn": "#ffb74d", "bad": "#ff7b72", "quiet": "#a8adb3"}
_LIGHT_THEMES = '[data-jp-theme-light="true"], .vscode-light, html[theme="light"]'
_DARK_THEMES = '[data-jp-theme-light="false"], .vscode-dark, .vscode-high-contrast, html[theme="dark"]'


def _colours(colours: Mapping[str, str]) -> str:
    return "{" + "; ".join(f"--ens-{name}: {value}" for name, value in colours.items()) + "}"


def _within(themes: str) -> str:
    return ", ".join(f"{theme} .ensession" for theme in themes.split(", "))


ROW_PX = 22
"""Height of a row beside a drawing."""

MAX_TITLE = 2000
"""Characters of code that a hover shows."""

_SHEET = f"""
.ensession {_colours(_ANYWHERE)}
{_within(_LIGHT_THEMES)} {_colours(_LIGHT)}
{_within(_DARK_THEMES)} {_colours(_DARK)}
.ensession {{font-size: 13px; line-height: 1.5; margin: 2px 0; max-width: 100%; overflow-x: auto; color: inherit}}
.ensession p {{margin: 3px 0}}
.ensession .ens-title {{font-weight: 600; margin: 2px 0 4px}}
.ensession .ens-note {{color: {QUIET}}}
.ensession table.ens {{border-collapse: collapse; border: none; margin: 0; font-size: inherit; table-layout: auto}}
.ensession table.ens tr, .ensession table.ens tr:hover {{background: none; border: none}}
.ensession table.ens th, .ensession table.ens td {{padding: 2px 12px 2px 0; border: none; text-align: left;
 vertical-align: top; background: none; white-space: pre-wrap; max-width: 60ch;
 overflow-wrap: break-word}}
.ensession table.ens th {{font-weight: 600; color: {QUIET}; white-space: nowrap}}
.ensession table.ens thead tr {{border-bottom: 1px solid {RULE}}}
.ensession table.ens tbody tr + tr {{border-top: 1px solid {RULE}}}
.ensession table.ens .ens-right {{text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums}}
.ensession .ens-mono {{font-family: {MONO}; font-size: 12px}}
.ensession table.ens td.ens-short {{white-space: nowrap}}
.ensession table.ens td.ens-cut {{white-space: nowrap; max-width: none}}
.ensession table.ens td.ens-cut > div {{display: grid; grid-template-columns: minmax(8ch, max-content)}}
.ensession table.ens td.ens-cut > div > div {{overflow: hidden; text-overflow: ellipsis; max-width: 72ch}}
.ensession .ens-good {{color: {GOOD}}}
.ensession .ens-warn {{color: {WARN}}}
.ensession .ens-bad {{color: {BAD}; font-weight: 600}}
.ensession .ens-quiet {{color: {QUIET}}}
.ensession details summary {{cursor: pointer; color: {QUIET}; margin: 3px 0}}
.ensession .ens-beside {{display: flex; align-items: flex-start}}
.ensession .ens-beside svg {{flex: none; overflow: visible; margin-right: 8px}}
.ensession .ens-rows {{flex: 1; min-width: 0}}
.ensession .ens-row {{display: flex; gap: 8px; height: {ROW_PX}px; line-height: {ROW_PX}px; white-space: nowrap}}
.ensession .ens-row > .ens-code {{overflow: hidden; text-overflow: ellipsis; font-family: {MONO}; font-size: 12px}}
.ensession .ens-row > .ens-number {{text-align: right; font-variant-numeric: tabular-nums; flex: none; color: {QUIET}}}
.ensession .ens-badge {{flex: none; align-self: center; line-height: 16px; font-size: 11px; padding: 0 6px;
 border-radius: 8px; border: 1px solid currentColor}}
.ensession .ens-branch, .ensession .ens-now {{color: {ACCENT}}}
.ensession .ens-now {{font-weight: 600}}
.ensession .ens-tag {{color: {WARN}}}
.ensession .ens-edge {{fill: none; stroke: {QUIET}; stroke-width: 1.6}}
.ensession .ens-dot {{fill: {QUIET}; stroke: none}}
.ensession .ens-edge.ens-on {{stroke: {ACCENT}; stroke-width: 2.2}}
.ensession .ens-dot.ens-on {{fill: {ACCENT}}}
.ensession .ens-ring {{fill: none; stroke: {ACCENT}; stroke-width: 1.8}}
.ensession .ens-hollow {{fill: none; stroke: {QUIET}; stroke-width: 1.6}}
.ensession .ens-cross {{fill: none; stroke: {BAD}; stroke-width: 2.2; stroke-linecap: round}}
.ensession .ens-away {{stroke-dasharray: 2 4}}
.ensession .ens-bar {{align-self: center; flex: none; height: 8px; border-radius: 2px; background: {ACCENT}}}
.ensession .ens-prices {{margin: 8px 0 4px}}
.ensession .ens-price {{width: 15ch; flex: none}}
.ensession .ens-hit {{fill: transparent; stroke: none}}
""".strip()


def fragment(*parts: str) -> str:
    """Return HTML parts as one output with our style."""
    return "\n".join((f'<div class="ensession"><style>{_SHEET}</style>', *parts, "</div>"))


def escaped(text: str) -> str:
    """Return one line of text from a session, fit to stand in HTML or in an attribute."""
    return escape(one_line(text), quote=True)


def escaped_block(text: str) -> str:
    """Return text of several lines from a session, fit to stand in HTML or in an attribute, cut where it is long."""
    cut = text if len(text) <= MAX_TITLE else text[:MAX_TITLE].rstrip() + "\n…"
    return escape(harmless(cut), quote=True)
