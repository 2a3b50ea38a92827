"""Exchange: other systems: registry interfaces, connectors, data-sharing agreements.

Holds nothing yet: a later issue builds it on the outbox and on receipts.
"""
