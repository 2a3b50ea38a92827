"""Template tags of Amana's pages."""
