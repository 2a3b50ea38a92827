"""Pages of blueprints: what is applied and in which versions, and the data dictionary."""
