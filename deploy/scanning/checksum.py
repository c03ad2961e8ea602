"""Is what looks like a secret of apitoken one, by its checksum?  See docs/scanning.md."""

import zlib


def is_secret(text):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    rest, checksum = zlib.crc32(text[:-6].encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        checksum = digits[digit] + checksum
    return text[-6:] == checksum
