"""Agglomerative clustering with average linkage, by chains of nearest neighbours; time and memory grow with
the square of the number of vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Merge = tuple[float, int, int]
"""Distance at which two clusters became one, and a member of each."""


def merges_of(vectors: Vectors) -> list[Merge]:
    """Return the merges that make one cluster of unit vectors, shape (n, d), by rising cosine distance.

    There are n - 1; the distances are 0 to 2. It takes 4 n² bytes.
    """
    count = len(vectors)
    distances = 1.0 - vectors @ vectors.T
    np.fill_diagonal(distances, np.inf)
    sizes = np.ones(count, np.float32)
    merges: list[Merge] = []
    chain: list[int] = []
    alive = np.ones(count, bool)
    for _ in range(count - 1):
        if not chain:
            chain.append(int(alive.argmax()))
        while True:
            last = chain[-1]
            nearest = int(distances[last].argmin())
            if len(chain) > 1 and distances[last, chain[-2]] <= distances[last, nearest]:
                nearest = chain[-2]  # of equals the one before, or the chain would have no end
                break
            chain.append(nearest)
        kept, gone = nearest, last
        del chain[-2:]
        merges.append((float(distances[kept, gone]), kept, gone))
        weights = sizes[kept], sizes[gone]
        row = (weights[0] * distances[kept] + weights[1] * distances[gone]) / sum(weights)
        sizes[kept] = sum(weights)
        alive[gone] = False
        row[~alive] = np.inf
        row[kept] = np.inf
        distances[kept], distances[:, kept] = row, row
        distances[gone], distances[:, gone] = np.inf, np.inf
    return sorted(merges)


def cut(merges: list[Merge], count: int, clusters: int) -> npt.NDArray[np.intp]:
    """Return the cluster of each of `count` vectors, once only so many `clusters` are left."""
    parents = list(range(count))

    def root(member: int) -> int:
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    for _, one, other in merges[: count - clusters]:
        parents[root(other)] = root(one)
    return np.unique([root(member) for member in range(count)], return_inverse=True)[1]
