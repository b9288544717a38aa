"""How fast is `dense` beside `paper`? Encoding only, the same windows, in one run; a table of ratios.

A window is 11 acquisitions of both sensors around a target date. `paper` encodes each pixel's window alone. `dense`
encodes each frame once: for a single date (the worst case, nothing is shared between dates), for a series whose 50
target dates have windows of the same 11 + 11 acquisitions, and for that series with the model's own reach of 90 days.
Random values: speed does not depend on them.

    python tests/benchmarks/families.py [--size 128] [--windows 16] [--rounds 5] [--device cpu]
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable

import torch
from phenolens.engine.representation.fusion import DenseModel
from phenolens.engine.representation.interface import Observations
from phenolens.engine.representation.paper import PaperModel

FRAMES = 11


def observe(bands: int, frames: int, size: int, device: str) -> Observations:
    values = torch.rand(frames, bands, size, size)
    days = torch.arange(frames).double() * 5 + 17_500
    seen = Observations(values, torch.ones_like(values, dtype=torch.bool), days, torch.ones(frames))
    return seen.to(device)


def seconds(work: Callable[[], object], device: str) -> float:
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--windows", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    device, size, windows = options.device, options.size, options.windows
    torch.manual_seed(0)
    dense, paper = DenseModel().eval().to(device), PaperModel().eval().to(device)
    # 5 days between frames: 5 frames on each side of a target date, no more
    short = DenseModel(dataclasses.replace(dense.config, reach_days=27.5)).eval().to(device)

    whole = size + 2 * dense.halo
    image = {"s1": observe(2, FRAMES, whole, device), "s2": observe(10, FRAMES, whole, device)}
    series = {"s1": observe(2, 60, whole, device), "s2": observe(10, 60, whole, device)}
    target, targets = image["s2"].days[FRAMES // 2 :][:1], series["s2"].days[5:-5]
    s1, s2 = (torch.rand(windows, FRAMES, bands, 15, 15, device=device) for bands in (2, 10))
    gaps = torch.full((windows, FRAMES - 1), 5, device=device)
    apart = torch.zeros(windows, dtype=torch.long, device=device)

    cases: dict[str, tuple[int, Callable[[], object]]] = {
        "paper, one window per pixel-date": (
            windows,
            lambda: paper.encode_windows(s1, s2, gaps, gaps, apart),
        ),
        "dense, the same 11 + 11 frames, one date": (size**2, lambda: dense.embed(image, target)),
        "dense, 50 dates, windows of 11 + 11 frames": (size**2 * 50, lambda: short.embed(series, targets)),
        "dense, 50 dates, all frames within 90 days": (size**2 * 50, lambda: dense.embed(series, targets)),
    }
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for work in cases.values():
        work[1]()
    for _ in range(options.rounds):  # interleaved, so that a busy moment hits all of them
        for name, (count, work) in cases.items():
            rates[name].append(count / seconds(work, device))

    base = statistics.median(rates["paper, one window per pixel-date"])
    print(f"{'':42} {'pixel-dates/s':>14} {'min':>10} {'max':>10} {'× paper':>9}")
    for name, rate in rates.items():
        middle = statistics.median(rate)
        print(f"{name:42} {middle:14,.1f} {min(rate):10,.1f} {max(rate):10,.1f} {middle / base:9,.0f}")
    print(
        f"device {device}, {torch.get_num_threads()} threads, median of {options.rounds} interleaved rounds"
    )


if __name__ == "__main__":
    main()
