#!/usr/bin/env python3
"""Runs the example programs on a small scale, as a person would, and looks at what they print."""
import argparse, os, pty, re, struct, subprocess, sys, tempfile, json

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('--data', required=True, help='folder with a small data set')
for name in ('first_network', 'train_lenet5', 'classify', 'custom_layer', 'export_header', 'compile_time', 'realtime'):
    parser.add_argument('--' + name.replace('_', '-'), required=name != 'realtime', help='the program')
args = parser.parse_args()
passed, failures = 0, []


def check(what, condition, shown=''):
    global passed
    if condition:
        passed += 1
    else:
        failures.append(f'{what}\n{shown}')


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


def run_in_terminal(*command):
    """Standard error is a terminal; returns what was written there."""
    try:
        master, slave = pty.openpty()
    except OSError:
        return None  # a machine without terminals, such as a bare chroot
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    written = b''
    try:
        while chunk := os.read(master, 4096):
            written += chunk
    except OSError:  # the other end is closed
        pass
    process.wait()
    return written.decode()


def read_safetensors(path):
    """The format as its specification says, without our library."""
    with open(path, 'rb') as file:
        data = file.read()
    length = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop('__metadata__', None)
    return {name: (entry['dtype'], entry['shape'], data[8 + length:][slice(*entry['data_offsets'])])
            for name, entry in header.items()}


code, out, err = run(args.custom_layer)
check('custom_layer', code == 0 and 'the gradients are right' in out, out + err)

code, out, err = run(args.compile_time)
check('compile_time: the compiler and the processor agree', code == 0 and 'picture 5 is of class 5' in out
      and 'picture 9 is of class 9' in out and float(out.split()[-1]) <= 1e-5, out + err)

for more in ([], ['--sleep']) if args.realtime else ():
    code, out, err = run(args.realtime, '--seconds', '0.05', '--period', '200', *more)
    check('realtime: all right, nothing from the heap', code == 0 and '250 frames' in out and ': 250 right' in out
          and out.endswith('\n0 allocations\n'), out + err)
    rows = [[float(word) for word in line.split()[-5:]] for line in out.splitlines()[2:4]]
    check('realtime: two distributions', len(rows) == 2 and all(row == sorted(row) and row[0] > 0 for row in rows)
          and all(inside <= whole + 0.1 for inside, whole in zip(rows[1], rows[0])), out)

code, out, err = run(args.first_network, args.data)
numbers = [float(word) for word in out.split()]
check('first_network: ten probabilities', code == 0 and len(numbers) == 10 and abs(sum(numbers) - 1) < 0.01, out + err)
line = r'Epoch 1/1 - \d+\.\d\d s - loss: \d\.\d{4} - accuracy: \d\.\d{4} - val_loss: \d\.\d{4} - val_accuracy: \d\.\d{4}\n'
check('first_network: one plain line where standard error is no terminal', re.fullmatch(line, err), err)
seen = run_in_terminal(args.first_network, args.data)
if seen is None:
    print('no terminals here: the progress bar is not looked at')
else:
    seen = seen.replace('\r\n', '\n')
    check('first_network: a bar in a terminal', '\r' in seen and '[====' in seen and '8/8' in seen, seen)
    check('first_network: the line replaces the bar', re.fullmatch(line, seen[seen.rindex('\x1b[K') + 3:]), seen)

