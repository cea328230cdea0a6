"""Archives from the internet: unpacked beside their place, checked, then moved there as a whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path


def fetch(url: str, md5: str, folder: Path, check: Callable[[Path], None]) -> None:
    """Download the archive at `url`, whose MD5 is known, and move the folder of that name in it to `folder`.

    check(unpacked folder) raises ValueError if that is not what it should be. Whatever fails, nothing is at `folder`
    that was not there before. OSError without internet.
    """
    from torchvision.datasets.utils import download_and_extract_archive

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as temporary:
        try:
            download_and_extract_archive(url, temporary, md5=md5, remove_finished=True)
        except (RuntimeError, HTTPException) as error:  # RuntimeError: the checksum differs
            raise ValueError(f"data: {url}: {error}") from None
        unpacked = Path(temporary) / folder.name
        check(unpacked)
        shutil.move(unpacked, folder)
