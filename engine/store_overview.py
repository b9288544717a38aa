"""A coarse look at an embedding store: every n-th pixel of a window, read as if it were a store of its own."""

from collections.abc import Sequence

from affine import Affine

from .errors import AreaError, InputError
from .grid import Grid, Window
from .store import EmbeddingStore, PixelSeries


class Overview(EmbeddingStore):
    """Every `step`-th pixel of a window of a store, from its upper left one on.

    Everything that draws a store draws this as well; pixel (row, col) of it is that of the store at
    (window.row + step × row, window.col + step × col)."""

    def __init__(self, store: EmbeddingStore, window: Window | None = None, step: int = 1) -> None:
        """`AreaError` where the window reaches beyond the store, `InputError` for a step below 1."""
        if step < 1:
            raise InputError("the step must be above 0", value=step, remedy="1 reads every pixel")
        window = window or store.grid.window
        store._inside(window)
        self.path, self.attributes = store.path, store.attributes
        self._root, self._readers, self._layer_names = store._root, store._readers, store._layer_names
        self.times = store.times
        self._of, self._window, self._step = store, window, step
        fine = store.grid.crop(window)
        shape = -(-window.height // step), -(-window.width // step)
        self.grid = Grid(fine.crs, fine.transform * Affine.scale(step), shape)

    @property
    def step(self) -> int:
        return self._step

    def beneath(self, window: Window) -> Window:
        """The window of the store that one of this overview is taken from, in steps."""
        rows, cols = self._inside(window)
        return Window(rows[0], cols[0], rows[-1] - rows[0] + 1, cols[-1] - cols[0] + 1)

    def read_series_many(
        self,
        pixels: Sequence[tuple[int, int]],
        dims: int | None = None,
        *,
        support: bool = True,
        dates: range | None = None,
    ) -> PixelSeries:
        places = [self._inside(Window(row, col, 1, 1)) for row, col in pixels]
        there = [(rows[0], cols[0]) for rows, cols in places]
        return self._of.read_series_many(there, dims, support=support, dates=dates)

    def _inside(self, window: Window) -> tuple[range, range]:
        """Of a window of this overview: rows and columns of the store, in steps."""
        if self.grid.window != window and not _within(window, self.grid):
            raise AreaError(
                "the window reaches beyond the overview",
                value=window,
                remedy=f"stay within {self.grid.shape[0]} × {self.grid.shape[1]} pixels",
            )
        return (
            self._stepped(self._window.row, window.row, window.height),
            self._stepped(self._window.col, window.col, window.width),
        )

    def _stepped(self, origin: int, first: int, count: int) -> range:
        start = origin + first * self._step
        return range(start, start + (count - 1) * self._step + 1, self._step)


def _within(window: Window, grid: Grid) -> bool:
    height, width = grid.shape
    return (
        0 <= window.row < window.row + window.height <= height
        and 0 <= window.col < window.col + window.width <= width
    )
