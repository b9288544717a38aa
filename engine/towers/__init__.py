"""Flux towers: FLUXNET, ICOS and AmeriFlux files → daily GPP with quality control, and footprints."""
