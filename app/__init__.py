"""The desktop app: a thin client of the engine's local service; it computes nothing of its own.

session (frozen state, a selection as a value) → controllers (requests with generations) → panels (views only).
"""
