"""Long work: queued, run in processes of its own, listed honestly whatever happens to them."""
