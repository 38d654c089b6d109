"""Boundary-point text (界址点): read by lines, rings and stated CRS, and written back."""
