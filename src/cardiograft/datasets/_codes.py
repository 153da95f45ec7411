"""The standard annotation codes, and what people call them.

Source: https://physionet.org/physiotools/wfdb/lib/ecgcodes.h and ecgmap.h; abbreviations as in
ANSI/AAMI EC57 and common use (PVC, PAC, RBBB).
"""

import re

# code | symbol | what it is called, by abbreviation or in words
TABLE = """\
1 N normal; normal sinus; sinus; nsr
2 L lbbb; left bundle branch block
3 R rbbb; right bundle branch block
4 a aberr; aberrated atrial premature; aberrated apc; aberrated apb; aberrated pac
5 V pvc; vpc; vpb; pvb; ventricular premature; ventricular ectopic; veb; ves
6 F fusion; fusion ventricular normal
7 J npc; pjc; jpc; jpb; pjb; npb; nodal premature; nodal ectopic
8 A apc; apb; pac; pab; atrial premature; atrial ectopic; aeb
9 S svpb; svpc; svpb ectopic; supraventricular premature; supraventricular ectopic; sveb; sves; \
premature ectopic supraventricular
10 E vesc; ventricular escape
11 j nesc; jesc; nodal escape
12 / pace; paced
13 Q unknown; unclassifiable; unclassified
14 ~ noise; signal quality change
16 | arfct; artifact; isolated qrs like artifact
18 s stch; st change
19 T tch; t wave change
20 * systole
21 D diastole
22 " note; comment; comment annotation
23 = measure; measurement; measurement annotation
24 p pwave; p wave; p wave peak; peak p wave
25 B bbb; bundle branch block; left right bundle branch block
26 ^ pacesp; non conducted pacer spike; non captured pacemaker artifact
27 t twave; t wave; t wave peak; peak t wave
28 + rhythm; rhythm change
29 u uwave; u wave; u wave peak; peak u wave
30 ? learn; learning; not classified during learning
31 ! flwav; ventricular flutter wave
32 [ vfon; start ventricular flutter fibrillation
33 ] vfoff; end ventricular flutter fibrillation
34 e aesc; atrial escape
35 n svesc; supraventricular escape
36 @ link; link external data aux note contains url
37 x napc; non conducted p wave blocked apb; blocked apc; blocked pac; \
blocked apb; non conducted apc; non conducted pac; non conducted apb
38 f pfus; fusion paced normal
39 ( wfon; waveform onset
40 ) wfoff; waveform end
41 r ront; r t premature ventricular; r t pvc; r t
"""
SYMBOLS = {int(line.split()[0]): line.split()[1] for line in TABLE.splitlines()}

# Words that name no other kind of beat, and words for the same.
FILLING = frozenset(
    {"a", "an", "the", "of", "and", "or", "on", "in", "to", "beat", "beats"}
    | {"complex", "complexes", "contraction", "contractions"}
)
SAME = {
    **dict.fromkeys(("extrasystole", "extrasystoles", "extrasystolic"), "premature"),
    **dict.fromkeys(("junctional", "junction"), "nodal"),
    **dict.fromkeys(("aberrant", "aberrantly"), "aberrated"),
    **dict.fromkeys(("pacemaker", "pacing", "pace"), "paced"),
    **dict.fromkeys(("unclassified",), "unclassifiable"),
}


def _key(words: str) -> frozenset[str]:
    spelt = re.findall(r"[a-z0-9]+", words.lower())
    return frozenset(SAME.get(word, word) for word in spelt if word not in FILLING)


MEANINGS = {
    _key(words): line.split()[1]
    for line in TABLE.splitlines()
    for words in line.split(None, 2)[2].split(";")
}


def meaning(code: int, mnemonic: str, description: str) -> str | None:
    """Return the standard symbol for a code that a file defines; None if it isn't known.

    The description counts, then a mnemonic of several letters (``PVC``). A mnemonic of one letter
    means anything, save where it is the standard one of that very code.

    Examples
    --------
    >>> meaning(3, "r", "rbbb"), meaning(1, "v", "premature ventricular contraction")
    ('R', 'V')
    >>> meaning(3, "r", "ripple")
    """
    symbol = MEANINGS.get(_key(description))
    if symbol is None and len(mnemonic) > 1:
        symbol = MEANINGS.get(_key(mnemonic))
    if symbol is None and SYMBOLS.get(code) == mnemonic:
        symbol = mnemonic
    return symbol
