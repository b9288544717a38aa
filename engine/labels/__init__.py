"""Labels: points and polygons with classes or values → pixels of a grid, with an import report."""
