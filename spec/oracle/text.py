"""text.md sections 1 and 2: words and tokens, written from the text."""

import package
from pre_tokenizers import PRE, compiled


def words(name, text):
    pieces = [text]
    for rule in PRE[name][0]:
        pieces = [part for piece in pieces for part in (parted(rule(piece), piece) if callable(rule) else cut(rule, piece))]
    return pieces


def parted(places, text):
    ends = [0, *places, len(text)]
    return [text[a:b] for a, b in zip(ends, ends[1:]) if a < b]


def cut(rule, text):
    out, done = [], 0
    for found in compiled(rule, text).finditer(text):
        if done < found.start():
            out.append(text[done : found.start()])
        out.append(text[found.start() : found.end()])
        done = found.end()
    return out + ([text[done:]] if done < len(text) else [])


# Section 1. A vocabulary: flags, special (beginning, end, ...), tokens as (type, text), and pre_tokenizer and merges as pairs
# of ids, or ranks and stripping.

SPACE, WHITE_SPACE = "\u2581", " \t\n\v\f\r"


def literals(text, known):
    """(text before, id) for each found, and the text behind the last."""
    out, at, done = [], 0, 0
    while at < len(text):
        here = [(len(one), id) for one, id in known if text.startswith(one, at)]
        if here:
            length, id = max(here)
            out.append((text[done:at], id))
            at = done = at + length
        else:
            at += 1
    return out, text[done:]


def tokens(vocabulary, segments):
    """segments: (trusted, text)."""
    typed = list(enumerate(vocabulary["tokens"]))
    special = [(text, id) for id, (kind, text) in typed if kind in (2, 3)]
    out, stretch, last = [], "", None
    for trusted, text in segments:
        found, rest = literals(text, special) if trusted else ([], text)
        for before, id in found:
            out += stretched(vocabulary, last, stretch + before) + [id]
            stretch, last = "", id
        stretch += rest
    out += stretched(vocabulary, last, stretch)
    beginning, end = vocabulary["special"][:2]
    if vocabulary["flags"] & 1 and out[:1] != [beginning]:
        out = [beginning, *out]
    if vocabulary["flags"] & 2 and out[-1:] != [end]:
        out = [*out, end]
    return out


def stretched(vocabulary, last, text):
    own = [(text, id) for id, (kind, text) in enumerate(vocabulary["tokens"]) if kind == 4]
    found, rest = literals(text, own)
    out = []
    for before, id in found:
        out += plain(vocabulary, last, before) + [id]
        last = id
    return out + plain(vocabulary, last, rest)


def plain(vocabulary, last, text):
    if "ranks" not in vocabulary:
        return merged(vocabulary, text)
    return scored(vocabulary, text.lstrip(WHITE_SPACE) if last in vocabulary["stripping"] else text)


def scored(vocabulary, text):
    """SentencePiece's BPE, by looking at every pair again and again."""
    typed = list(enumerate(vocabulary["tokens"]))
    ids = {text: id for id, (kind, text) in typed if kind in (1, 4, 5)}
    byte_ids = {text: id for id, (kind, text) in typed if kind == 6}
    if text and vocabulary["flags"] & 4:
        text = " " + text
    row = list(text.replace(" ", SPACE))
    while True:
        joined = [(vocabulary["ranks"][ids[a + b]], at) for at, (a, b) in enumerate(zip(row, row[1:])) if a + b in ids]
        if not joined:
            break
        _, at = min(joined)
        row[at : at + 2] = [row[at] + row[at + 1]]
    out = []
    for part in row:
        out += [ids[part]] if part in ids else [byte_ids[f"<0x{byte:02X}>"] for byte in part.encode()]
    return out


def merged(vocabulary, text):
    name, out = vocabulary["pre_tokenizer"], []
    letters = {byte: letter for letter, byte in package.alphabet().items()}
    ids = {text: id for id, (kind, text) in enumerate(vocabulary["tokens"]) if kind not in (2, 3)}
    ranks = {tuple(pair): rank for rank, pair in enumerate(vocabulary["merges"])}
    for word in words(name, text) if text else []:
        spelled = "".join(letters[byte] for byte in word.encode())
        if PRE[name][1] and spelled in ids:
            out.append(ids[spelled])
            continue
        row = [ids[letter] for letter in spelled if letter in ids]
        while True:
            ranked = [(ranks[pair], at) for at, pair in enumerate(zip(row, row[1:])) if pair in ranks]
            if not ranked:
                break
            _, at = min(ranked)
            joined = vocabulary["tokens"][row[at]][1] + vocabulary["tokens"][row[at + 1]][1]
            row[at : at + 2] = [ids[joined]]
        out += row
    return out
