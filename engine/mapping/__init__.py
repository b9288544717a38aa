"""A probe over a store: maps of classes, values and trust, streamed."""
