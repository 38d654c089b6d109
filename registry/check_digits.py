"""The check digit of ISO 7064 MOD 11,10 (GB/T 17710), and the variant of it that house codes in use have as well.

Each digit is added to a carry, the sum is taken modulo 10, doubled and taken modulo 11. The standard writes 10 for a sum
that leaves nothing, so that ten carries lead to ten carries and every wrong digit is found. The variant leaves that step
out: carries 0 and 10 then fall together, and some wrong digits with them.
"""

__all__ = ["VARIANTS", "check_digit", "fitting_variant"]

# what is written for a sum that leaves nothing
VARIANTS = {"iso7064": 10, "without_ten": 0}
BOTH = "both"


def check_digit(digits: str, *, variant: str = "iso7064") -> str:
    """Return the check digit of ASCII digits."""
    carry = 10
    for digit in digits:
        carry = ((int(digit) + carry) % 10 or VARIANTS[variant]) * 2 % 11
    return str((11 - carry) % 10)


def fitting_variant(digits: str, check: str) -> str | None:
    """Return the variant by which a check digit fits: ``iso7064``, ``without_ten``, ``both`` or None."""
    fitting = [variant for variant in VARIANTS if check_digit(digits, variant=variant) == check]
    return BOTH if len(fitting) == len(VARIANTS) else next(iter(fitting), None)
