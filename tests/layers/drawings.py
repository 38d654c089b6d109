"""Drawings for tests, made by ezdxf: the library writes them, and our reader reads them."""

import ezdxf

EAST, NORTH = 438_000.0, 3_850_000.0
SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]


def new(version="R2018", *, unit=6):
    document = ezdxf.new(version, units=unit)
    return document, document.modelspace()


def placed(points, dx=0.0, dy=0.0):
    """Return points where the drawing lies; what follows x and y stays."""
    return [(EAST + dx + x, NORTH + dy + y, *rest) for x, y, *rest in points]


def house(space, *, layer="JMD", dx=0.0, dy=0.0, **attributes):
    return space.add_lwpolyline(placed(SQUARE, dx, dy), close=True, dxfattribs={"layer": layer, **attributes})


def lines(space, points, *, layer="JMD", gap=0.0):
    """Draw a ring of loose lines, each of which begins a gap beside where the one before it ends."""
    for start, end in zip(points, [*points[1:], points[0]], strict=True):
        space.add_line((start[0] + gap, start[1]), end, dxfattribs={"layer": layer})


def saved(document, folder, name="drawing.dxf", **options):
    path = folder / name
    document.saveas(path, **options)
    return path
