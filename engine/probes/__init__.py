"""Probes: small models on embeddings, and how far to trust them."""
