"""Scenarios: what-if runs over a snapshot, budgets, errors of inclusion and exclusion, shocks.

Nothing is built here yet. A scenario is a rule set that was never published, run by the same engine
over the same snapshots as a targeting run.
"""
