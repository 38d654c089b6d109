"""The generator of the sample district, one module per kind of thing it draws."""
