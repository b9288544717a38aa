"""What faces ask of stores, answered at once: maps, tiles, series, selections, previews; no FastAPI, no torch."""
