"""Files ⇄ clean features: formats, encodings, coordinate systems, the catalogue, editions.

Files in, frames out; no database. `reading` and `writing` are the doors; `catalogue` and `editions` know what a layer is.
"""
