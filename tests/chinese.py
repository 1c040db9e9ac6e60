"""Whether a text reads in Chinese: it has some, and no English sentence."""

import re

#: Words that hold an English sentence together: even one alone is what a translation left over.
LEFT_OVER = re.compile(r"(?<![-\w])(?:are|has|have|is|meant|must|perhaps|the|was|which)(?![-\w])")
CHINESE = re.compile("[\u4e00-\u9fff]")
#: Three words in a row are a sentence; what is quoted or a path is data.
SENTENCE = re.compile("[A-Za-z]{2,}(?:,? [A-Za-z]{2,}){2,}")
QUOTED = re.compile(r"""'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|\([^()\n]*\)|/[\w./-]+""")


def in_chinese(text):
    own = QUOTED.sub("''", text)
    return CHINESE.search(text) is not None and not (SENTENCE.search(own) or LEFT_OVER.search(own))
