"""Talk to a Phenolens service from any Python: the standard library alone, Python 3.9 or newer."""
