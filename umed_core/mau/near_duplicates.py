"""Near-duplicate pictures: a perceptual hash of each, and clusters of hashes that differ in few bits.

Two copies of one picture - saved again, halved in size, a little brighter, cut by a hundredth at each edge - hash within a
few bits of each other. A split keeps each cluster on one side, so that no test picture was seen in training under
another name. Turned or mirrored copies hash far apart: those are known by their group only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from umed_core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["HASH_BITS", "HASH_NAME", "MAX_DISTANCE", "near_duplicate_clusters", "perceptual_hash"]

HASH_SIDE = 12
HASH_BITS = 2 * HASH_SIDE * HASH_SIDE
HASH_NAME = f"dhash {HASH_SIDE}x{HASH_SIDE}, horizontal and vertical"
"""Whether each cell of a 12 x 12 grid is brighter than its left neighbour, then than its upper one."""

MAX_DISTANCE = 20
"""Bits of HASH_BITS in which two copies may differ; measured against five other hashes in docs/LOG.md."""

PAIRS_AT_ONCE = 1 << 18
"""Pairs compared in one step: 10 MB of hashes on either side."""

LINKS_AT_ONCE = 1 << 20
"""Links kept before clusters are merged: 16 MB."""


def perceptual_hash(picture: Image) -> bytes:
    """The picture's hash, HASH_BITS / 8 bytes; copies differ in few bits."""
    import imagehash

    grey = picture.convert("L")
    halves = (imagehash.dhash(grey, HASH_SIDE).hash, imagehash.dhash_vertical(grey, HASH_SIDE).hash)
    return np.packbits(np.concatenate([half.ravel() for half in halves])).tobytes()


def _no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


def near_duplicate_clusters(
    hashes: Sequence[bytes], max_distance: int, progress: Callable[[int, int], None] = _no_progress
) -> NDArray[np.int64]:
    """A cluster number for each hash, counted from 0 in order of first appearance.

    Hashes that differ in at most `max_distance` bits share a cluster, and so do chains of such hashes.
    `progress(done, total)` counts comparisons by one key out of `total`.
    Raises: ConfigError for a negative distance or hashes of unequal length.
    """
    if max_distance < 0:
        raise ConfigError(f"The near-duplicate distance is {max_distance}.", "Use a number of bits, 0 or more.")
    if len({len(h) for h in hashes}) > 1:
        raise ConfigError("The perceptual hashes differ in length.", "Make all of them with the same version of umed.")
    if not hashes or not hashes[0]:
        return np.zeros(len(hashes), np.int64)
    rows = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1)
    # Equal hashes once: a set with 50,000 black pictures must not cost 50,000^2 comparisons.
    distinct, member_of = np.unique(rows.view(f"V{rows.shape[1]}").ravel(), return_inverse=True)
    clusters = _clusters_of_distinct(distinct.view(np.uint8).reshape(len(distinct), -1), max_distance, progress)
    return _in_order_of_appearance(clusters[member_of])


def _clusters_of_distinct(
    rows: NDArray[np.uint8], max_distance: int, progress: Callable[[int, int], None]
) -> NDArray[np.int64]:
    """Single-link clusters of rows (N, bytes), no two of them equal."""
    clusters = np.arange(len(rows))
    words = _as_words(rows)
    links: list[NDArray[np.int64]] = []
    for done, keys in enumerate(_keys(rows, max_distance)):
        progress(done, 8 * rows.shape[1])  # a key leaves out one bit
        order = _in_runs(keys)
        for left, right in _pairs_in_runs(keys[order], clusters[order]):
            one, other = order[left], order[right]
            distance = np.bitwise_count(words[one] ^ words[other]).sum(axis=1, dtype=np.int64)
            close = distance <= max_distance
            links.append(np.stack([one[close], other[close]]))
            if sum(link.shape[1] for link in links) > LINKS_AT_ONCE:
                clusters, links = _merged(clusters, links), []
        clusters, links = _merged(clusters, links), []
    return clusters


def _keys(rows: NDArray[np.uint8], max_distance: int) -> Iterator[NDArray[np.uint64]]:
    """Numbers (N,), such that any two rows that differ in 1..max_distance bits agree in at least one of those yielded.

    Of d // 2 + 1 disjoint bands of bits, two rows that differ in d bits differ by one bit or none in at least one; leaving
    out each bit of each band in turn finds them. A band takes bits at equal steps: neighbours in a picture go
    together, and a band of neighbours would be shared by half a set. A band's number is the sum of fixed random
    words, one for each bit set. Source: Norouzi et al. 2012, multi-index hashing, with a radius of 1.
    """
    if not max_distance:
        return
    bits = np.unpackbits(rows, axis=1)
    words = np.random.default_rng(0).integers(0, 2**64, bits.shape[1], np.uint64)
    bands = max_distance // 2 + 1
    if bands > bits.shape[1]:  # More bands than bits: any two rows may be that close.
        yield np.zeros(len(rows), np.uint64)
        return
    for band in range(bands):
        whole = bits[:, band::bands].astype(np.uint64) @ words[band::bands]
        for bit in range(band, bits.shape[1], bands):
            yield whole - bits[:, bit] * words[bit]


def _in_runs(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows whose key is not theirs alone, by key."""
    order = np.argsort(keys)
    same = np.diff(keys[order]) == 0
    return order[np.append(same, False) | np.concatenate([[False], same])]


def _pairs_in_runs(
    keys: NDArray[np.uint64], clusters: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Positions (left, right) of the pairs of equal sorted `keys` in unequal `clusters`, about PAIRS_AT_ONCE at a time."""
    if not len(keys):
        return
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    lengths = np.diff(np.append(starts, len(keys)))
    # A run inside one cluster has nothing to tell; once merged, a big family costs no more comparisons.
    mixed = np.minimum.reduceat(clusters, starts) != np.maximum.reduceat(clusters, starts)
    positions = np.flatnonzero(np.repeat(mixed, lengths))
    partners = (np.repeat(starts + lengths, lengths) - 1)[positions] - positions
    before = np.concatenate([[0], np.cumsum(partners)])
    start = 0
    while start < len(positions):
        stop = max(start + 1, int(np.searchsorted(before, before[start] + PAIRS_AT_ONCE, side="right")) - 1)
        count = partners[start:stop]
        left = np.repeat(positions[start:stop], count)
        right = left + 1 + np.arange(len(left)) - np.repeat(before[start:stop] - before[start], count)
        apart = clusters[left] != clusters[right]
        yield left[apart], right[apart]
        start = stop


def _as_words(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The same bits in 64-bit words, padded with zeros."""
    padding = -rows.shape[1] % 8
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, padding)))).view(np.uint64)


def _merged(clusters: NDArray[np.int64], links: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """`clusters` (N,) with those joined that a link (2, L) of rows connects."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = clusters[np.concatenate(links, axis=1)] if links else np.zeros((2, 0), np.int64)
    if not ends.size:
        return clusters
    graph = coo_array((np.ones(ends.shape[1], np.bool_), (ends[0], ends[1])), shape=(len(clusters),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)[clusters]


def _in_order_of_appearance(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
