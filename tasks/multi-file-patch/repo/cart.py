from tax import tax


def total(lines):
    return sum(cents for kind, cents in lines)


def receipt(lines):
    return f"total {total(lines)}"
