"""Deflate in Python, bit for bit as zlib writes it at level 6: for machines whose library writes something else.

Any decompressor reads what any compressor writes, but only the same algorithm writes the same bytes, and so the same
digests. This is zlib's: hash chains of three bytes, lazy matching, blocks of 16,383 symbols, the cheapest of stored,
fixed and dynamic codes. It is some fifty times slower than zlib. Source: RFC 1951.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["deflate_slowly"]

#: zlib's settings of level 6: from which length on to search less, not to defer, and to be content; and how far to go.
_GOOD, _LAZY, _NICE, _CHAIN = 8, 16, 128, 128
_MIN_MATCH, _MAX_MATCH = 3, 258
_MAX_DISTANCE = 32768 - (_MAX_MATCH + _MIN_MATCH + 1)
#: A match of three bytes that is farther away costs more than the bytes.
_TOO_FAR = 4096
_BLOCK_SYMBOLS = 16383
_HASH_MASK = 0x7FFF
_END_OF_BLOCK = 256

#: Extra bits of length, distance and code-length codes. Source: RFC 1951, section 3.2.5 and 3.2.7.
_LENGTH_EXTRA = (*(0,) * 8, *(n for n in range(1, 6) for _ in range(4)), 0)
_DISTANCE_EXTRA = (0, 0, *(n for n in range(14) for _ in range(2)))
_TREE_EXTRA = (*(0,) * 16, 2, 3, 7)
_TREE_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def _bases(extra: Sequence[int], first: int) -> tuple[int, ...]:
    """The least value of each code."""
    found = [first]
    for bits in extra[:-1]:
        found.append(found[-1] + (1 << bits))
    return tuple(found)


def _codes_of(bases: Sequence[int], extra: Sequence[int], last: int) -> tuple[int, ...]:
    """The code of each value."""
    found = [0] * (last + 1)
    for code, (base, bits) in enumerate(zip(bases, extra, strict=True)):
        for value in range(base, min(base + (1 << bits), last + 1)):
            found[value] = code
    return tuple(found)


#: The longest match has a code of its own, though the code before could say it.
_LENGTH_BASE = (*_bases(_LENGTH_EXTRA[:-1], _MIN_MATCH), _MAX_MATCH)
_LENGTH_CODE = _codes_of(_LENGTH_BASE, _LENGTH_EXTRA, _MAX_MATCH)
_DISTANCE_BASE = _bases(_DISTANCE_EXTRA, 1)
_DISTANCE_CODE = _codes_of(_DISTANCE_BASE, _DISTANCE_EXTRA, 32768)

#: A symbol: a literal byte as it is and 0, or a match's length and distance.
Symbol = tuple[int, int]


def deflate_slowly(content: bytes) -> bytes:
    """Raw deflate of some bytes, as zlib's level 6 writes it when it gets them at once."""
    bits = _Bits()
    for start, end, symbols, is_last in _blocks(content):
        _write_block(bits, content[start:end], symbols, is_last=is_last)
    return bits.finish()


def _blocks(content: bytes) -> Iterator[tuple[int, int, list[Symbol], bool]]:
    """The blocks: where each begins and ends, its symbols, and whether it is the last."""
    start = end = 0
    symbols: list[Symbol] = []
    for symbol in _symbols(content):
        symbols.append(symbol)
        end += symbol[0] if symbol[1] else 1
        if len(symbols) == _BLOCK_SYMBOLS:
            yield start, end, symbols, False
            start, symbols = end, []
    yield start, end, symbols, True


