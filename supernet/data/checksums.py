"""Files whose checksum is published: the right ones or an error that says what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}  # by the number of hex digits
SHOWN = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}


def checksum(path: Path, algorithm: str) -> str:
    """Hex digits of a file's checksum."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """expected: file name in the folder -> MD5, SHA-1 or SHA-256, in hex. ValueError for the first file that is
    missing or another."""
    for name, digits in expected.items():
        path, algorithm = folder / name, ALGORITHMS[len(digits)]
        if not path.is_file():
            raise ValueError(f"data: {folder} lacks the file {name}")
        found = checksum(path, algorithm)
        if found != digits:
            raise ValueError(
                f"data: {path} is not the file that it should be (cut off or altered): its {SHOWN[algorithm]} is "
                f"{found}, expected {digits}"
            )
