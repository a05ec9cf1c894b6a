from cart import receipt, total
from tax import tax

assert tax("book", 999) == 70, "tax is in whole cents, rounded"
assert total([("book", 1000), ("toy", 100)]) == 1189, "the total includes tax"
assert receipt([("toy", 100)]) == "total 1.19", "a receipt shows units with two digits"
