# What Windows users edit keeps its line ends, the changed lines too.
set -eu
for file in prices.csv sum.awk; do
    if grep -qv $'\r$' "$file"; then
        echo "$file has lines without CRLF"
        exit 1
    fi
done
[ "$(tail -n 1 prices.csv | tr -d '\r')" = "nib,75" ] || { echo "the nib is missing"; exit 1; }
said=$(tr -d '\r' <sum.awk >"$1/sum.awk"; awk -f "$1/sum.awk" prices.csv | tr -d '\r')
[ "$said" = "sum 1475" ] || { echo "it says: $said"; exit 1; }
