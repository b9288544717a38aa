"""Colours of what the user makes are told apart with any colour vision."""

import numpy as np
import pytest
from phenolens.app.density_picture import pictured
from phenolens.app.session import CLASS_COLOURS, PLACE_COLOURS, SELECTION_COLOURS, ProjectionChoice
from phenolens.app.theme import DARK, LIGHT
from phenolens.engine.client.arrays import Array
from phenolens.engine.client.readings import Density

VISIONS = (
    np.eye(3),
    np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
)
"""Of most people; without red cones; without green ones (Machado et al. 2009), in linear sRGB."""
CONES = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
OPPONENT = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])


def _perceived(colours: tuple[str, ...], vision: np.ndarray) -> np.ndarray:
    """[colour, 3] in OKLab (Ottosson 2020), whose distances are alike to the eye; 0.02 can just be seen."""
    return np.cbrt((_linear(colours) @ vision.T).clip(0, 1) @ CONES.T) @ OPPONENT.T


def _linear(colours: tuple[str, ...]) -> np.ndarray:
    rgb = np.array([tuple(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _contrast(colours: tuple[str, ...], ground: str) -> float:
    """The least one, as WCAG counts it; lines want 3."""
    light, back = (0.05 + _linear(one) @ (0.2126, 0.7152, 0.0722) for one in (colours, (ground,)))
    return float((np.maximum(light, back) / np.minimum(light, back)).min())


@pytest.mark.parametrize(
    ("own", "others"),
    [(PLACE_COLOURS, CLASS_COLOURS), (SELECTION_COLOURS, (*CLASS_COLOURS, *PLACE_COLOURS))],
)
def test_places_and_named_selections_wear_colours_of_their_own(own, others):
    for vision in VISIONS:
        mine, taken = (
            _perceived(colours, vision) for colours in (own, (*others, LIGHT.selection, DARK.selection))
        )
        apart = np.linalg.norm(mine[:, None] - np.concatenate([mine, taken]), axis=-1)
        np.fill_diagonal(apart, np.inf)
        assert apart.min() > 0.06


def test_lines_of_places_can_be_read_on_light_and_dark():
    for theme in (LIGHT, DARK):
        assert _contrast(PLACE_COLOURS, theme.base) >= 3


def test_areas_of_named_selections_stand_out_on_light_and_dark():
    for theme in (LIGHT, DARK):
        assert _contrast(SELECTION_COLOURS, theme.base) >= 2


def test_bins_of_a_projection_with_a_single_pixel_are_seen_on_light_and_dark():
    count = Array(np.array([[1, 1000], [0, 30]], "<i4").tobytes(), (2, 2), "int32")
    density = Density((0.0, 1.0, 0.0, 1.0), ("component 1", "component 2"), count, count, 1031)
    sparse = pictured(density, ProjectionChoice()).rgba[0, 0]
    for theme in (LIGHT, DARK):
        assert _contrast((f"#{bytes(sparse[:3]).hex()}",), theme.base) >= 2
