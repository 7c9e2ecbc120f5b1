"""Where recordings are kept: an S3 bucket, or a directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from reaper.history.keys import SUFFIX
from reaper.sweep.ports import HistoryError

_DENIED: Final = frozenset({"AccessDenied", "Forbidden", "403", "AllAccessDisabled"})


class Body(Protocol):
    """A recording to keep, at its beginning."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left by default."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to ``offset``; an SDK does before it tries again."""
        ...

    def tell(self) -> int:
        """Where it is."""
        ...


class Sink(Protocol):
    """Keeps recordings under their keys."""

    def put(self, key: str, body: Body) -> None:
        """Keep ``body``, whole or not at all.

        Raises:
            HistoryError: it is not known to be kept; says why in a sentence.
        """
        ...


class S3Client(Protocol):
    """What is used of botocore's client of S3."""

    def put_object(self, **request: Any) -> Any:
        """The service's PutObject."""
        ...


class BucketsClient(Protocol):
    """What is used of it to look for a bucket."""

    def head_bucket(self, **request: Any) -> Any:
        """The service's HeadBucket."""
        ...


def check_bucket(client: BucketsClient, bucket: str) -> None:
    """Look whether there is such a bucket. Whoever may write need not be allowed to look, and is believed.

    Raises:
        HistoryError: there is none, or S3 cannot be asked.
    """
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"404", "NoSuchBucket"}:
            raise HistoryError(f"there is no bucket {bucket}: name one that is there") from error
    except (BotoCoreError, OSError) as error:
        raise HistoryError(f"S3 could not be asked for the bucket {bucket}: {error}") from error


class S3Sink:
    """One object per recording, below ``prefix`` in ``bucket``, encrypted by S3: with the KMS key named, else its own."""

    def __init__(self, client: S3Client, bucket: str, prefix: str = "", *, kms_key: str | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key, "BucketKeyEnabled": True}
            if kms_key
            else {"ServerSideEncryption": "AES256"}
        )

    def put(self, key: str, body: Body) -> None:
        """Keep ``body`` in one request, which S3 takes whole or not at all."""
        try:
            # No Content-Encoding: readers go by the key's .gz, and some would undo the compression twice.
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                ContentType="application/gzip",
                **self._encryption,
            )
        except ClientError as error:
            raise HistoryError(self._refused(error)) from error
        except (BotoCoreError, OSError) as error:
            raise HistoryError(
                f"what this sweep saw was not recorded: S3 could not be asked to keep it in {self._bucket}: {error}"
            ) from error
        # S3 says it of every object it keeps; without it, somebody else answered.
        if "ETag" not in answer:
            raise HistoryError(
                f"what this sweep saw was not recorded: the answer to s3:PutObject in {self._bucket} has no ETag:"
                " look at what is between here and AWS, such as a proxy or an endpoint setting"
            )

    def _refused(self, error: ClientError) -> str:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        lost = "what this sweep saw was not recorded"
        where = f"{self._bucket}/{self._prefix}"
        if code in _DENIED:
            return f"{lost}: s3:PutObject in {where} was denied; grant it, and the use of its key, to the sweep"
        if code == "NoSuchBucket":
            return f"{lost}: there is no bucket {self._bucket}"
        return f"{lost}: s3:PutObject in {where} failed: {code}"


class DirectorySink:
    """One file per recording, below ``path``, which is made if need be."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, body: Body) -> None:
        """Keep ``body``: a reader sees the whole file or none."""
        target = self._path / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=f"{SUFFIX}.part")
            try:
                with open(descriptor, "wb") as stream:  # noqa: PTH123 - it takes over the descriptor
                    shutil.copyfileobj(body, stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            why = error.strerror or error
            raise HistoryError(f"what this sweep saw was not recorded: {target} cannot be written: {why}") from error
