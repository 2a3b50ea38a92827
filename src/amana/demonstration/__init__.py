"""The demonstration: an invented country, its people, and the whole chain played through once.

This package stands among the faces. It invents people (`generator`), puts the difficult ones
among them by name (`hard_cases`), plays the bank (`bank`) and calls the commands of the rooms in
the order, and as the persons, of a real programme (`chain`). It has no tables and decides
nothing; whatever it does can be done by hand with the command line.

Nobody in it is real. Names are put together from syllables; places are drawn on a lattice in the
ocean; the country code is XX and the currency XTS, which the standards reserve for such use.
"""
