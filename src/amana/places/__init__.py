"""Places: areas through time, organisations and offices.

Words: an *area* is a piece of the country on one level of the blueprint (province, district, ward);
its *path* lists its ancestors from the top down to itself. An *office* is where people are served;
scope follows residence or the serving office.

Invariants: an area is never its own ancestor; a code is unique among the areas of one scheme that
are valid at one time; intervals are half-open.
"""
