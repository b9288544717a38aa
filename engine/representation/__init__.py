"""The representation models: `dense` (ours, the default) and `paper` (the published one)."""
