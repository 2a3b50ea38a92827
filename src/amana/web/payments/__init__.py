"""Pages of payments: payrolls from preparation to reconciliation, payments with their trail."""
