import pytest
import torch
from phenolens.engine.errors import InputError, ResourceError
from phenolens.engine.inference.device import Compute


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_asked_for_and_absent_is_an_error():
    with pytest.raises(ResourceError, match="no CUDA device"):
        Compute("cuda").resolve()


def test_the_cpu_computes_in_float32_unless_asked_otherwise():
    assert Compute("cpu").resolve() == (torch.device("cpu"), torch.float32)
    assert Compute("cpu", "bfloat16").resolve()[1] == torch.bfloat16


def test_unknown_devices_and_precisions_are_refused():
    with pytest.raises(InputError, match="tpu"):
        Compute("tpu")
    with pytest.raises(InputError, match="float16"):
        Compute("cpu", "float16")
