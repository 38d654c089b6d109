"""DXF drawings: what lies in them, taken apart without a guess, and written back."""
