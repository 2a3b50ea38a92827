"""Insight: indicators, dashboards, the cross-tabulator, maps, and open data with disclosure control.

Nothing is built here yet. It will read snapshots and results, never the live tables.
"""
