"""Results as files that open right anywhere: GeoTIFF, styles, attribute tables, STAC, tables."""
