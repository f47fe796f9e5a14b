"""The colours of our HTML are legible on the grounds that they are meant for."""

from __future__ import annotations

import pytest

from ensession.display import style

LEGIBLE = 4.5
"""The contrast that WCAG 2.2 (1.4.3, level AA) asks of text."""
GROUNDS = {
    "_LIGHT": ("#ffffff", "#f5f5f5"),  # JupyterLab's outputs, and its hovered rows
    "_DARK": ("#111111", "#1e1e1e", "#383838"),  # JupyterLab, VS Code, Colab
    "_ANYWHERE": ("#ffffff", "#000000"),
}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("palette", "ground"), [(name, one) for name, many in GROUNDS.items() for one in many])
def test_every_colour_can_be_read(palette: str, ground: str) -> None:
    colours = getattr(style, palette)
    assert {name: colour for name, colour in colours.items() if contrast(colour, ground) < LEGIBLE} == {}


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
