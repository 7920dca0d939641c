"""Compiles the small regular-expression language that patterns of the contract may use.

A pattern is '^', then parts, then '$'. A part is one ASCII character or a [class], followed by nothing, {n} or
{n,m}. A part of variable length must share no character with what may follow it, so that taking as many
characters as possible is the only reading: the C matcher (src/core/api/text.c) needs no backtracking.
"""


class PatternError(Exception):
    pass


def _class(text, at):
    end = text.find("]", at + 1)
    if end < 0:
        raise PatternError("[ without ]")
    inside, chars, i = text[at + 1:end], set(), 0
    while i < len(inside):
        if i + 2 < len(inside) and inside[i + 1] == "-":
            low, high = ord(inside[i]), ord(inside[i + 2])
            if low > high:
                raise PatternError(f"range {inside[i:i + 3]} is backwards")
            chars.update(range(low, high + 1))
            i += 3
        else:
            chars.add(ord(inside[i]))
            i += 1
    return chars, end + 1


def _count(text, at):
    if at >= len(text) or text[at] != "{":
        return 1, 1, at
    end = text.find("}", at)
    if end < 0:
        raise PatternError("{ without }")
    low, _, high = text[at + 1:end].partition(",")
    if not low.isdigit() or (high and not high.isdigit()):
        raise PatternError("a count is {n} or {n,m}")
    low, high = int(low), int(high or low)
    if low > high or high == 0:
        raise PatternError("a count is {n} or {n,m} with n <= m")
    return low, high, end + 1


def compile_pattern(text):
    """[(set of code points, least, most)]; raises PatternError."""
    if len(text) < 3 or text[0] != "^" or text[-1] != "$":
        raise PatternError("must start with ^ and end with $")
    text, parts, at = text[1:-1], [], 0
    while at < len(text):
        if text[at] in "()*+?|\\^$":
            raise PatternError(f"{text[at]!r} outside a [class] is not supported")
        chars, at = _class(text, at) if text[at] == "[" else ({ord(text[at])}, at + 1)
        low, high, at = _count(text, at)
        if not chars or max(chars) > 0x7E or min(chars) < 0x20:
            raise PatternError("only printable ASCII can be matched")
        parts.append((chars, low, high))
    for i, (chars, low, high) in enumerate(parts):
        for after, after_low, _ in parts[i + 1:]:
            if low != high and chars & after:
                raise PatternError("a part of variable length shares characters with what follows it")
            if after_low > 0:
                break
    return parts
