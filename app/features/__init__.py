"""What the window can do, one module for each step of the work: `install` adds its panels, controllers and actions."""

from . import areas, exploring, probing, projects

FEATURES = (areas.install, exploring.install, probing.install, projects.install)
"""In the order of the steps."""
