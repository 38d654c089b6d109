"""OGC API: features, tiles and processes, as the standards have them."""
