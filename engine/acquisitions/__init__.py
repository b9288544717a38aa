"""Acquisitions: where Sentinel-1 and Sentinel-2 series come from."""
