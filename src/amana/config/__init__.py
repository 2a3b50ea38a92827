"""Configuration: Django's settings, read from the environment alone, and the addresses served."""
