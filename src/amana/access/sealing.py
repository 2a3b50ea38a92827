"""Encryption of personal values and keyed hashes to find them by, for one value or a whole column.

A sealed value is 17 bytes of header and the ciphertext: version (1), nonce (8), offset (8, big
endian). AES-256-CTR with the counter block ``nonce ‖ block number``; a column is encrypted as one
stream over its concatenated bytes, and each row keeps the offset at which it starts, so that a
million values are sealed in one call and each can be opened alone. A nonce is random per call.
CTR hides; that a value was not altered is proved by the keyed hash or the seal kept beside it.

A keyed hash is HMAC-SHA256 over the domain and the normalised value: equal values meet, nobody
without the key can try numbers out.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

if TYPE_CHECKING:
    import pyarrow as pa

VERSION: Final = 1
HEADER_BYTES: Final = 17


def _derived_key(purpose: bytes) -> bytes:
    return _derive(settings.AMANA_DATA_KEY, purpose)


@functools.lru_cache(maxsize=8)
def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"amana", info=purpose).derive(key)


def _stream(nonce: bytes, offset: int, data: bytes) -> bytes:
    """Encrypt or decrypt `data` as it stands at `offset` of the stream of a nonce."""
    block, skip = divmod(offset, 16)
    counter = nonce + block.to_bytes(8, "big")
    encryptor = Cipher(algorithms.AES(_derived_key(b"seal")), modes.CTR(counter)).encryptor()
    if skip:
        encryptor.update(bytes(skip))
    return encryptor.update(data) + encryptor.finalize()


def encrypt_text(text: str) -> bytes:
    """Seal one text."""
    nonce = secrets.token_bytes(8)
    header = bytes([VERSION]) + nonce + bytes(8)
    return header + _stream(nonce, 0, text.encode())


def decrypt_text(sealed: bytes | memoryview) -> str:
    """Open one sealed text.

    Raises:
        ValueError: the bytes are not a sealed value.
    """
    data = bytes(sealed)
    if len(data) < HEADER_BYTES or data[0] != VERSION:
        raise ValueError("not a sealed value")
    offset = int.from_bytes(data[9:17], "big")
    return _stream(data[1:9], offset, data[HEADER_BYTES:]).decode()


def encrypt_column(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Seal a column of texts; nulls stay null.

    Args:
        texts: Arrow strings of any length.

    Returns:
        An Arrow large_binary array of the same length.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    plain = pc.cast(pc.cast(texts, pa.large_string()), pa.large_binary())
    count = len(plain)
    if count == 0:
        return pa.array([], pa.large_binary())
    buffers = plain.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int64)[plain.offset : plain.offset + count + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    body = bytes(buffers[2][first:last]) if buffers[2] is not None else b""
    nonce = secrets.token_bytes(8)
    cipher = _stream(nonce, 0, body)
    starts = offsets - first
    sealed = pa.Array.from_buffers(
        pa.large_binary(),
        count,
        [None, pa.py_buffer(np.ascontiguousarray(starts)), pa.py_buffer(cipher)],
    )
    headers = np.empty((count, HEADER_BYTES), dtype=np.uint8)
    headers[:, 0] = VERSION
    headers[:, 1:9] = np.frombuffer(nonce, dtype=np.uint8)
    headers[:, 9:17] = starts[:-1].astype(">u8").view(np.uint8).reshape(count, 8)
    heads = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(HEADER_BYTES), count, [None, pa.py_buffer(headers)]
    )
    joined = pc.binary_join_element_wise(
        heads.cast(pa.large_binary()), sealed, pa.scalar(b"", pa.large_binary())
    )
    return pc.if_else(pc.is_valid(texts), joined, pa.scalar(None, pa.large_binary()))


def decrypt_column(sealed: pa.Array | pa.ChunkedArray) -> list[str | None]:
    """Open a column of sealed values, one by one: for pages and letters, not for millions."""
    return [None if v is None else decrypt_text(v) for v in sealed.to_pylist()]


def keyed_hash(text: str, domain: str) -> bytes:
    """Give the 32-byte keyed hash of a normalised value.

    Args:
        text: the value in its normal form (no spaces, one case).
        domain: what it is (`national-id`, `account:bank-a`, `phone`), so that equal digits of two
            kinds do not meet.
    """
    message = f"{domain}\x1f{text}".encode()
    return hmac.new(_derived_key(b"find"), message, hashlib.sha256).digest()


def keyed_hash_sql(domain_sql: str, text_sql: str) -> tuple[str, dict[str, Any]]:
    """Give a DuckDB expression for `keyed_hash` of a column, and the parameters it needs.

    Args:
        domain_sql: SQL text expression of the domain.
        text_sql: SQL text expression of the normalised value.

    Returns:
        The expression (a BLOB of 32 bytes; null when the value is null) and named parameters.
    """
    key = _derived_key(b"find").ljust(64, b"\0")
    inner = bytes(b ^ 0x36 for b in key)
    outer = bytes(b ^ 0x5C for b in key)
    sql = (
        "unhex(sha256($hash_outer::BLOB || unhex(sha256($hash_inner::BLOB || "
        f"encode({domain_sql} || chr(31) || {text_sql})))))"
    )
    return sql, {"hash_inner": inner, "hash_outer": outer}


def keyed_hash_column(texts: pa.Array | pa.ChunkedArray, domain: str) -> pa.Array:
    """Give the keyed hashes of a column of normalised values; nulls stay null."""
    import duckdb
    import pyarrow as pa

    expression, params = keyed_hash_sql("$hash_domain::VARCHAR", "value")
    column = pa.table({"value": texts})
    with duckdb.connect() as connection:
        connection.register("given", column)
        table = connection.sql(
            f"SELECT {expression} AS hashed FROM given", params={**params, "hash_domain": domain}
        ).to_arrow_table()
    return table["hashed"].combine_chunks()


def new_data_key() -> bytes:
    """Make a fresh 32-byte data key."""
    return os.urandom(32)
