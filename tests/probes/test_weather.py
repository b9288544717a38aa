import numpy as np
import pytest
from phenolens.engine.errors import ProbeError
from phenolens.engine.probes.estimators import ProbeRecipe
from phenolens.engine.probes.fitting import fit_probe
from phenolens.engine.probes.table import Block, SampleTable
from phenolens.engine.probes.weather import read_weather, with_weather
from phenolens.engine.response import Response

GPP = Response("GPP", "regression", "gC m-2 d-1")
DAILY = "date,temperature,note,rain\n2020-05-01,10.5,x,0\n2020-05-02,12,y,3\n2020-05-03,9,z,1\n"


def csv(tmp_path, text):
    path = tmp_path / "weather.csv"
    path.write_text(text)
    return path


def samples(days, sites=None):
    count = len(days)
    features = np.arange(count, dtype=np.float32)[:, None]
    return SampleTable(
        GPP,
        np.arange(count, dtype=float),
        {"embedding": Block(("e01",), features)},
        {} if sites is None else {"site": np.array(sites)},
        day=np.array(days, "datetime64[D]"),
    )


def test_each_sample_gets_the_weather_of_its_day(tmp_path):
    table = with_weather(samples(["2020-05-03", "2020-05-01"]), read_weather(csv(tmp_path, DAILY)))
    assert table.block("weather").names == ("temperature", "rain")  # not the text
    np.testing.assert_array_equal(table.block("weather").values, [[9, 1], [10.5, 0]])
    chosen = with_weather(samples(["2020-05-02"]), read_weather(csv(tmp_path, DAILY), ["rain"]))
    np.testing.assert_array_equal(chosen.block("weather").values, [[3]])


def test_weather_by_site_goes_to_its_site(tmp_path):
    text = "site,date,rain\n007,2020-05-01,1\n7,2020-05-01,2\n"
    table = with_weather(samples(["2020-05-01"] * 3, ["7", "007", "7"]), read_weather(csv(tmp_path, text)))
    np.testing.assert_array_equal(table.block("weather").values[:, 0], [2, 1, 2])
    with pytest.raises(ProbeError, match="the samples have no sites"):
        with_weather(samples(["2020-05-01"]), read_weather(csv(tmp_path, text)))


def test_days_without_weather_are_refused_with_their_number_and_the_first(tmp_path):
    days = ["2020-05-01", "2020-05-09", "2020-05-08", "2020-05-08"]
    with pytest.raises(ProbeError, match=r"missing \[2 of 3 days, the first 2020-05-08\]"):
        with_weather(samples(days), read_weather(csv(tmp_path, DAILY)))
    undated = samples(["2020-05-01", "NaT"])
    with pytest.raises(ProbeError, match="without a day"):
        with_weather(undated, read_weather(csv(tmp_path, DAILY)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,rain\n2020-05-01,\n", "rain on 2020-05-01, 1 in all"),
        ("date,rain\n2020-05-01,1\n2020-05-01,2\n", "twice.*2020-05-01"),
        ("date,rain\nMay,1\n", "date of the weather can't be read.*May"),
        ("day,rain\n2020-05-01,1\n", "date"),
        ("date,note\n2020-05-01,wet\n", "no numeric column"),
    ],
)
def test_tables_that_are_no_weather_are_refused(tmp_path, text, message):
    with pytest.raises(ProbeError, match=message):
        read_weather(csv(tmp_path, text))


def test_a_probe_on_weather_alone_or_beside_the_embedding_names_its_features(tmp_path):
    table = with_weather(
        samples(["2020-05-01", "2020-05-02", "2020-05-03"]), read_weather(csv(tmp_path, DAILY))
    )
    probe = fit_probe(table, ProbeRecipe(blocks=("embedding", "weather")))
    assert probe.feature_names == ("e01", "temperature", "rain")
    assert probe.predict_table(table).values.shape == (3,)
