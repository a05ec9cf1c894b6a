# Prints an access log of 3000 requests, one of which is unlike the others.
awk 'BEGIN { for (i = 1; i <= 3000; i++) print "10.0.0." i % 250, "/page/" i, (i == 1717 ? "-" : 200), i * 7 }'
