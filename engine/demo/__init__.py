"""The demo: both bundled samples embedded, drawn, and put on one page of pictures."""

from .run import DemoResult, run_demo

__all__ = ["DemoResult", "run_demo"]
