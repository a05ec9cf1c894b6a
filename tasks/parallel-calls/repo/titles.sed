# Makes headings of a wiki headings of Markdown.
s/^= \(.*\) =$/# \1/
