"""Where and in which numbers a model computes."""

from dataclasses import dataclass
from typing import Literal

import torch

from ..errors import InputError, ResourceError

DeviceName = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Compute:
    """Device, precision and compilation, as asked for."""

    device: DeviceName = "auto"
    precision: Precision = "auto"
    """`auto`: float32 on the CPU, bfloat16 where the GPU has it."""
    compile: bool = False
    """`torch.compile` the model: pays for areas that take more than some minutes."""

    def __post_init__(self) -> None:
        if self.device not in ("auto", "cpu", "cuda"):
            raise InputError("no such device", value=self.device, remedy="auto, cpu or cuda")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise InputError("no such precision", value=self.precision, remedy="auto, float32 or bfloat16")

    def resolve(self) -> tuple[torch.device, torch.dtype]:
        """The device and the number type; `ResourceError` if a GPU is asked for and there is none."""
        there = torch.cuda.is_available()
        if self.device == "cuda" and not there:
            raise ResourceError(
                "no CUDA device was found",
                value=f"PyTorch {torch.__version__}",
                remedy="choose --device cpu, or install a CUDA build of PyTorch and the driver",
            )
        device = torch.device("cuda" if there and self.device != "cpu" else "cpu")
        if self.precision == "auto":
            half = device.type == "cuda" and torch.cuda.is_bf16_supported()
            return device, torch.bfloat16 if half else torch.float32
        return device, torch.bfloat16 if self.precision == "bfloat16" else torch.float32
