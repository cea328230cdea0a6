"""Files of the project: written whole or not at all, and checked once when they are read."""

from supernet.files.atomic import digest, remove_stale, write_atomic, write_text
from supernet.files.json_file import check, parse_object, read_object

__all__ = ["check", "digest", "parse_object", "read_object", "remove_stale", "write_atomic", "write_text"]
