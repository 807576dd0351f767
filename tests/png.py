"""Reads the PNG pictures that the tool writes."""
import struct
import zlib


def png_pixels(path):
    """Width, height and RGB rows of an 8-bit RGB PNG."""
    data = open(path, 'rb').read()
    assert data[:8] == b'\x89PNG\r\n\x1a\n', f'{path} is not a PNG'
    at, body, size = 8, b'', None
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        chunk = data[at + 8:at + 8 + length]
        if kind == b'IHDR':
            size = struct.unpack('>II', chunk[:8])
            assert tuple(chunk[8:10]) == (8, 2), 'not 8-bit RGB'
        if kind == b'IDAT':
            body += chunk
        at += 12 + length
    return size[0], size[1], unfilter(zlib.decompress(body), *size)


def unfilter(raw, width, height):
    """Undoes the row filters of a PNG."""
    rows, before = [], bytearray(3 * width)
    for y in range(height):
        kind, row = raw[y * (3 * width + 1)], bytearray(raw[y * (3 * width + 1) + 1:(y + 1) * (3 * width + 1)])
        for i, value in enumerate(row):
            left = row[i - 3] if i >= 3 else 0
            up, corner = before[i], before[i - 3] if i >= 3 else 0
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda c: abs(guess - c))
            row[i] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
        rows.append(bytes(row))
        before = row
    return rows
