"""Tables of coordinates: workbooks and delimited text, a row a point or a row a footprint."""
