# Makes links of a wiki links of Markdown.
s/\[\[\([^|]*\)|\([^]]*\)\]\]/[\1](\2)/
