# SPDX-License-Identifier: Apache-2.0
"""From the five wire precisions to float32 (docs/method.md 1.3)."""

import numpy as np

ENCODINGS = ("fp32", "fp16", "bf16", "int8", "int4")


def decode_vectors(codes, encoding, width, scales=None):
    """Vectors as the server sees them.

    codes     (rows, columns) as stored: float32, float16, uint16 (bf16), int8, or uint8 with two int4 a
              byte, the even index in the low half, two's complement
    encoding  one of ENCODINGS
    width     d, values of a vector; a last odd int4 has half a byte unused
    scales    (rows,) float32 for int8 and int4, else not read
    returns   float32 (rows, width)
    """
    codes = np.asarray(codes)
    if encoding == "fp32":
        values = codes.astype(np.float32, copy=False)
    elif encoding == "fp16":
        values = codes.astype(np.float32)
    elif encoding == "bf16":
        values = (codes.astype(np.uint32) << 16).view(np.float32)
    elif encoding == "int8":
        values = codes.astype(np.float32) * _column(scales)
    elif encoding == "int4":
        nibbles = np.empty((codes.shape[0], 2 * codes.shape[1]), np.int8)
        nibbles[:, 0::2] = codes & 15
        nibbles[:, 1::2] = codes >> 4
        nibbles[nibbles > 7] -= 16
        values = nibbles[:, :width].astype(np.float32) * _column(scales)
    else:
        raise ValueError(f"encoding {encoding!r} is not one of {', '.join(ENCODINGS)}")
    if values.shape[1] != width:
        raise ValueError(f"vectors of {values.shape[1]} values where {width} were expected")
    return values


def _column(scales):
    if scales is None:
        raise ValueError("codes of int8 and int4 need their scales")
    return np.asarray(scales, np.float32)[:, None]


def decode_names(rows, enumerations):
    """`rows` with the numbers of enumerated columns replaced by their names.

    enumerations  {column: {number: name}}; a number without a name becomes its digits
    """
    columns = []
    for column in rows.dtype.names:
        names = enumerations.get(column)
        columns.append((column, rows[column] if names is None else _names(rows[column], names)))
    decoded = np.empty(rows.shape, [(column, values.dtype) for column, values in columns])
    for column, values in columns:
        decoded[column] = values
    return decoded


def _names(numbers, names):
    different, index = np.unique(numbers, return_inverse=True)
    texts = np.array([names.get(int(number), str(number)) for number in different], dtype=np.str_)
    if not len(texts):
        texts = np.array([""], dtype=np.str_)
    return texts[index.reshape(numbers.shape)]
