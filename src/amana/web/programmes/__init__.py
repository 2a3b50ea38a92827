"""Pages of programmes: rules in words, runs and their lists, decisions explained, enrolments."""
