# Counts the requests of each status in an access log.
{ printf "line %d: status %s, %d bytes, from %s\n", NR, $3, $4, $1; count[$3]++ }
END { for (status in count) print status, count[status] }