with tempfile.TemporaryDirectory() as folder:
    weights = os.path.join(folder, 'w.safetensors')
    train = [args.train_lenet5, '--data', args.data, '--epochs', '30', '--seed', '3']
    code, out, err = run(*train, '--save', weights)
    check('train_lenet5', code == 0 and err == '', out + err)
    check('train_lenet5: the table', re.search(r'conv2d +10 x 10 x 16 +2,416 +240,000\n', out) and '61,706' in out, out)
    epochs = re.findall(r'epoch (\d+): cost (\S+), accuracy (\S+), validation cost (\S+), validation accuracy (\S+)\n', out)
    check('train_lenet5: thirty epochs', [int(e[0]) for e in epochs] == list(range(1, 31)), out)
    check('train_lenet5: it learns', float(epochs[-1][1]) < 0.5 * float(epochs[0][1]) and float(epochs[-1][2]) > 0.8, out)
    final = re.search(r'test accuracy (\S+), cost (\S+)\n', out)
    check('train_lenet5: the final accuracy is the last validation accuracy', final and final[1] == epochs[-1][4], out)
    check('train_lenet5: the time', re.search(r'\d\.\d\d s an epoch', out), out)

    again = run(*train, '--threads', '3')[1]
    check('train_lenet5 --threads: the same seed, the same lines', re.findall('epoch .*', again) == re.findall('epoch .*', out)[:30], again)
    other = run(*train[:-1], '4')[1]
    check('train_lenet5: another seed, other lines', re.findall('epoch 1:.*', other) != re.findall('epoch 1:.*', out), other)

    entries = read_safetensors(weights)
    shapes = {'conv2d_1/kernel': [5, 5, 1, 6], 'conv2d_1/bias': [6], 'conv2d_2/kernel': [5, 5, 6, 16], 'conv2d_2/bias': [16],
              'dense_1/kernel': [400, 120], 'dense_1/bias': [120], 'dense_2/kernel': [120, 84], 'dense_2/bias': [84],
              'dense_3/kernel': [84, 10], 'dense_3/bias': [10]}
    check('the saved file: names and shapes', {n: e[1] for n, e in entries.items()} == shapes, str(entries.keys()))
    check('the saved file: float32', all(e[0] == 'F32' and len(e[2]) == 4 * eval('*'.join(map(str, e[1]))) for e in entries.values()))

    code, out, err = run(*train[:3], '--epochs', '0', '--load', weights)
    check('train_lenet5 --load: as good as when it was saved', code == 0 and f'test accuracy {final[1]}' in out, out + err)

    code, out, err = run(args.classify, weights, '--data', args.data, '--count', '64')
    right = re.search(r'(\d+) of 64 right', out)
    check('classify: as accurate as the training said', code == 0 and right and abs(int(right[1]) / 64 - float(final[1])) < 1e-4, out[-200:] + err)
    pictures = re.split('image ', out)[1:]
    check('classify: 64 pictures of 14 lines', len(pictures) == 64 and all(p.count('\n') in (15, 16) for p in pictures), out)
    percent = [float(p) for p in re.findall(r'(\d+\.\d) %', pictures[0])]
    check('classify: ten probabilities beside each', len(percent) == 10 and abs(sum(percent) - 100) < 1, pictures[0])
    check('classify: it draws', any(c in pictures[0] for c in '#%@'), pictures[0])
    wrong = out.count('<- wrong')
    check('classify: marks what is wrong', right and wrong == 64 - int(right[1]), out)

    code, out, err = run(args.classify)  # with nothing but what is in the repository
    check('classify: ten pictures of our own, one of each class', code == 0 and re.findall(r'image (\d): ([\w -]+),', out)
          == list(zip('0123456789', ('T-shirt trouser pullover dress coat sandal shirt sneaker bag').split() + ['ankle boot'])), out + err)
    check('classify: with weights of our own', re.search(r'^(9|10) of 10 right', out, re.M), out[-200:])

    header = os.path.join(folder, 'w.hpp')
    code, out, err = run(args.export_header, weights, header)
    check('export_header: named after its file', code == 0 and ', 61706> w{{' in open(header).read(), out + err)
    code, out, err = run(args.export_header, '--pictures', args.data, header, '--name', 'small')
    check('export_header --pictures', code == 0 and 'std::uint8_t small[64][784]' in open(header).read(), out + err)

    for what, command, words in [
            ('a header of no weights', [args.export_header, '/nowhere/w.safetensors', header], ['/nowhere/w.safetensors']),
            ('a header without a name', [args.export_header, weights, header, '--name', 'a-b'], ["'a-b'", 'identifier']),
            ('a header that cannot be', [args.export_header, '--pictures', args.data, '/nowhere/p.hpp'], ['/nowhere/p.hpp']),
            ('no data set', [*train[:2], '/nowhere', '--epochs', '1'], ['/nowhere', 'dataset-fashion-mnist']),
            ('no weights', [args.classify, '/nowhere/w.safetensors'], ['/nowhere/w.safetensors']),
            ('no number', [*train[:2], args.data, '--epochs', 'many'], ['--epochs', 'many']),
            ('a batch of none', [*train[:2], args.data, '--batch-size', '0'], ['--batch-size']),
            ('a picture too far', [args.classify, weights, '--data', args.data, '--first', '64'], ['--first', '64']),
            ('a file that is none', [args.classify, os.path.join(args.data, 't10k-labels-idx1-ubyte.gz')], ['t10k-labels']),
            ('nowhere to save', [*train[:2], args.data, '--epochs', '0', '--save', '/nowhere/w.safetensors'], ['/nowhere'])]:
        code, out, err = run(*command)
        check(what + ': a message that says so', code not in (0, -6, -11) and all(w in err + out for w in words), f'{code} {out}{err}')

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
