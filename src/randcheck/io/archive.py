"""What is in a zip file, and that it is safe to unpack.

Rules enforced here, before anything is parsed:
1. The file, its directory, the number of its entries, what they say they unpack to, and the ratio
   of each are within limits.
2. Entries do not overlap, none is encrypted or there twice, and all are deflated or stored.
3. An entry that unpacks to another size than it says, or to another checksum, is refused.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

_PIECE = 1 << 18
_FEW = 1 << 20


@frozen(kw_only=True)
class Limits:
    """What an import accepts at most; the defaults hold a million rows."""

    file_bytes: int = 100_000_000
    unpacked_bytes: int = 1_000_000_000
    ratio: int = 200
    entries: int = 1_000
    rows: int = 1_000_000
    columns: int = 200
    cells: int = 20_000_000
    problems: int = 100_000


class UnsafeError(Exception):
    """A zip file that is not unpacked; the text says why."""


class BrokenError(Exception):
    """A zip file that is damaged; the text says how."""


class Archive:
    """The entries of a zip file that passed the checks above."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        _check_directory(data)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as opened:
                infos = opened.infolist()
        # no directory; a name that is no UTF-8; a version too new; a field cut short
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise BrokenError(str(error) or "its directory cannot be read") from None
        self._data = data
        self._infos = {info.filename: info for info in infos}
        self._starts = _check(infos, data, limits)

    @property
    def names(self) -> list[str]:
        """The names of the entries, in the order of the directory."""
        return list(self._infos)

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def pieces(self, name: str) -> Iterator[bytes]:
        """An entry's bytes, a piece at a time; `BrokenError` at the end if they are not as said."""
        info, start = self._infos[name], self._starts[name]
        packed = memoryview(self._data)[start : start + info.compress_size]
        size = checksum = 0
        for piece in _inflated(packed, info.compress_type == zipfile.ZIP_STORED):
            size += len(piece)
            if size > info.file_size:
                raise UnsafeError(f"{name} unpacks to more than the {info.file_size} bytes it says")
            checksum = zlib.crc32(piece, checksum)
            yield piece
        if size != info.file_size or checksum != info.CRC:
            raise BrokenError(f"{name} is cut off or changed")

    def read(self, name: str, most: int) -> bytes:
        """A small entry as a whole."""
        if self._infos[name].file_size > most:
            raise UnsafeError(f"{name} has more than {most} bytes")
        return b"".join(self.pieces(name))


def _inflated(packed: memoryview, stored: bool) -> Iterator[bytes]:
    if stored:
        for start in range(0, len(packed), _PIECE):
            yield bytes(packed[start : start + _PIECE])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for start in range(0, len(packed), _PIECE):
            rest: bytes | memoryview = packed[start : start + _PIECE]
            while rest and not inflater.eof:
                yield inflater.decompress(rest, _PIECE)
                rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise BrokenError(str(error)) from None
    while not inflater.eof:
        piece = inflater.decompress(b"", _PIECE)
        if not piece:
            raise BrokenError("an entry is cut off")
        yield piece


def _check_directory(data: bytes) -> None:
    """That the directory is small: `zipfile` reads it whole, whatever it says of its entries."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if end < 0 or end + 22 > len(data):
        raise BrokenError("its directory is missing; it was cut off")
    (size,) = struct.unpack_from("<I", data, end + 12)
    if data[max(0, end - 20) : end].startswith(b"PK\x06\x07") and end >= 76:
        (size,) = struct.unpack_from("<Q", data, end - 76 + 40)
    if size > _FEW:
        raise UnsafeError(f"its directory has {size} bytes")


def _check(infos: list[zipfile.ZipInfo], data: bytes, limits: Limits) -> dict[str, int]:
    """Where each entry's bytes begin."""
    if len(infos) > limits.entries:
        raise UnsafeError(f"it holds {len(infos)} entries, more than {limits.entries}")
    total = sum(info.file_size for info in infos)
    if total > limits.unpacked_bytes:
        raise UnsafeError(f"it unpacks to {total} bytes, more than {limits.unpacked_bytes}")
    for info in infos:
        if info.file_size > _FEW and info.file_size > limits.ratio * info.compress_size:
            times = info.file_size // max(1, info.compress_size)
            raise UnsafeError(
                f"{info.filename} unpacks to {times} times its size, more than {limits.ratio}"
            )
        if info.flag_bits & 1:
            raise UnsafeError(f"{info.filename} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnsafeError(f"{info.filename} is packed by method {info.compress_type}")
    if len({info.filename.lower() for info in infos}) < len(infos):
        raise UnsafeError("two of its entries have one name")
    starts = {info.filename: _start(info, data) for info in infos}
    spans = sorted((info.header_offset, starts[info.filename] + info.compress_size)
                   for info in infos)  # fmt: skip
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise UnsafeError("its entries overlap")
    if spans and spans[-1][1] > len(data):
        raise BrokenError("an entry is cut off")
    return starts


def _start(info: zipfile.ZipInfo, data: bytes) -> int:
    at = info.header_offset
    if data[at : at + 4] != b"PK\x03\x04" or at + 30 > len(data):
        raise BrokenError(f"{info.filename} is not where the directory says")
    name, extra = struct.unpack_from("<HH", data, at + 26)
    return int(at + 30 + name + extra)
