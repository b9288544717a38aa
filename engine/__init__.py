"""Phenolens engine: area → grid → acquisitions → encoders → fusion → embedding store → views."""
