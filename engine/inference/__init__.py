"""Dense inference: tiles planned by memory, resumable, cancellable."""
