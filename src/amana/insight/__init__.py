"""Insight: indicators, dashboards, cross-tabulations, maps and open data with disclosure control.

Nothing is built here yet. It will read snapshots and results, never the live tables.
"""
