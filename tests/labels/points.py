"""Points and the columns of their classes, as tests write them into label files."""

import shapely
from phenolens.engine.labels.read import LabelColumns

BY_CLASS = LabelColumns(classes="class")
POINT = shapely.Point(500_015, 5_000_185)


def points(count):
    """Of neighbouring pixels of one row."""
    return [shapely.Point(500_005 + 10 * i, 5_000_195) for i in range(count)]
