"""The engine as a local service: one workspace, one port on 127.0.0.1, jobs that survive."""

PROTOCOL = 1
"""Changes when a face written for the old one could misread the new one's answers."""
