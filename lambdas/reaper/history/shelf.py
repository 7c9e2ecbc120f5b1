"""What one part of a sweep lays by for the next, where an event has no room for it: objects that live for a day.

Needs ``s3:PutObject`` and ``s3:GetObject`` of ``unfinished/v1/*``.
"""

from __future__ import annotations

import zlib
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from reaper.sweep.ports import HistoryError

UNFINISHED: Final = "unfinished/"
"""What the keys of what is laid by begin with."""
LARGEST: Final = 64_000_000
"""Bytes of what is laid by, before it is compressed: some 300,000 sessions."""

_FOLDER: Final = f"{UNFINISHED}v1/"


class ShelfClient(Protocol):
    """What is used of botocore's client of S3."""

    def put_object(self, **request: Any) -> Any:
        """The service's PutObject."""
        ...

    def get_object(self, **request: Any) -> Any:
        """The service's GetObject."""
        ...


class Shelf:
    """Objects under a name each, compressed, in ``bucket``."""

    def __init__(self, client: ShelfClient, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, name: str, body: bytes) -> None:
        """Lay ``body`` by under ``name``.

        Raises:
            HistoryError: it is not known to be kept; says why in a sentence.
        """
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=f"{_FOLDER}{name}",
                Body=zlib.compress(body, wbits=31),
                ContentType="application/gzip",
            )
        except (ClientError, BotoCoreError, OSError) as error:
            raise HistoryError(f"s3:PutObject of {self._bucket}/{_FOLDER}{name} failed: {error}") from error
        if "ETag" not in answer:
            raise HistoryError(
                f"the answer to s3:PutObject in {self._bucket} is not that of S3: look at what is between"
            )

    def get(self, name: str) -> bytes:
        """What was laid by under ``name``.

        Raises:
            HistoryError: it cannot be had, or is none of ours.
        """
        try:
            packed: bytes = self._client.get_object(Bucket=self._bucket, Key=f"{_FOLDER}{name}")["Body"].read(LARGEST)
            unpacked = zlib.decompressobj(wbits=31)
            body = unpacked.decompress(packed, LARGEST)
        except (ClientError, BotoCoreError, OSError) as error:
            raise HistoryError(f"s3:GetObject of {self._bucket}/{_FOLDER}{name} failed: {error}") from error
        except (KeyError, zlib.error) as error:
            raise HistoryError(f"{self._bucket}/{_FOLDER}{name} is nothing that was laid by: {error}") from error
        if not unpacked.eof:
            raise HistoryError(f"{self._bucket}/{_FOLDER}{name} is larger than {LARGEST} bytes, or not whole")
        return body
