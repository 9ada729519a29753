#!/usr/bin/env python3
"""Writes first inputs for the fuzzers into FOLDER/idx, FOLDER/gzip, FOLDER/safetensors and FOLDER/model."""
import gzip, json, pathlib, struct, sys

folder = pathlib.Path(sys.argv[1])


def write(fuzzer, name, *pieces):
    (folder / fuzzer).mkdir(parents=True, exist_ok=True)
    (folder / fuzzer / name).write_bytes(b''.join(pieces))


def idx(magic, *extents, data=b''):
    return struct.pack(f'>{1 + len(extents)}I', magic, *extents) + data


def zipped(data, level=9):
    return gzip.compress(data, level, mtime=0)


images, labels = idx(0x803, 2, 2, 3, data=bytes(range(250, 256)) + bytes(6)), idx(0x801, 2, data=b'\x09\x00')
for name, first, second in [
        ('plain', images, labels), ('both_zipped', zipped(images), zipped(labels)),
        ('images_zipped', zipped(images), labels), ('two_members', zipped(images[:9]) + zipped(images[9:]), labels),
        ('four_dimensions', idx(0x804, 2, 2, 3, 1, data=bytes(12)), labels),
        ('colour', idx(0x804, 2, 1, 2, 3, data=bytes(12)), labels),
        ('none', idx(0x803, 0, 2, 3), idx(0x801, 0)),
        ('a_claim', idx(0x803, 2**32 - 1, 2, 3, data=bytes(600)), idx(0x801, 2**32 - 1, data=bytes(100)))]:
    write('idx', name, struct.pack('<H', len(first)), first, second)

text = b'to be, or not to be, ' * 40
extra = b'\x1f\x8b\x08\x1e' + bytes(6) + b'\x03\x00abc' + b'name\0' + b'comment\0'  # RFC 1952's optional fields
crc = zipped(text)[-8:]
for name, file in [
        ('plain', text), ('stored', zipped(text, 0)), ('fast', zipped(text, 1)), ('best', zipped(text)),
        ('empty', zipped(b'')), ('members', zipped(b'') + zipped(text) + zipped(b'x') + zipped(b'')),
        ('garbage', zipped(text) + b'x'), ('zeros', zipped(text) + bytes(512)), ('bomb', zipped(bytes(3_000_000))),
        ('cut', zipped(text)[:-3]), ('fields', extra[:3] + b'\x1c' + extra[4:] + zipped(text)[10:]),
        ('wrong_header_sum', extra + b'\0\0' + zipped(text)[10:-8] + crc)]:
    for piece in (b'\0', b'\x09', b'\x10'):
        write('gzip', f'{name}_{piece[0]}', piece, file)


def entry(dtype, shape, first, last):
    return {'dtype': dtype, 'shape': shape, 'data_offsets': [first, last]}


kernel, bias = entry('F32', [2, 1], 0, 8), entry('F32', [1], 8, 12)
net = {'dense_1/kernel': kernel, 'dense_1/bias': bias}
numbers = struct.pack('<3f', 1, 2, 3)
for name, header, data in [
        ('net', net, numbers), ('metadata', {'__metadata__': {'a': 'b', '\u00fc\n': '\x1b'}, **net}, numbers),
        ('fingerprint', {'__metadata__': {'fingerprint': '0x53d51ad5af7ece48'}, **net}, numbers),
        ('other_fingerprint', {'__metadata__': {'fingerprint': '0x0'}, **net}, numbers),
        ('nan', net, b'\xff' * 12), ('other_shape', {**net, 'dense_1/bias': entry('F32', [1, 1], 8, 12)}, numbers),
        ('types', {t: entry(t, [2], 2 * s, 4 * s) if s > 1 else entry(t, [2], 0, 2)
                   for t, s in [('U8', 1), ('I16', 1)]}, bytes(4)),
        ('scalar', {'x': entry('I64', [], 0, 8), 'y': entry('BOOL', [0, 2**32, 2**32], 8, 8)}, bytes(8)),
        ('too_large', {'x': entry('F32', [2**32, 2**32], 0, 8)}, bytes(8)), ('empty', {}, b''),
        ('gap', {'x': entry('U8', [1], 0, 1), 'y': entry('U8', [1], 2, 3)}, bytes(3)),
        ('long_name', {'n' * 300: kernel}, numbers[:8]), ('numbers', {'x': [1, -1, 1.5, 1e9, True, None, 'a']}, b'')]:
    text = json.dumps(header, separators=(',', ':')).encode()
    write('safetensors', name, b'\xff', bytes([len(data)]), text, data)
    write('safetensors', name + '_file', b'\0', struct.pack('<Q', len(text)), text, data)
write('safetensors', 'twice', b'\xff\0{"a":{"dtype":"F32","dtype":"F32"},"a":{}}')
write('safetensors', 'deep', b'\xff\0{"a":' + b'[' * 200)

data = pathlib.Path(__file__).parent.parent / 'data'
for model in sorted(data.glob('*.tflite')) + sorted(data.glob('*.onnx')):
    write('model', model.name, model.read_bytes())
