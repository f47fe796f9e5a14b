"""Plots, images and widgets."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_FIGURE = "[[line.get_xydata().tolist() for line in ax.lines] + [ax.get_title(), ax.get_xlim()] for ax in obj.axes]"
_MATPLOTLIB = (
    Kind(
        "Figure",
        "obj, obj_ax = plt.subplots()\nobj_ax.plot([1, 2, 3])",
        "obj_ax.get_xlim()",
        ("obj_ax.set_title('t')", "obj_ax.plot([3, 2])", "obj_ax.set_xlim(0, 9)"),
        _FIGURE,
        note="the limits of its axes are worked out when they are first asked for",
    ),
    Kind(
        "current figure",
        "obj = plt.figure()\nplt.plot([1, 2])",
        "obj.axes",
        ("plt.figure(obj)\nplt.title('by pyplot')",),
        _FIGURE,
    ),
    Kind(
        "Axes",
        "obj = plt.figure().add_subplot()",
        "obj.get_title()",
        ("obj.set_xlabel('x')", "obj.bar([1], [2])"),
        "(obj.get_xlabel(), len(obj.patches))",
    ),
    Kind(
        "Line2D",
        "obj = matplotlib.lines.Line2D([0, 1], [1, 2])",
        "obj.get_color()",
        ("obj.set_color('red')", "obj.set_ydata([5, 6])"),
        "(obj.get_color(), obj.get_xydata())",
    ),
    Kind(
        "Figure without pyplot",
        "obj = matplotlib.figure.Figure()\nobj.add_subplot().plot([1, 2])",
        "obj.axes",
        ("obj.axes[0].set_title('t')",),
        _FIGURE,
    ),
    Kind(
        "image and colour bar",
        "obj, obj_ax = plt.subplots()\nobj_im = obj_ax.imshow([[1, 2], [3, 4]])\nobj_bar = obj.colorbar(obj_im)",
        "obj_im.get_clim()",
        ("obj_im.set_clim(0, 9)",),
        "(obj_im.get_clim(), len(obj.axes))",
    ),
    Kind(
        "colour map",
        "obj = matplotlib.colormaps['viridis'].copy()",
        "obj(0.5)",
        ("obj.set_bad('red')",),
        "(obj.name, obj.get_bad())",
        note="its table of colours is made when it is first used",
    ),
    Kind("norm", "obj = matplotlib.colors.Normalize(0, 1)", "obj(0.5)", ("obj.vmax = 5",), "(obj.vmin, obj.vmax)"),
)
_SEABORN = (
    Kind(
        "FacetGrid",
        "obj = sns.FacetGrid(pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}), col='b')",
        "obj.col_names",
        ("obj.set_titles('{col_name}')",),
        "[ax.get_title() for ax in obj.axes.flat]",
    ),
    Kind(
        "axes of a plot",
        "plt.figure()\nobj = sns.scatterplot(x=[1, 2], y=[3, 4])",
        "obj.get_xlim()",
        ("obj.set_title('t')",),
        "(obj.get_title(), len(obj.collections))",
    ),
    Kind("plot object", "obj = sns.objects.Plot(x=[1, 2], y=[3, 4])", "type(obj)", (), "str(obj._data.source_vars)"),
)
_PLOTLY = (
    Kind(
        "Figure",
        "obj = go.Figure(go.Scatter(y=[1, 2]))",
        "obj.data",
        ("obj.update_layout(title='t')", "obj.add_trace(go.Bar(y=[3]))"),
        "json.dumps(obj.to_dict(), sort_keys=True, default=str)",
    ),
    Kind("trace", "obj = go.Bar(y=[1, 2])", "obj.y", ("obj.name = 'n'",), "sorted(obj.to_plotly_json().items())"),
)
_BOKEH = (
    Kind(
        "ColumnDataSource",
        "obj = bokeh.models.ColumnDataSource({'a': [1, 2]})",
        "obj.column_names",
        ("obj.data['b'] = [3, 4]", "obj.data = {'c': [1]}"),
        "dict(obj.data)",
    ),
    Kind(
        "figure",
        "obj = bokeh.plotting.figure(title='t')\nobj_r = obj.line([1, 2], [3, 4])",
        "obj.title.text",
        ("obj.title.text = 'u'",),
        "(obj.title.text, len(obj.renderers), obj_r in obj.renderers)",
    ),
)
_ALTAIR = (
    Kind(
        "chart",
        "obj = alt.Chart(pd.DataFrame({'a': [1]})).mark_bar()",
        "obj.mark",
        ("obj.title = 't'",),
        "obj.to_dict()",
    ),
)
_IMAGES = (
    Kind(
        "image",
        "obj = PIL.Image.new('RGB', (4, 4))",
        "obj.size",
        ("obj.putpixel((0, 0), (1, 2, 3))", "obj.info['k'] = 1"),
        "(obj.tobytes(), obj.size, obj.info)",
    ),
    Kind(
        "drawing",
        "obj_im = PIL.Image.new('L', (4, 4))\nobj = PIL.ImageDraw.Draw(obj_im)",
        "obj.mode",
        ("obj.point((1, 1), 9)",),
        "(obj_im.tobytes(), obj._image is obj_im)",
    ),
    Kind(
        "palette image",
        "obj = PIL.Image.new('P', (2, 2))",
        "obj.mode",
        ("obj.putpalette([1, 2, 3] * 256)",),
        "obj.getpalette()",
    ),
    Kind(
        "animation",
        "import io\nobj_file = io.BytesIO()\nobj = [PIL.Image.new('L', (4, 4), 80 * n) for n in range(3)]\n"
        "obj[0].save(obj_file, 'GIF', save_all=True, append_images=obj[1:])\nobj = PIL.Image.open(obj_file)",
        "obj.size",
        ("obj.seek(1)",),
        "(obj.tell(), obj.n_frames, obj.tobytes())",
    ),
)
_CV = (
    Kind("key point", "obj = cv2.KeyPoint(1.0, 2.0, 3.0)", "obj.pt", ("obj.size = 9.0",), "(obj.pt, obj.size)"),
    Kind(
        "feature detector",
        "obj = cv2.ORB_create()",
        "obj.getMaxFeatures()",
        ("obj.setMaxFeatures(7)",),
        "obj.getMaxFeatures()",
    ),
    Kind(
        "image array",
        "obj = cv2.resize(np.eye(4, dtype='u1'), (2, 2))",
        "obj.shape",
        ("cv2.rectangle(obj, (0, 0), (1, 1), 7)",),
        "obj",
    ),
)
_WIDGETS = (
    Kind(
        "slider",
        "obj = ipywidgets.IntSlider(3)",
        "obj.value",
        ("obj.value = 7", "obj.description = 'd'"),
        "(obj.value, obj.description)",
    ),
    Kind(
        "slider with a callback",
        "obj_seen = []\nobj = ipywidgets.IntSlider(1)\nobj.observe(lambda change: obj_seen.append(change['new']), 'value')",
        "obj.value",
        ("obj.value = 5",),
        "(obj.value, obj_seen)",
    ),
    Kind(
        "box",
        "obj = ipywidgets.HBox([ipywidgets.Label('a')])",
        "len(obj.children)",
        ("obj.children = ()",),
        "[c.value for c in obj.children]",
    ),
)
_SMALL = (
    Library(
        "tqdm",
        "import tqdm, io",
        (
            Kind(
                "progress bar",
                "obj = tqdm.tqdm(range(3), file=io.StringIO())",
                "obj.total",
                ("obj.update(1)",),
                "(obj.n, obj.total)",
                note="its clock goes on: a bar that was made again is reported as different",
            ),
        ),
        "tqdm",
    ),
    Library(
        "folium",
        "import folium",
        (
            Kind(
                "map",
                "obj = folium.Map([0, 0])",
                "obj.location",
                ("obj.add_child(folium.Marker([1, 1]))",),
                "(obj.location, len(obj._children))",
            ),
        ),
        "folium",
    ),
    Library(
        "HoloViews",
        "import holoviews as hv",
        (
            Kind(
                "curve",
                "obj = hv.Curve([1, 2])",
                "obj.kdims",
                ("obj.note = 1",),
                "(obj.dimension_values(1), vars(obj).get('note'))",
            ),
        ),
        "holoviews",
    ),
    Library(
        "imageio",
        "import imageio.v3, numpy as np",
        (
            Kind(
                "encoded image",
                "obj = imageio.v3.imwrite('<bytes>', np.eye(4, dtype='u1'), extension='.png')",
                "len(obj)",
                (),
                "len(obj)",
            ),
        ),
        "imageio",
    ),
    Library(
        "wordcloud",
        "import wordcloud",
        (
            Kind(
                "cloud",
                "obj = wordcloud.WordCloud(random_state=1)",
                "obj.width",
                ("obj.width = 99",),
                "(obj.width, obj.max_words)",
            ),
        ),
        "wordcloud",
    ),
    Library(
        "pygal",
        "import pygal",
        (
            Kind(
                "chart",
                "obj = pygal.Bar()",
                "type(obj.config)",
                ("obj.add('a', [1, 2])",),
                "[one[0] for one in obj.raw_series]",
            ),
        ),
        "pygal",
    ),
    Library(
        "rich",
        "import rich.table, rich.console, io",
        (
            Kind(
                "table",
                "obj = rich.table.Table('a')",
                "obj.row_count",
                ("obj.add_row('x')",),
                "(obj.row_count, len(obj.columns))",
            ),
            Kind(
                "console",
                "obj = rich.console.Console(file=io.StringIO())",
                "obj.width",
                ("obj.print('x')",),
                "obj.file.getvalue()",
            ),
        ),
        "rich",
    ),
)

FAMILY = Family(
    "pictures",
    (
        Library(
            "Matplotlib",
            "import matplotlib.pyplot as plt, matplotlib.lines, matplotlib.figure",
            _MATPLOTLIB,
            "matplotlib",
        ),
        Library("seaborn", "import pandas as pd, seaborn as sns, seaborn.objects", _SEABORN, "seaborn"),
        Library("plotly", "import json, plotly.graph_objects as go", _PLOTLY, "plotly"),
        Library("Bokeh", "import bokeh.models, bokeh.plotting", _BOKEH, "bokeh"),
        Library("Altair", "import altair as alt, pandas as pd", _ALTAIR, "altair"),
        Library("Pillow", "import PIL.Image, PIL.ImageDraw", _IMAGES, "PIL"),
        Library("OpenCV", "import cv2, numpy as np", _CV, "cv2"),
        Library("ipywidgets", "import ipywidgets", _WIDGETS, "ipywidgets"),
        *_SMALL,
    ),
)
