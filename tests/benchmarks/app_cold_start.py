"""How long the app takes from its command to a window that can be used, and to an engine that answers.

Usage: app_cold_start.py [--runs 5]
Each run is a process of its own with an empty workspace, without a screen. Prints medians, what was loaded that should
not be, and the modules that took longest to import."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LATE = ("PySide6.QtWebEngineCore", "matplotlib", "folium", "torch", "scipy", "pandas")
"""What has no place in a start."""
RUN = """
import json, sys, time
from pathlib import Path
begun = float(sys.argv[2])
import phenolens.app.application as start
imported = time.time() - begun
from PySide6.QtCore import QSettings
application = start.QApplication([])
theme = start.theme_named("light")
start.apply_theme(application, theme)
workspace = Path(sys.argv[1])
window = start.MainWindow(start.EngineLink(workspace), theme, QSettings(str(workspace / "x.ini"), QSettings.IniFormat))
window.show()
application.processEvents()
seen = time.time() - begun
window.link.start()
while window.link.state.name == "starting":
    application.processEvents()
    time.sleep(0.005)
print(json.dumps({"imported": imported, "window": seen, "engine": time.time() - begun, "loaded": sorted(sys.modules)}))
window.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    found = [started() for _ in range(parser.parse_args().runs)]
    print(f"{'until':<28}{'median s':>10}{'longest s':>11}")
    for name, title in (
        ("imported", "everything is imported"),
        ("window", "the window is drawn"),
        ("engine", "a fresh engine answers"),
    ):
        times = [one[name] for one in found]
        print(f"{title:<28}{statistics.median(times):>10.2f}{max(times):>11.2f}")
    print("loaded too early:", ", ".join(name for name in LATE if name in found[0]["loaded"]) or "nothing")
    print("\nlongest imports, with what they import:")
    for milliseconds, module in longest_imports()[:8]:
        print(f"{milliseconds:>8.0f} ms  {module}")


def started() -> dict:
    """Of one run."""
    import time

    from phenolens.engine.client.launch import stop

    with tempfile.TemporaryDirectory() as workspace:
        command = [sys.executable, "-c", RUN, workspace, str(time.time())]
        told = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=True).stdout
        stop(Path(workspace))
    return json.loads(told.splitlines()[-1])


def longest_imports() -> list[tuple[float, str]]:
    command = [sys.executable, "-X", "importtime", "-c", "import phenolens.app.application"]
    told = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=True).stderr
    rows = [
        line.split("|") for line in told.splitlines() if line.count("|") == 2 and "cumulative" not in line
    ]
    return sorted(((int(total) / 1000, module.strip()) for _, total, module in rows), reverse=True)


def _environment() -> dict[str, str]:
    return {"QT_QPA_PLATFORM": "offscreen", **os.environ}


if __name__ == "__main__":
    main()
