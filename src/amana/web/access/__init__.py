"""Pages of access: users and roles, runs, the audit trail."""
