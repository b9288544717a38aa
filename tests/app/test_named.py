"""Named selections that are ticked are drawn in their colours, several at once, on map and projection."""

import numpy as np
import pytest
from phenolens.app.controllers.named import NamedController
from phenolens.app.masks import find_on, inside
from phenolens.app.panels.named_marks import stacked, tint_of
from phenolens.app.panels.projection import ProjectionPanel
from phenolens.app.panels.selections import SelectionsPanel
from phenolens.app.selection import LassoPick, MapPick, Selection
from phenolens.app.session import ProjectionChoice
from PySide6.QtCore import QPoint, Qt

LEFT = MapPick(((2.0, 4.0), (14.0, 4.0), (14.0, 30.0), (2.0, 30.0)))
RIGHT = MapPick(((26.0, 4.0), (44.0, 4.0), (44.0, 30.0), (26.0, 30.0)))
BLUE, RED = "#0072b2", "#d55e00"
WIDE = ((-9.0, -9.0), (0.0, -9.0), (0.0, 9.0), (-9.0, 9.0))


@pytest.fixture
def marks(opened, until):
    plane = opened.findChild(ProjectionPanel)
    until(lambda: plane.plot.picture is not None)
    return opened.findChild(NamedController).marks


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _of(picture, colour: str):
    """[y, x] where a picture has a colour."""
    return (picture[..., 3] > 0) & (picture[..., :3] == _rgb(colour)).all(axis=2)


def test_ticked_selections_are_drawn_on_map_and_projection(opened, marks, until, qtbot, look):
    opened.model.do(selections=(Selection("left", BLUE, LEFT), Selection("right", RED, RIGHT)))
    assert marks.on_map is None
    items = opened.findChild(SelectionsPanel)._list
    for row in (0, 1):
        box = items.visualItemRect(items.item(row)).topLeft() + QPoint(
            10, items.visualItemRect(items.item(row)).height() // 2
        )
        qtbot.mouseClick(items.viewport(), Qt.MouseButton.LeftButton, pos=box)
        until(lambda row=row: opened.model.now.work.selections[row].shown)
    shape = opened.model.now.store.grid.shape
    until(lambda: marks.on_map is not None and _of(marks.on_map, RED).any())
    np.testing.assert_array_equal(_of(marks.on_map, BLUE), inside(LEFT.corners, shape))
    np.testing.assert_array_equal(_of(marks.on_map, RED), inside(RIGHT.corners, shape))
    until(lambda: marks.on_plane is not None and _of(marks.on_plane, RED).any())
    assert _of(marks.on_plane, BLUE).any()
    assert opened.model.now.pick is None
    look(opened)
    opened.model.undo()
    until(lambda: marks.on_map is not None and not _of(marks.on_map, RED).any())
    opened.model.undo()
    until(lambda: marks.on_map is None)
    assert marks.on_plane is None


def test_a_tick_is_no_new_name(opened, until):
    opened.model.do(selections=(Selection("left", BLUE, LEFT),))
    items = opened.findChild(SelectionsPanel)._list
    items.item(0).setCheckState(Qt.CheckState.Checked)
    until(lambda: opened.model.now.work.selections[0].shown)
    items.item(0).setText("west")
    assert opened.model.now.work.selections[0] == Selection("west", BLUE, LEFT, shown=True)


def test_a_lasso_of_the_projection_follows_the_dates(opened, marks, until):
    pick = LassoPick("pca", WIDE)
    opened.model.do(selections=(Selection("low", BLUE, pick, shown=True),))
    for date in (3, 12):
        opened.model.change(date=date)
        expected = find_on(pick, opened.link._client, opened.model.now.store, date)
        until(
            lambda expected=expected: (
                marks.on_map is not None and np.array_equal(_of(marks.on_map, BLUE), expected)
            )
        )
    opened.model.change(projection=ProjectionChoice(axes=(2, 3)))
    until(lambda: marks.on_plane is not None)


def test_another_colour_is_drawn_at_once(opened, marks, until):
    opened.model.do(selections=(Selection("left", BLUE, LEFT, shown=True),))
    until(lambda: marks.on_map is not None)
    opened.findChild(SelectionsPanel).recoloured.emit(0, RED)
    until(lambda: _of(marks.on_map, RED).any())
    assert not _of(marks.on_map, BLUE).any()


def test_where_two_lie_the_fuller_one_is_seen():
    whole = np.ones((5, 5), bool)
    inner = np.zeros((5, 5), bool)
    inner[1:4, 1:4] = True
    both = stacked([tint_of(whole, BLUE), tint_of(inner, RED)])
    assert (_of(both, RED) == inner).all()
    assert stacked([]) is None
    behind = stacked([tint_of(inner, RED), tint_of(whole, BLUE)])
    assert _of(behind, RED)[1, 1]  # an edge of the first one over the inside of the second
    assert _of(behind, BLUE)[2, 2]
