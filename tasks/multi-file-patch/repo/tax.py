RATES = {"book": 7, "toy": 19}


def tax(kind, cents):
    return cents * RATES[kind] / 100
