diff - <(sed -f titles.sed -f links.sed page.wiki) <<'EXPECTED'
# Tools
See [grep](grep.md) and [sed](sed.md).
## Editors
None.
EXPECTED
