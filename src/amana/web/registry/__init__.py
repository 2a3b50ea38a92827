"""Pages of the registry: households, people, what is known of them and from where."""
