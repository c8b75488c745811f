# SPDX-License-Identifier: Apache-2.0
"""The seeded draws of a run, as docs/design.md 8 defines them.

Philox 4x32-10 (Salmon et al., SC 2011).  A stream is named by (seed, purpose, index, subindex); what else was
drawn has no effect on it.  Logarithms and cosines are the C library's, so that a result may differ in its last
bit on another machine.
"""
import math

import numpy as np

# Purposes that times depend on, by their numbers.
AVAILABILITY, AVAILABILITY_SLOT = 14, 15
LINK_LOSS, LINK_LATENCY = 16, 17
COMPUTE_TIME, COMPUTE_DEVIATION = 21, 23
UPLINK_RATE, DOWNLINK_RATE, DOWNLINK_LOSS, DOWNLINK_LATENCY = 24, 25, 26, 27
MIXUP = 13

_WORD = 0xFFFFFFFF


def philox(counter, key):
    """Ten rounds on four words with a key of two: whole numbers, or uint64 arrays of them."""
    a, b, c, d = counter
    k, m = key
    whole = type(k)
    first, second, word, half = whole(0xD2511F53), whole(0xCD9E8D57), whole(_WORD), whole(32)
    for _ in range(10):
        p, q = first * a, second * c
        a, b, c, d = (q >> half) ^ b ^ k, q & word, (p >> half) ^ d ^ m, p & word
        k, m = (k + whole(0x9E3779B9)) & word, (m + whole(0xBB67AE85)) & word
    return a, b, c, d


class Stream:
    def __init__(self, seed, purpose, index=0, subindex=0):
        seed, index = int(seed), int(index)
        name = philox((index & _WORD, index >> 32, int(subindex), purpose), (seed & _WORD, seed >> 32))
        self._key, self._name = name[:2], (*name[2:], purpose)
        self._blocks, self._words, self._place = 0, (), 0

    def word(self):
        if self._place == len(self._words):
            self._next_words()
        self._place += 1
        return self._words[self._place - 1]

    def _next_words(self):
        """Of one block; of many at once where many were drawn."""
        self._place = 0
        if self._blocks < 8:
            self._words = philox((self._blocks, *self._name), self._key)
            self._blocks += 1
            return
        count = min(self._blocks, 4096)
        blocks = np.arange(self._blocks, self._blocks + count, dtype=np.uint64)
        counter = (blocks, *(np.full(count, word, np.uint64) for word in self._name))
        self._words = np.stack(philox(counter, tuple(map(np.uint64, self._key))), axis=1).ravel().tolist()
        self._blocks += count

    def two_words(self):
        low = self.word()
        return self.word() << 32 | low

    def uniform(self):
        """In [0, 1), from the upper 53 of 64 bits."""
        return (self.two_words() >> 11) * 2.0**-53

    def below(self, bound):
        """A whole number below `bound`, without bias."""
        most = 2**64 // bound * bound
        value = self.two_words()
        while value >= most:
            value = self.two_words()
        return value % bound

    def normal(self):
        """Box and Muller's, the cosine of the two."""
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def positive_normal(self, mean, deviation):
        while True:
            value = mean + deviation * self.normal()
            if value > 0:
                return value

    def log_gamma(self, shape):
        """The logarithm of a draw of Gamma(shape, 1): Marsaglia and Tsang's."""
        if shape < 1:
            return self.log_gamma(shape + 1) + math.log(1 - self.uniform()) / shape
        d = shape - 1 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.normal()
            t = 1 + c * x
            if t <= 0:
                continue
            v = t * t * t
            if math.log(1 - self.uniform()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return math.log(d * v)

    def shuffle(self, values):
        for left in range(len(values), 1, -1):
            place = self.below(left)
            values[left - 1], values[place] = values[place], values[left - 1]
