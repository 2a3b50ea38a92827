"""Exchange: blueprints in; later other systems (registry interfaces, connectors, agreements).

Owns: reading a blueprint's folder and applying it by the commands of the rooms below. Has no table:
what is applied stands in those rooms, and the folder's hashes in `places.Country`.

Invariant: a blueprint is applied whole or not at all, and applied again changes nothing.
"""
