"""One hash for a table's content, the same on every engine and machine.

Rows are taken in key order in blocks of 65,536. Within a block, column after column: the name, a
byte per row that says whether there is a value, then the values (integers and dates as
little-endian 64-bit numbers, decimals as scaled 128-bit integers, booleans as bytes, texts as
lengths and UTF-8, lists as lengths and their texts). Nulls count as zero. No floating point.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BLOCK_ROWS = 65_536


def hash_parquet(path: Path) -> tuple[str, int]:
    """Give the content hash and row count of a Parquet file that is in key order."""
    with pq.ParquetFile(path) as file:
        return hash_batches(file.iter_batches(batch_size=BLOCK_ROWS), file.schema_arrow)


def hash_batches(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> tuple[str, int]:
    """Give the content hash and row count of batches in key order, whatever their sizes."""
    digest = hashlib.sha256()
    digest.update("\n".join(schema.names).encode())
    rows = 0
    held: list[pa.RecordBatch] = []
    waiting = 0
    for batch in batches:
        held.append(batch)
        waiting += batch.num_rows
        while waiting >= BLOCK_ROWS:
            table = pa.Table.from_batches(held, schema)
            _add(digest, table.slice(0, BLOCK_ROWS))
            rest = table.slice(BLOCK_ROWS)
            held, waiting = rest.to_batches(), rest.num_rows
            rows += BLOCK_ROWS
    if waiting:
        _add(digest, pa.Table.from_batches(held, schema))
    return digest.hexdigest(), rows + waiting


def hash_file(path: Path) -> str:
    """Give the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(digest: Any, table: pa.Table) -> None:
    for column in table.combine_chunks().columns:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        _add_array(digest, array)


def _add_array(digest: Any, array: pa.Array) -> None:
    digest.update(_bytes(pc.is_valid(array).cast(pa.uint8())))
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        digest.update(_bytes(lengths))
        flat = pc.list_flatten(array)
        digest.update(_bytes(pc.binary_length(flat).cast(pa.int64())))
        digest.update(_text(flat))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        filled = pc.fill_null(array, "")
        digest.update(_bytes(pc.binary_length(filled).cast(pa.int64())))
        digest.update(_text(filled))
    elif pa.types.is_decimal(kind):
        wide = pc.fill_null(array, 0).cast(pa.decimal128(38, kind.scale))
        digest.update(_bytes(wide))
    elif pa.types.is_boolean(kind):
        digest.update(_bytes(pc.fill_null(array, False).cast(pa.uint8())))
    elif pa.types.is_date32(kind):
        digest.update(_bytes(pc.fill_null(array.cast(pa.int32()), 0).cast(pa.int64())))
    elif pa.types.is_null(kind):
        pass
    else:
        digest.update(_bytes(pc.fill_null(array, 0).cast(pa.int64())))


def _bytes(array: pa.Array) -> memoryview:
    width = array.type.bit_width // 8
    values = array.buffers()[1]
    if values is None:
        return memoryview(b"")
    return memoryview(values)[array.offset * width : (array.offset + len(array)) * width]


def _text(array: pa.Array) -> memoryview:
    # rebuilt from the slice alone, so that nothing outside it is hashed
    if len(array) == 0:
        return memoryview(b"")
    dense = pa.concat_arrays([array.cast(pa.large_string())])
    offsets = memoryview(dense.buffers()[1]).cast("q")
    start, end = offsets[dense.offset], offsets[dense.offset + len(dense)]
    data = dense.buffers()[2]
    return memoryview(data)[start:end] if data is not None else memoryview(b"")
