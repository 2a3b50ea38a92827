"""Amana."""
