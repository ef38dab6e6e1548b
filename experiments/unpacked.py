"""Tables from folders that may be a stranger's: what a file would unpack to is known before it is unpacked.

A Parquet file of a megabyte can say that it holds a billion equal rows, or one long text a million times.
"""

from __future__ import annotations

import errno
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from letsdance.experiments import address
from letsdance.params import Refused, Said, files

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_table", "content", "read_table"]

#: Rows of texts that are unpacked at once to see how long they are.
_ROWS = 4_096


def content(path: Path) -> bytes:
    """What a file of a folder holds; OSError for what is none, such as a pipe or a device: they would be read for ever."""
    return address.content(path) if address.far(path) else _whole(path).read_bytes()


def _whole(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, Said("there is no such file"), str(path))
    return path


def check_table(path: Path, held: BytesIO | None = None) -> None:
    """`Refused` for a Parquet file that unpacks to more than half of this machine's memory; else pyarrow's error.

    held: what it holds, where that was read already.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    most = files.memory() // 2
    with pq.ParquetFile(held or _whole(path)) as file:
        said = file.metadata
        declared = sum(said.row_group(k).total_byte_size for k in range(said.num_row_groups))
        if max(declared, 8 * said.num_rows * said.num_columns) > most:
            raise _too_large(path, most)
        texts = [one.name for one in file.schema_arrow
                 if not (pa.types.is_primitive(one.type) or pa.types.is_null(one.type))]
        size = 0
        for part in file.iter_batches(_ROWS, columns=texts) if texts else ():
            size += part.nbytes
            if size > most:
                raise _too_large(path, most)


def read_table(path: Path) -> pd.DataFrame:
    """A Parquet file as a table, or as `check_table`."""
    import pandas as pd

    check_table(path)
    return pd.read_parquet(path)


def _too_large(path: Path, most: int) -> Refused:
    return Refused("{path} would unpack to more than half of this machine's memory ({gigabytes:,.1f} GB); it is not "
                   "opened.", path=path, gigabytes=most / 1e9)
