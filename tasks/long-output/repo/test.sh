said=$(bash log.sh | awk -f report.awk)
[ "$said" = "200 2999
unknown 1" ] || { echo "the report has $(echo "$said" | wc -l) lines"; exit 1; }
