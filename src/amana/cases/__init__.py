"""Cases: grievances, appeals, case management and referrals.

Nothing is built here yet; the complaint book comes first. The room stands above payments, so that a
case can be about a payment, a list, a decision or a fact, and none of those need know of it.
"""
