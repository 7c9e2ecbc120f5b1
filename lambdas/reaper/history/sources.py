"""Finds recordings where they are kept, and has the files of a few of them at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from reaper.history.keys import SUFFIX, Place, is_of_reports, read_key
from reaper.history.rows import SCHEMA

THREADS: Final = 16
"""As many as the SDK keeps connections for."""

NEWER: Final = "a newer release wrote it; update reaper to read it"
_CHUNK: Final = 1 << 16
_DENIED: Final = frozenset({"AccessDenied", "Forbidden", "403", "AllAccessDisabled"})


class UnreadableError(Exception):
    """There is no reading this history at all. ``str(error)`` is one sentence: what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One sweep's recording. ``name`` is for people, ``key`` is how its source finds it again."""

    name: str
    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that lies there and was not read, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Found:
    """The recordings there are, by day, and what is none that can be read."""

    days: dict[date, list[Recording]] = field(default_factory=dict[date, list[Recording]])
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    def take_in(self, name: str, key: str, first: date | None, last: date | None) -> None:
        """Sort in whatever lies under ``key``; what has nothing to do with recordings is left alone."""
        if is_of_reports(key):
            return
        place = read_key(key)
        if place is None:
            folder, _, file = key.rpartition("/")
            if not file.startswith(".") and (file.endswith(SUFFIX) or folder.rpartition("/")[2].startswith("dt=")):
                self.skipped.append(Skipped(name, "it is not named as recordings are"))
        elif (first is not None and place.day < first) or (last is not None and place.day > last):
            return
        elif place.version is not None and place.version > SCHEMA:
            self.skipped.append(Skipped(name, NEWER))
        else:
            self.days.setdefault(place.day, []).append(Recording(name, key, place))


class Source(Protocol):
    """Where recordings are kept."""

    def find(self, first: date | None, last: date | None) -> Found:
        """What there is from ``first`` to ``last``, both included; ``None`` is without end.

        Raises:
            UnreadableError: it cannot be told.
        """
        ...

    def fetch(self, recordings: Sequence[Recording], folder: Path) -> tuple[Mapping[str, Recording], Sequence[Skipped]]:
        """The recordings by the path of a file with their content, in ``folder`` or elsewhere, and those that have none."""
        ...


class DirectorySource:
    """Recordings anywhere below a directory: a copy of the bucket, or of a part of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, first: date | None, last: date | None) -> Found:
        """What lies below the directory."""
        root = self._path.resolve()
        if not root.is_dir():
            what = "is a file: name the directory it lies in" if root.exists() else "does not exist"
            raise UnreadableError(f"{self._path} {what}")
        found = Found()

        def denied(error: OSError) -> None:
            found.skipped.append(Skipped(str(error.filename), f"it cannot be read: {error.strerror}"))

        for folder, folders, files in os.walk(root, onerror=denied):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                found.take_in(str(self._path / path.relative_to(root)), path.as_posix(), first, last)
        return found

    def fetch(self, recordings: Sequence[Recording], folder: Path) -> tuple[Mapping[str, Recording], Sequence[Skipped]]:  # noqa: ARG002 - nothing to copy
        """They are files already."""
        return {recording.key: recording for recording in recordings}, ()


class S3Source:
    """Recordings anywhere below a prefix of a bucket. ``client`` is botocore's of S3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def find(self, first: date | None, last: date | None) -> Found:
        """What S3 lists below the prefix."""
        found = Found()
        try:
            for key in self._keys():
                found.take_in(f"s3://{self._bucket}/{key}", key, first, last)
        except ClientError as error:
            raise UnreadableError(self._refused(error)) from error
        except BotoCoreError as error:
            raise UnreadableError(f"s3://{self._bucket} cannot be listed: {error}") from error
        return found

    def fetch(self, recordings: Sequence[Recording], folder: Path) -> tuple[Mapping[str, Recording], Sequence[Skipped]]:
        """Copies of the objects in ``folder``."""
        files: dict[str, Recording] = {}
        skipped: list[Skipped] = []
        with ThreadPoolExecutor(THREADS, thread_name_prefix="history") as pool:
            targets = [folder / f"{number}{SUFFIX}" for number in range(len(recordings))]
            for recording, target, why in zip(
                recordings, targets, pool.map(self._copy, recordings, targets), strict=True
            ):
                if why is None:
                    files[str(target)] = recording
                else:
                    skipped.append(Skipped(recording.name, why))
        return files, skipped

    def _keys(self) -> Iterator[str]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"]

    def _copy(self, recording: Recording, target: Path) -> str | None:
        """Why ``recording`` could not be copied to ``target``, or ``None``."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=recording.key)["Body"]
            with target.open("wb") as stream:
                stream.writelines(body.iter_chunks(_CHUNK))
        except ClientError as error:
            return f"S3 did not give it: {error.response.get('Error', {}).get('Code', 'unknown')}"
        except (BotoCoreError, OSError) as error:
            return f"it could not be copied: {error}"
        return None

    def _refused(self, error: ClientError) -> str:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in _DENIED:
            return f"s3:ListBucket on {self._bucket} was denied: grant it, and s3:GetObject, to the caller"
        return (
            f"there is no bucket {self._bucket}"
            if code == "NoSuchBucket"
            else f"s3://{self._bucket} cannot be listed: {code}"
        )


def source_of(text: str, s3: Callable[[], Any]) -> Source:
    """The source that ``text`` names: ``s3://bucket/prefix``, or a directory. ``s3`` makes a client of S3 if need be.

    Raises:
        UnreadableError: it names neither.
    """
    if not text.startswith("s3://"):
        return DirectorySource(Path(text))
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise UnreadableError(f"{text} names no bucket: write s3://BUCKET/PREFIX")
    return S3Source(s3(), bucket, prefix)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from ``first`` to ``last``, both included."""

    first: date
    last: date


def missing_days(present: Iterable[date], first: date | None, last: date | None) -> tuple[Days, ...]:
    """The gaps between ``first`` and ``last`` (or the first and last day present) that no day of ``present`` fills."""
    ordinals = sorted({day.toordinal() for day in present})
    start = ordinals[0] if first is None and ordinals else first.toordinal() if first else None
    end = ordinals[-1] if last is None and ordinals else last.toordinal() if last else None
    if start is None or end is None:
        return ()
    edges = [start - 1, *(day for day in ordinals if start <= day <= end), end + 1]
    return tuple(
        Days(date.fromordinal(before + 1), date.fromordinal(after - 1))
        for before, after in pairwise(edges)
        if after - before > 1
    )
