"""Pages of places: the tree of areas, organisations and offices."""
