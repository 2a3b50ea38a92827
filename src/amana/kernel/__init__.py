"""The kernel: words every room shares, without Django.

Owns: errors with codes, money, periods, public references with check digits, the clock, the act of
running a command, and the embedded PostgreSQL. Nothing here imports another room.
"""