def _symbols(content: bytes) -> Iterator[Symbol]:
    """Literals and matches; a match is put off when the next byte begins a longer one."""
    chains = _Chains(content)
    length, source, at, is_put_off = 2, 0, 0, False
    while at < len(content):
        head = chains.insert(at)
        previous_length, previous_source, length = length, source, 2
        if head and previous_length < _LAZY and at - head <= _MAX_DISTANCE:
            length, source = chains.longest(at, head, previous_length, source)
            if length == _MIN_MATCH and at - source > _TOO_FAR:
                length = 2
        if previous_length >= _MIN_MATCH and length <= previous_length:
            yield previous_length, at - 1 - previous_source
            end = at - 1 + previous_length
            for place in range(at + 1, end):
                chains.insert(place)
            at, length, is_put_off = end, 2, False
            continue
        if is_put_off:
            yield content[at - 1], 0
        at, is_put_off = at + 1, True
    if is_put_off:
        yield content[at - 1], 0


class _Chains:
    """Where each three bytes were before, latest first; the very first place counts as none."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._heads = [0] * (_HASH_MASK + 1)
        self._previous = [0] * len(content)

    def insert(self, at: int) -> int:
        """Adds a place and gives the one before it in its chain; 0 where there is none."""
        content = self._content
        if at + _MIN_MATCH > len(content):
            return 0
        key = (content[at] << 10 ^ content[at + 1] << 5 ^ content[at + 2]) & _HASH_MASK
        head = self._previous[at] = self._heads[key]
        self._heads[key] = at
        return head

    def longest(self, at: int, candidate: int, best: int, source: int) -> tuple[int, int]:
        """The longest match that is longer than `best`, the nearest of those; else `best` and `source` as they were."""
        content, previous = self._content, self._previous
        ahead = len(content) - at
        nice, most = min(_NICE, ahead), min(_MAX_MATCH, ahead)
        limit = max(at - _MAX_DISTANCE, 0)
        wanted = content[at : at + best + 1]
        for _ in range(_CHAIN >> 2 if best >= _GOOD else _CHAIN):
            if content.startswith(wanted, candidate):
                best, source = len(wanted), candidate
                while best < most and content[candidate + best] == content[at + best]:
                    best += 1
                if best >= nice:
                    break
                wanted = content[at : at + best + 1]
            candidate = previous[candidate]
            if candidate <= limit:
                break
        return min(best, ahead), source


class _Bits:
    """Bits in deflate's order: from the lowest of each byte."""

    def __init__(self) -> None:
        self._whole = bytearray()
        self._value = self._count = 0

    def add(self, value: int, count: int) -> None:
        """Appends the `count` lowest bits of `value`."""
        self._value |= value << self._count
        self._count += count
        if self._count >= 4096:
            self._spill()

    def add_bytes(self, content: bytes) -> None:
        """Appends bytes from the next whole byte on."""
        self.finish()
        self._whole += content

    def finish(self) -> bytes:
        """Fills the last byte with zeros, and gives all."""
        self._count += -self._count % 8
        self._spill()
        return bytes(self._whole)

    def _spill(self) -> None:
        size, self._count = divmod(self._count, 8)
        self._whole += (self._value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        self._value >>= 8 * size


@dataclass(slots=True)
class _Tree:
    """A Huffman code in the making. Source: RFC 1951, section 3.2.2.

    Attributes:
        counts: How often each symbol comes.
        extra: Extra bits of the symbols from `base` on.
        limit: The longest code, in bits.
        lengths: Bits of each symbol's code; 0 for those that do not come.
        codes: With its first bit lowest.
        last: The last symbol that has a code.
        cost: Of all symbols with their extra bits, in bits.
    """

    counts: list[int]
    extra: tuple[int, ...]
    base: int = 0
    limit: int = 15
    lengths: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    last: int = -1
    cost: int = 0

    def __post_init__(self) -> None:
        counts = list(self.counts)
        used = [symbol for symbol, count in enumerate(counts) if count]
        self.last = used[-1] if used else -1
        while len(used) < 2:
            # A code has two symbols at least: those that are not there count once, and cost nothing.
            self.last, lone = (self.last + 1, self.last + 1) if self.last < 2 else (self.last, 0)
            used.append(lone)
            counts[lone] = 1
        self.lengths = _limited_lengths(counts, used, self.limit)
        self.codes = _canonical_codes(self.lengths)
        self.cost = self.cost_by(self.lengths)

    def cost_by(self, lengths: Sequence[int]) -> int:
        """What all symbols cost with codes of these lengths."""
        base = self.base
        return sum(
            count * (lengths[symbol] + (self.extra[symbol - base] if symbol >= base else 0))
            for symbol, count in enumerate(self.counts)
            if count
        )


def _limited_lengths(counts: list[int], used: list[int], limit: int) -> list[int]:
    """Code lengths by Huffman's way; equal counts in zlib's order, and too long codes shortened as zlib does."""
    elements = len(counts)
    parents, order = _join(counts, used)
    lengths = [0] * (elements + len(used))
    by_length = [0] * (limit + 1)
    too_long = 0
    for node in order[1:]:
        bits = lengths[parents[node]] + 1
        too_long += bits > limit
        lengths[node] = bits = min(bits, limit)
        by_length[bits] += node < elements
    if too_long:
        _shorten(by_length, too_long, limit)
        leaves = (node for node in reversed(order) if node < elements)
        for bits in range(limit, 0, -1):
            for _ in range(by_length[bits]):
                lengths[next(leaves)] = bits
    return lengths[:elements]


def _join(counts: list[int], used: list[int]) -> tuple[dict[int, int], list[int]]:
    """Huffman's tree: each node's parent, and all nodes from the root down in the order they were joined."""
    counts = counts + [0] * len(used)
    depths = [0] * len(counts)
    heap = [0, *used]

    def is_before(one: int, other: int) -> bool:
        return (counts[one], depths[one]) <= (counts[other], depths[other])

    def sink(at: int) -> None:
        node, below = heap[at], 2 * at
        while below < len(heap):
            if below + 1 < len(heap) and is_before(heap[below + 1], heap[below]):
                below += 1
            if is_before(node, heap[below]):
                break
            heap[at] = heap[below]
            at, below = below, 2 * below
        heap[at] = node

    for at in range((len(heap) - 1) // 2, 0, -1):
        sink(at)
    parents: dict[int, int] = {}
    joined: list[int] = []
    new = len(counts) - len(used)
    while len(heap) > 2:
        least = heap[1]
        heap[1] = heap[-1]
        heap.pop()
        sink(1)
        second = heap[1]
        joined += (least, second)
        counts[new] = counts[least] + counts[second]
        depths[new] = max(depths[least], depths[second]) + 1
        parents[least] = parents[second] = new
        heap[1] = new
        sink(1)
        new += 1
    return parents, [heap[1], *reversed(joined)]


def _shorten(by_length: list[int], too_long: int, limit: int) -> None:
    """Makes room for codes that were too long: one that is shorter becomes the parent of two."""
    while too_long > 0:
        bits = limit - 1
        while not by_length[bits]:
            bits -= 1
        by_length[bits] -= 1
        by_length[bits + 1] += 2
        by_length[limit] -= 1
        too_long -= 2


def _canonical_codes(lengths: Sequence[int]) -> list[int]:
    longest = max(lengths)
    following, code = [0] * (longest + 1), 0
    for bits in range(1, longest + 1):
        code = (code + sum(1 for length in lengths if length == bits - 1 and length)) << 1
        following[bits] = code
    codes = []
    for length in lengths:
        codes.append(int(f"{following[length]:0{length}b}"[::-1], 2) if length else 0)
        following[length] += 1
    return codes


_FIXED_LENGTHS = (*(8,) * 144, *(9,) * 112, *(7,) * 24, *(8,) * 8)
_FIXED_CODES = _canonical_codes(_FIXED_LENGTHS)
_FIXED_DISTANCES = (5,) * 30
_FIXED_DISTANCE_CODES = _canonical_codes(_FIXED_DISTANCES)


def _write_block(bits: _Bits, content: bytes, symbols: list[Symbol], *, is_last: bool) -> None:
    """Writes a block in the cheapest of the three ways.

    zlib does not store a block that began before its window; such a block is never cheaper stored, since all its
    matches are at most 22 bits for each three bytes.
    """
    literals, distances = _trees(symbols)
    runs = [*_runs(literals.lengths[: literals.last + 1]), *_runs(distances.lengths[: distances.last + 1])]
    counts = [0] * len(_TREE_ORDER)
    for code, _ in runs:
        counts[code] += 1
    lengths = _Tree(counts, _TREE_EXTRA, limit=7)
    stated = max(4, *(rank + 1 for rank, code in enumerate(_TREE_ORDER) if lengths.lengths[code]))
    dynamic = (literals.cost + distances.cost + lengths.cost + 3 * stated + 17 + 7) >> 3
    fixed = (literals.cost_by(_FIXED_LENGTHS) + distances.cost_by(_FIXED_DISTANCES) + 3 + 7) >> 3
    if len(content) + 4 <= min(dynamic, fixed):
        bits.add(is_last, 3)
        size = len(content).to_bytes(2, "little")
        bits.add_bytes(size + bytes(byte ^ 0xFF for byte in size) + content)
    elif fixed <= dynamic:
        bits.add(2 + is_last, 3)
        _write_symbols(bits, symbols, _FIXED_LENGTHS, _FIXED_CODES, _FIXED_DISTANCES, _FIXED_DISTANCE_CODES)
    else:
        bits.add(4 + is_last, 3)
        bits.add(literals.last - 256, 5)
        bits.add(distances.last, 5)
        bits.add(stated - 4, 4)
        for code in _TREE_ORDER[:stated]:
            bits.add(lengths.lengths[code], 3)
        for code, value in runs:
            bits.add(lengths.codes[code], lengths.lengths[code])
            bits.add(value, _TREE_EXTRA[code])
        _write_symbols(bits, symbols, literals.lengths, literals.codes, distances.lengths, distances.codes)


def _trees(symbols: list[Symbol]) -> tuple[_Tree, _Tree]:
    literals, distances = [0] * 286, [0] * 30
    literals[_END_OF_BLOCK] = 1
    for value, distance in symbols:
        if distance:
            literals[257 + _LENGTH_CODE[value]] += 1
            distances[_DISTANCE_CODE[distance]] += 1
        else:
            literals[value] += 1
    return _Tree(literals, _LENGTH_EXTRA, 257), _Tree(distances, _DISTANCE_EXTRA)


def _runs(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Code lengths as code-length codes with the value of their extra bits: repeated ones are counted.

    Source: RFC 1951, section 3.2.7.
    """
    at = 0
    previous = -1
    while at < len(lengths):
        length = lengths[at]
        most, least = (138, 3) if length == 0 else (6, 3) if length == previous else (7, 4)
        count = 1
        while count < most and at + count < len(lengths) and lengths[at + count] == length:
            count += 1
        if count < least:
            yield from ((length, 0) for _ in range(count))
        elif length == 0:
            yield (17, count - 3) if count <= 10 else (18, count - 11)
        else:
            if length != previous:
                yield length, 0
            yield 16, count - 3 - (length != previous)
        at, previous = at + count, length


def _write_symbols(
    bits: _Bits,
    symbols: list[Symbol],
    lengths: Sequence[int],
    codes: Sequence[int],
    distance_lengths: Sequence[int],
    distance_codes: Sequence[int],
) -> None:
    add = bits.add
    for value, distance in symbols:
        if not distance:
            add(codes[value], lengths[value])
            continue
        code = _LENGTH_CODE[value]
        add(codes[257 + code], lengths[257 + code])
        add(value - _LENGTH_BASE[code], _LENGTH_EXTRA[code])
        code = _DISTANCE_CODE[distance]
        add(distance_codes[code], distance_lengths[code])
        add(distance - _DISTANCE_BASE[code], _DISTANCE_EXTRA[code])
    add(codes[_END_OF_BLOCK], lengths[_END_OF_BLOCK])
