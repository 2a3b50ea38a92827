"""Payments: entitlements, payrolls, instructions to banks, their statuses, and the ledger.

Words: an *entitlement* is what one enrolment is due for one benefit component and one coverage
period; a *payroll* gathers the payments of a programme for a period; a *payment* is one amount to
one payee on one account and carries *lines*, each for one entitlement; an *instruction file* tells
a provider to pay; a *status message* is the provider's answer; a *movement* is one row of the
double-entry ledger.

Invariants, kept by the database: an entitlement has at most one live line, so nothing is paid
twice; the lines of a payment add up to its amount; nobody approves the payroll they prepared; an
approved payroll is frozen (its payments and lines never change, and a hash of them is kept);
events and movements are only ever added.
"""
