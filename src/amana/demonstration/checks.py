"""Check digits of the invented country's numbers, over whole columns.

The generator writes numbers with them and the simulated bank refuses numbers whose digits are
wrong.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def luhn_digit(body: Ints) -> Ints:
    """The Luhn digit that completes each number.

    >>> int(luhn_digit(np.array([7992739871]))[0])
    3
    """
    rest = body.astype(np.int64)
    total = np.zeros_like(rest)
    double = True
    while rest.any():
        digit = rest % 10
        if double:
            digit = digit * 2
            digit = np.where(digit > 9, digit - 9, digit)
        total += digit
        rest = rest // 10
        double = not double
    return np.asarray((10 - total % 10) % 10)


def bank_account_check(body: Ints) -> Ints:
    """Two check digits of a bank account: 98 less the remainder of body x 100 by 97 (ISO 7064).

    >>> int(bank_account_check(np.array([123456789012]))[0])
    44
    """
    return np.asarray(98 - (body.astype(np.int64) * 100) % 97)


def is_bank_account(number: str) -> bool:
    """Say whether the check digits of an account number are right.

    >>> is_bank_account("12345678901244"), is_bank_account("12345678901245"), is_bank_account("x")
    (True, False, False)
    """
    if not (number.isascii() and number.isdigit() and len(number) == 14):
        return False
    return int(bank_account_check(np.array([int(number[:12])]))[0]) == int(number[12:])
