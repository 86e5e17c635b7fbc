"""Copies of a picture hash alike; clusters are those that comparing every pair would give."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from umed_core.errors import ConfigError
from umed_core.mau.near_duplicates import HASH_BITS, MAX_DISTANCE, near_duplicate_clusters, perceptual_hash


def soft_noise(seed: int, width: int = 200, height: int = 160) -> Image.Image:
    """A smooth grey picture that no other seed resembles."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 16), np.uint8)
    picture = Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)
    return picture.filter(ImageFilter.GaussianBlur(2))


def saved_again(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=50)
    return Image.open(file)


def hash_of(path: Path) -> bytes:
    with Image.open(path) as picture:
        return perceptual_hash(picture)


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


COPIES = {
    "jpeg of quality 50": saved_again,
    "half the size": lambda p: p.resize((p.width // 2, p.height // 2)),
    "a tenth brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.1),
    "one in a hundred cut at each edge": lambda p: p.crop((2, 2, p.width - 2, p.height - 2)),
    "grey written as colour": lambda p: p.convert("RGB"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_stays_within_the_distance(copy: str) -> None:
    for seed in range(6):
        picture = soft_noise(seed)
        assert distance(perceptual_hash(picture), perceptual_hash(COPIES[copy](picture))) <= MAX_DISTANCE


def test_other_pictures_and_turned_ones_are_far() -> None:
    hashes = [perceptual_hash(soft_noise(seed)) for seed in range(8)]
    hashes.append(perceptual_hash(soft_noise(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    assert near_duplicate_clusters(hashes, MAX_DISTANCE).tolist() == list(range(9))


def test_a_ramp_hashes_as_a_person_would_write_it() -> None:
    """Brighter to the right in every cell, never brighter downwards: 144 ones, then 144 zeros."""
    ramp = Image.fromarray(np.tile(np.arange(0, 256, dtype=np.uint8), (64, 1)))
    assert perceptual_hash(ramp) == b"\xff" * 18 + b"\x00" * 18
    assert HASH_BITS == 288


def test_a_chain_is_one_cluster_and_numbers_follow_appearance() -> None:
    far, first, second, third = b"\xff\xff", b"\x00\x00", b"\x00\x01", b"\x00\x03"
    assert near_duplicate_clusters([far, third, first, second, far], 1).tolist() == [0, 1, 1, 1, 0]
    assert near_duplicate_clusters([far, third, first, far], 1).tolist() == [0, 1, 2, 0]
    assert near_duplicate_clusters([far, third, first], 2).tolist() == [0, 1, 1]
    assert near_duplicate_clusters([far, first], 16).tolist() == [0, 0]
    assert near_duplicate_clusters([], 3).tolist() == []


def by_every_pair(hashes: list[bytes], max_distance: int) -> list[int]:
    cluster = list(range(len(hashes)))
    for i, one in enumerate(hashes):
        for j, other in enumerate(hashes[:i]):
            if distance(one, other) <= max_distance:
                old, new = cluster[i], cluster[j]
                cluster = [new if c == old else c for c in cluster]
    seen: dict[int, int] = {}
    return [seen.setdefault(c, len(seen)) for c in cluster]


@given(st.integers(1, 10), st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 24))
def test_clusters_equal_those_of_every_pair(length: int, seed: int, count: int, max_distance: int) -> None:
    """Families of hashes around a few seeds, some bits apart, so that many pairs lie just inside and just outside."""
    rng = np.random.default_rng(seed)
    seeds = rng.integers(0, 2, (4, length * 8), np.uint8)
    bits = seeds[rng.integers(0, 4, count)]
    flips = rng.random(bits.shape) < rng.choice([0.02, 0.1, 0.3], (count, 1))
    hashes = [row.tobytes() for row in np.packbits(bits ^ flips, axis=1)]
    assert near_duplicate_clusters(hashes, max_distance).tolist() == by_every_pair(hashes, max_distance)


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.sampled_from([8, MAX_DISTANCE]))
def test_real_length_hashes_exactly_at_the_distance_are_found(seed: int, max_distance: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, HASH_BITS, np.uint8)
    inside, outside = bits.copy(), bits.copy()
    inside[rng.choice(HASH_BITS, max_distance, replace=False)] ^= 1
    outside[rng.choice(HASH_BITS, max_distance + 1, replace=False)] ^= 1
    one, near, far = (np.packbits(row).tobytes() for row in (bits, inside, outside))
    assert near_duplicate_clusters([one, near], max_distance).tolist() == [0, 0]
    assert near_duplicate_clusters([one, far], max_distance).tolist() == [0, 1]


def test_many_equal_and_nearly_equal_pictures_cost_no_square() -> None:
    """40,000 black pictures are one hash; 1,000 near-copies of one are one cluster."""
    rng = np.random.default_rng(5)
    bits = np.tile(rng.integers(0, 2, HASH_BITS, np.uint8), (1000, 1))
    bits[np.arange(1000), rng.integers(0, HASH_BITS, 1000)] ^= 1
    bits[np.arange(1000), rng.integers(0, HASH_BITS, 1000)] ^= 1
    hashes = [b"\x00" * 36] * 40_000 + [row.tobytes() for row in np.packbits(bits, axis=1)]
    clusters = near_duplicate_clusters(hashes, MAX_DISTANCE)
    assert np.bincount(clusters).tolist() == [40_000, 1000]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="distance is -1"):
        near_duplicate_clusters([b"a"], -1)
    with pytest.raises(ConfigError, match="differ in length"):
        near_duplicate_clusters([b"a", b"ab"], 1)


def test_real_sets_hold_no_false_giant(umed_data) -> None:
    """50 DeepLesion slices of 10 patients: no two patients share a cluster."""
    folder = umed_data / "deeplesion_samples" / "images"
    if not folder.is_dir():
        pytest.skip("no DeepLesion samples here")
    paths = sorted(folder.iterdir())
    clusters = near_duplicate_clusters([hash_of(path) for path in paths], MAX_DISTANCE)
    patients: dict[int, set[str]] = {}
    for path, cluster in zip(paths, clusters.tolist(), strict=True):
        patients.setdefault(cluster, set()).add(path.name.split("_")[0])
    assert len(paths) >= 50
    assert all(len(names) == 1 for names in patients.values())
