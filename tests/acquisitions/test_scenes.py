"""Names → bands and facts, and scenes → frames."""

from datetime import UTC, datetime

import pytest
from phenolens.engine.acquisitions.bands import band_of
from phenolens.engine.acquisitions.cube import Acquisition
from phenolens.engine.acquisitions.modality import SENTINEL1, SENTINEL2
from phenolens.engine.acquisitions.options import PRESETS, ReadOptions, preset
from phenolens.engine.acquisitions.productid import direction_of, facts_of, time_of
from phenolens.engine.acquisitions.scenes import Scene, merge
from phenolens.engine.errors import AcquisitionError


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("B2", "B02"), ("b02", "B02"), ("blue", "B02"), ("B02_10m", "B02"), ("S2-L2A-B02", "B02"),
        ("B8", "B08"), ("B08", "B08"), ("nir", "B08"), ("B8A", "B8A"), ("b8a_20m", "B8A"),
        ("narrow nir", "B8A"),
        ("nir08", "B8A"), ("B11", "B11"), ("swir16", "B11"), ("swir22", "B12"), ("SCL", "SCL"),
        ("S2-L2A-SCL", "SCL"), ("rededge1", "B05"), ("B01", None), ("B9", None), ("B10", None),
        ("elevation", None),
        ("VV", None), ("AOT", None), ("", None),
    ],
)  # fmt: skip
def test_sentinel_2_bands_have_many_names(name: str, band: str | None) -> None:
    assert band_of(name, SENTINEL2) == band


@pytest.mark.parametrize(
    ("name", "band"),
    [("VV", "VV"), ("vh", "VH"), ("sigma0_VV", "VV"), ("Sigma0_VV_db", "VV"), ("S1-SIGMA0-VH", "VH"),
     ("Gamma0_VH", "VH"), ("gamma0-rtc_vv", "VV"), ("HH", None), ("B02", None), ("angle", None)],
)  # fmt: skip
def test_sentinel_1_bands_have_many_names(name: str, band: str | None) -> None:
    assert band_of(name, SENTINEL1) == band


def test_product_ids_tell_time_platform_orbit_and_baseline() -> None:
    optical = facts_of("S2A_MSIL2A_20200102T102421_N0213_R065_T32UNC_20200102T115419")
    assert optical.time == datetime(2020, 1, 2, 10, 24, 21, tzinfo=UTC)
    assert (optical.platform, optical.relative_orbit, optical.processing_baseline) == ("S2A", 65, "02.13")
    ascending = facts_of("S1A_IW_GRDH_1SDV_20200103T170841_20200103T170906_030639_0382D5_360A")
    assert (ascending.platform, ascending.relative_orbit) == ("S1A", (30639 - 73) % 175 + 1)
    assert facts_of("S1_GRD-ASCENDING_20m_0000").orbit_direction == "ascending"
    assert direction_of("scene_DESC_20200101") == "descending"
    assert direction_of("DESCENDING") == "descending"
    assert direction_of("a landscape") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T31UDS_20180801T105031_B02", datetime(2018, 8, 1, 10, 50, 31, tzinfo=UTC)),
        ("scene_2018-08-01", datetime(2018, 8, 1, tzinfo=UTC)),
        ("2018_08_01_red", datetime(2018, 8, 1, tzinfo=UTC)),
        ("2018-08-01T10:50:31.000000", datetime(2018, 8, 1, 10, 50, 31, tzinfo=UTC)),
        ("tile_32631_20180231", None),
        ("00002806639B424A_32631", None),
        ("120180801", None),
    ],
)
def test_dates_are_found_in_names(text: str, expected: datetime | None) -> None:
    assert time_of(text) == expected


def scene(when: str, **facts: object) -> Scene:
    return Scene(Acquisition(datetime.fromisoformat(when + "+00:00"), (when,), **facts), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenes", "frames"),
    [
        ([scene("2020-06-01T10:30:00"), scene("2020-06-01T10:30:25")], 1),
        ([scene("2020-06-01T10:30:00"), scene("2020-06-01T12:10:00")], 2),
        ([scene("2020-06-01T10:30:00"), scene("2020-06-01T00:00:00")], 1),
        ([scene("2020-06-01T10:30:00", platform="S2A"), scene("2020-06-01T10:30:09", platform="S2B")], 2),
        ([scene("2020-06-01T05:40:00", orbit_direction="descending"),
          scene("2020-06-01T00:00:00", orbit_direction="ascending")], 2),
        ([scene("2020-06-01T10:10:00", platform="S1A", relative_orbit=8),
          scene("2020-06-01T10:40:00", platform="S1A", relative_orbit=8)], 1),
        ([scene("2020-06-01T23:59:00"), scene("2020-06-02T00:01:00")], 1),
        ([scene("2020-06-01T00:00:00"), scene("2020-06-02T00:00:00")], 2),
    ],
)  # fmt: skip
def test_scenes_of_one_pass_become_one_frame(scenes: list[Scene], frames: int) -> None:
    merged = merge(scenes)
    assert len(merged) == frames
    assert sum(len(f.scenes) for f in merged) == len(scenes)
    assert sorted(s for f in merged for s in f.acquisition.sources) == sorted(
        s.acquisition.sources[0] for s in scenes
    )


def test_a_frame_knows_what_any_of_its_scenes_knows() -> None:
    (frame,) = merge(
        [scene("2020-06-01T00:00:00", platform="S2A"), scene("2020-06-01T10:30:00", relative_orbit=8)]
    )
    known = frame.acquisition
    assert (known.platform, known.relative_orbit) == ("S2A", 8)
    assert known.time == datetime(2020, 6, 1, 10, 30, tzinfo=UTC)


def test_presets_have_names_and_wrong_options_are_refused() -> None:
    assert preset("s2-dn-1000").offset == pytest.approx(-0.1)
    assert all(isinstance(preset(name), ReadOptions) for name in PRESETS)
    with pytest.raises(AcquisitionError, match="s1-linear"):
        preset("s3")
    for wrong in ({"unit": "counts"}, {"resampling": "mean"}, {"scale": 0.0}, {"mask_dilation": -1}):
        with pytest.raises(AcquisitionError):
            ReadOptions(**wrong)  # type: ignore[arg-type]
