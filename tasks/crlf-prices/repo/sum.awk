# Adds up the second column of a file with CRLF line ends.
BEGIN { FS = ","; ORS = "\r\n" }
NR > 1 { sum += $1 }
END { print "sum", sum }
