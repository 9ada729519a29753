#!/usr/bin/env python3
"""Runs the example programs on a small scale, as a person would, and looks at what they print."""
import argparse, fcntl, json, os, pty, re, signal, struct, subprocess, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('--data', required=True, help='folder with a small data set')
for name in ('first_network', 'train_lenet5', 'classify', 'custom_layer', 'export_header', 'import_model', 'compile_time',
             'realtime', 'train_mlperf_tiny', 'mlperf_tiny_facts', 'quantize', 'fine_tune'):
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
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=100)
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL, '', 'it goes on and on'
    return result.returncode, result.stdout, result.stderr


def run_in_terminal(*command, stdout_too=False, interrupted_after=None):
    """Standard error is a terminal; returns what was written there. Ctrl-C comes after a text."""
    try:
        master, slave = pty.openpty()
    except OSError:
        return None  # a machine without terminals, such as a bare chroot
    process = subprocess.Popen(command, stdout=slave if stdout_too else subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    written = b''
    try:
        while chunk := os.read(master, 4096):
            written += chunk
            if interrupted_after and interrupted_after in written:
                process.send_signal(signal.SIGINT)
                interrupted_after = None
    except OSError:  # the other end is closed
        pass
    process.wait()
    return written.decode().replace('\r\n', '\n')


def after_first_epoch(*command, **more):
    """A training that goes on, and has printed the line of its first epoch."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    for line in process.stdout:
        if line.startswith('epoch 1:'):
            break
    return process


def read_safetensors(path):
    """The format as its specification says, without our library."""
    with open(path, 'rb') as file:
        data = file.read()
    length = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop('__metadata__', None)
    return {name: (entry['dtype'], entry['shape'], data[8 + length:][slice(*entry['data_offsets'])])
            for name, entry in header.items()}


signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it may be ignored, here and in children

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
    check('first_network: a bar in a terminal', '\r' in seen and '[====' in seen and '8/8' in seen, seen)
    check('first_network: the line replaces the bar', re.fullmatch(line, seen[seen.rindex('\x1b[K') + 3:]), seen)
    epoch = line.replace('1/1', '1/2') + line.replace('1/1', '2/2')
    for stdout_too in False, True:
        seen = run_in_terminal(args.train_lenet5, '--data', args.data, '--epochs', '2', stdout_too=stdout_too)
        check('train_lenet5: a bar in a terminal', '[====' in seen and '8/8' in seen, seen)
        plain = re.sub('.*\\r\x1b\\[K', '', seen)
        check('train_lenet5: each epoch once', re.search(epoch, plain) and 'epoch 1:' not in plain
              and ('test accuracy' in plain) == stdout_too, plain)
    seen = run_in_terminal(args.train_lenet5, '--data', args.data, '--epochs', '1000000', '--batch-size', '1', interrupted_after=b'Epoch 2/')
    check('train_lenet5: after Ctrl-C a new line below the bar', re.search(r'\nstopped in epoch \d+ of 1000000, ', seen), seen[-500:])

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

    # Ctrl-C, alone and with threads, with and without a place to save.
    for sent, code, more in [(signal.SIGINT, 130, []), (signal.SIGINT, 130, ['--threads', '3', '--batch-size', '64']),
                             (signal.SIGTERM, 143, []), (signal.SIGINT, 130, None)]:
        stopped = os.path.join(folder, f'stopped-{len(os.listdir(folder))}')
        saving = [] if more is None else ['--save', stopped, *more]
        process = after_first_epoch(*train[:3], '--epochs', '1000000', *saving, stderr=subprocess.PIPE)
        process.send_signal(sent)
        out, err = process.communicate()
        steps = 4 if more and '64' in more else 8
        said = re.fullmatch(rf'stopped in epoch (\d+) of 1000000, after step (\d) of {steps}\n(.*)\n', err)
        what = f'train_lenet5, {sent.name} {more}: '
        check(what + 'the exit code', process.returncode == code, f'{process.returncode} {err}')
        check(what + 'where it stopped', said and int(said[1]) >= 1 and 1 <= int(said[2]) <= steps, err)
        check(what + 'what became of the weights', said and said[3] == (f'saved to {stopped}' if saving else 'not saved: no --save'), err)
        check(what + 'nothing is evaluated', 'test accuracy' not in out, out[-200:])
        check(what + 'the file can be loaded', not saving or run(*train[:3], '--epochs', '0', '--load', stopped)[0] == 0)

    # Full standard error holds the program where it says that it stops; it has nothing more to say to a second Ctrl-C.
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while os.write(write_end, bytes(4096)):
            pass
    except BlockingIOError:
        fcntl.fcntl(write_end, fcntl.F_SETFL, 0)
    stopped = os.path.join(folder, 'stopped-twice')
    process = after_first_epoch(*train[:3], '--epochs', '1000000', '--save', stopped, stderr=write_end)
    for attempt in range(100):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            pass
    process.kill()
    process.wait()
    check('train_lenet5: a second Ctrl-C ends it at once', process.returncode == -signal.SIGINT and attempt > 0
          and not os.path.exists(stopped), process.returncode)
    process.stdout.close()
    os.close(read_end)
    os.close(write_end)

    unread = os.path.join(folder, 'unread')
    process = after_first_epoch(*train[:3], '--epochs', '30', '--seed', '3', '--save', unread, stderr=subprocess.PIPE)
    process.stdout.close()  # as head does
    err = process.stderr.read()
    process.wait()
    check('train_lenet5 | head: the weights are saved', process.returncode in (0, 1) and os.path.exists(unread)
          and read_safetensors(unread) == entries, f'{process.returncode} {err}')
    with open('/dev/full', 'w') as full:
        result = subprocess.run([args.classify], stdout=full, stderr=subprocess.PIPE, text=True)
    check('classify: lines that are lost', result.returncode == 1 and 'standard output' in result.stderr, result.stderr)

    untrained = os.path.join(folder, 'untrained')
    code, out, err = run(*train[:3], '--epochs', '0', '--seed', '18446744073709551615', '--save', untrained)
    check('train_lenet5: any seed of 64 bits', code == 0, out + err)
    right = re.search(r'(\d+) of 10 right', run(args.classify, untrained)[1])
    if args.realtime:
        code, out, err = run(args.realtime, untrained, '--seconds', '0.02', '--period', '200')
        check('realtime: with the weights that it is given', code == 0 and right and int(right[1]) < 9
              and f': {10 * int(right[1])} right' in out, out + err)
    same = [run(*train[:3], '--epochs', '2', '--batch-size', size)[1] for size in ('256', '0256', '1000000')]
    check('train_lenet5: decimal digits, and batches larger than the data', 'epoch 2:' in same[0] and len(set(
        ''.join(re.findall('epoch .*', out)) for out in same)) == 1, same)
    after = [re.search('test accuracy .*', run(*train[:3], '--epochs', count, '--decay', decay)[1])
             for count, decay in (('1', '1'), ('3', '0'), ('3', '1'))]
    check('train_lenet5: a learning rate that falls to 0 changes nothing any more', all(after)
          and after[0][0] == after[1][0] != after[2][0], after)
    code, out, err = run(*train[:3], '--epochs', '1', '--batch-size', '1', '--threads', '1000', '--load', weights, '--save', weights)
    check('train_lenet5: batches of one, more threads than work, a file loaded and saved', code == 0, out + err)

    code, out, err = run(args.mlperf_tiny_facts)
    check('mlperf_tiny_facts: four rows', code == 0 and [line.split()[1] for line in out.splitlines()[1:]]
          == ['78666', '24908', '221794', '269992'], out + err)

    for network, data, images in ('resnet8', ['--data', args.data], 64), ('ds_cnn', ['--sounds', '240'], 48):
        trained, folded = os.path.join(folder, network), os.path.join(folder, network + '-folded')
        tiny = [args.train_mlperf_tiny, network, *data, '--seed', '2']
        code, out, err = run(*tiny, '--epochs', '2', '--save', trained, '--save-folded', folded, '--show', '3')
        costs = [float(cost) for cost in re.findall(r'epoch \d: cost (\S+),', out)]
        check(network + ': it learns', code == 0 and err == '' and len(costs) == 2 and costs[1] < costs[0], out + err)
        accuracy = re.search(r'test accuracy (\S+),', out)
        after = re.search(rf'folded: (\d+) of {images} right, probabilities at most (\S+) from', out)
        check(network + ': folded, it says the same', accuracy and after and float(after[2]) <= 1e-5
              and abs(int(after[1]) / images - float(accuracy[1])) < 1e-4, out)
        check(network + ': it classifies', len(re.findall(r'^[012]: [\w -]+, and the network says [\w -]+ \([01]\.\d{3}\)', out, re.M)) == 3, out)
        check(network + ': what is saved', any('moving_mean' in name for name in read_safetensors(trained))
              and not any('batch_norm' in name for name in read_safetensors(folded)), out)
        code, out, err = run(*tiny, '--epochs', '0', '--load', trained)
        check(network + ' --load: as good as when it was saved', code == 0 and accuracy and accuracy[0] in out, out + err)
        process = after_first_epoch(*tiny, '--epochs', '1000000', '--save', trained, stderr=subprocess.PIPE)
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
        check(network + ': Ctrl-C', process.returncode == 130 and re.fullmatch(r'stopped in epoch .*\nsaved to .*\n', err), err)

    header = os.path.join(folder, 'w.hpp')
    code, out, err = run(args.export_header, weights, header)
    check('export_header: named after its file', code == 0 and ', 61706> w{{' in open(header).read(), out + err)
    code, out, err = run(args.export_header, '--pictures', args.data, header, '--name', 'small')
    check('export_header --pictures', code == 0 and 'std::uint8_t small[64][784]' in open(header).read(), out + err)
    code, out, err = run(args.export_header, '--sounds', '-', header, '--name', 'twelve')
    check('export_header --sounds', code == 0 and 'std::uint8_t twelve[12][490]' in open(header).read(), out + err)
    code, out, err = run(args.export_header, '--network', 'ds_cnn', os.path.join(folder, 'ds_cnn-folded'), header)
    check('export_header --network', code == 0 and ', 22604> w{{' in open(header).read(), out + err)

    int8_header, int8_file = os.path.join(folder, 'int8.hpp'), os.path.join(folder, 'int8.safetensors')
    for rules, dtype in ('tflite', 'F32'), ('tflite_micro', 'I32'):
        code, out, err = run(args.quantize, '--data', args.data, '--rules', rules, '--range', 'percentile', '--header', int8_header,
                             '--save', int8_file)
        accuracy = re.search(r'accuracy (\S+) with floats, (\S+) with bytes', out)
        check('quantize: a row for every value, nearly the same accuracy', code == 0 and re.search(r'^relu_4 ', out, re.M)
              and accuracy and 0.7 < float(accuracy[1]) and abs(float(accuracy[1]) - float(accuracy[2])) < 0.05, out + err)
        check('quantize --header --save', f'ctnn::rounding::{rules}, ' in open(int8_header).read()
              and read_safetensors(int8_file)['dense_3/factor'][0] == dtype, out + err)
    code, out, err = run(args.quantize, '--data', args.data, '--save', '/dev/null')
    check('quantize: a device is refused', code == 1 and '/dev/null' in err, out + err)
    code, out, err = run(args.fine_tune, '--data', args.data, '--epochs', '2', '--save', int8_file, '--header', int8_header)
    accuracy = re.search(r'with floats (\S+)\n.* at once (\S+)\nafter 2 epochs (\S+) as it was trained, with bytes (\S+)\n', out)
    check('fine_tune: bytes are as good as what was trained', code == 0 and accuracy and float(accuracy[4]) > 0.7
          and abs(float(accuracy[3]) - float(accuracy[4])) < 0.02 and 'dense_3/factor' in read_safetensors(int8_file), out + err)
    code, out, err = run(args.fine_tune, '--data', args.data, '--header', '/dev/null')
    check('fine_tune: a device is refused, before training', code == 1 and '/dev/null' in err and not out, out + err)

    # import_model; what its header and weights hold, tests/whole/import_model.cpp knows.
    model = os.path.join(os.path.dirname(args.data), 'tflite_resnet')
    with open(model + '.tflite', 'rb') as file:
        model_bytes = file.read()

    def in_folder(name, content):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
        return file.name

    code, out, err = run(args.import_model, model + '.tflite')
    check('import_model: the table, the type', code == 0 and '\nconv2d                 4 x 4 x 6          30\n' in out
          and '\n1,025 parameters\n\nusing tflite_resnet = ctnn::network<ctnn::shape<8, 7, 3>,\n    ctnn::conv2d<4, ' in out
          and '\n    ctnn::residual<\n        ctnn::conv2d<4, ctnn::kernel<3, 3>, ctnn::same>, ctnn::relu,\n' in out
          and out.endswith('ctnn::softmax>;\n') and max(map(len, out.splitlines())) <= 100, out + err)
    net_header, net_weights, net_numbers = (os.path.join(folder, name) for name in ('net.hpp', 'net.safetensors', 'net.inc'))
    code, out, err = run(args.import_model, model + '.tflite', '-o', net_header, '--weights', net_weights, '--bytes', net_numbers, '--name', 'my_net')
    lines = [', '.join(f'0x{byte:02x}' for byte in model_bytes[i:i + 12]) for i in range(0, len(model_bytes), 12)]
    check('import_model --bytes: as xxd -i prints it', code == 0 and open(net_numbers).read() == '  ' + ',\n  '.join(lines) + '\n', out + err)
    check('import_model -o: a comment, the type, the weights', open(net_header).read().startswith('// tflite_resnet.tflite: '
          f"{len(model_bytes):,} bytes, TensorFlow Lite, 'golden_tflite.py', 1,025 parameters.\n") and ' my_net_weights{{' in open(net_header).read())
    check('import_model --weights', [len(read_safetensors(net_weights)), read_safetensors(net_weights)['conv2d_4/kernel'][1]] == [14, [1, 1, 4, 6]])
    x, y = (read_safetensors(model + '.safetensors')[name][2] for name in 'xy')
    examples, outputs = in_folder('x.bin', x), in_folder('y.bin', y)
    code, out, err = run(args.import_model, model + '.tflite', '--check', examples, outputs)
    check('import_model --check', code == 0 and out.startswith('3 examples: ') and ' within 1e-5 of ' in out, out + err)
    for name in ('mlperf_resnet8', 'mlperf_ds_cnn', 'mlperf_mobilenet', 'mlperf_autoencoder', 'keras_image', 'keras_digits',
                 'keras_sound', 'keras_torch'):
        exported = os.path.join(os.path.dirname(args.data), 'onnx_' + name)
        files = [in_folder(name + part, read_safetensors(exported + '.safetensors')[part][2]) for part in 'xy']
        code, out, err = run(args.import_model, exported + '.onnx', '--check', *files)
        check(f'import_model --check: {name}', code == 0 and out.startswith('3 examples: '), out + err)
    for what, other in ('another number', struct.pack('<f', 0.9)), ('no number', struct.pack('<f', float('nan'))):
        code, out, err = run(args.import_model, model + '.tflite', '--check', examples, in_folder('other.bin', y[:-4] + other))
        check(f'import_model --check: {what} is seen', code == 1 and ' above 1e-5 of ' in out, out + err)
    cut, before = in_folder('cut.tflite', model_bytes[:-2000]), open(net_header).read()
    for what, command, words in [
            ('no file', ['/nowhere/net.tflite'], ['/nowhere/net.tflite: the file must exist']),
            ('no model file', [net_header], [net_header, 'TensorFlow Lite flatbuffer']),
            ('an empty file', [in_folder('empty.tflite', b'')], ['empty.tflite: a model file must be a']),
            ('a file cut off', [cut, '-o', net_header], [cut + ': a model file must hold everything', 'cut off']),
            ('no name', [model + '.tflite', '--name', 'a-b'], ["--name: must be a C++ identifier, found 'a-b'"]),
            ('a name that C++ keeps', [model + '.tflite', '--name', 'net_'], ["--name: must be a C++ identifier, found 'net_'"]),
            ('nowhere to write', [cut, '--bytes', '/nonexistent/net.inc'], ['/nonexistent/net.inc']),
            ('half an example', [model + '.tflite', '--check', outputs, outputs], ['y.bin', 'each example must have 168 floats, found 15']),
            ('outputs of others', [model + '.tflite', '--check', examples, examples], ['x.bin', 'must have 15 floats, 5 for each input']),
            ('half a number', [model + '.tflite', '--check', cut, in_folder('z', b'123')], ['z: the size must be a multiple of 4 bytes, found 3'])]:
        code, out, err = run(args.import_model, *command)
        check(f'import_model: {what}: a message that says so', code > 0 and out == '' and all(w in err for w in words)
              and err.count('\n') == 1, f'{code} {out}{err}')
    check('import_model: what was there stays', open(net_header).read() == before)

    # No data is read before the numbers and files on the command line are seen to be right.
    numbers = [(args.train_lenet5, '--epochs', 0, 1000000), (args.train_lenet5, '--batch-size', 1, 1000000),
               (args.train_lenet5, '--threads', 0, 1000), (args.train_lenet5, '--seed', 0, 2**64 - 1),
               (args.classify, '--first', 0, 2**32 - 1), (args.classify, '--count', 1, 2**32 - 1)]
    if args.realtime:
        numbers += [(args.realtime, '--seconds', 0.001, 86400), (args.realtime, '--period', 1, 1000000)]
    for program, option, least, most in numbers:
        whole = program != args.realtime
        kind = 'whole number' if whole else 'number'
        for value in {'-1', '-0.5', '1e99', 'nan', 'inf', '0x10', '9' * 20, '', 'many', '1 ', str(most + 1), str(least - 1)} | (
                {'1e2', '1.5'} if whole else set()):
            code, out, err = run(program, option, value, *(['--data', '/nowhere'] if whole else []))
            check(f'{option} {value}: a sentence with the range', code > 0 and out == '' and err.splitlines() ==
                  [f"{option}: must be a {kind} from {least} to {most}, found '{value}'", 'Run with --help for more information.'],
                  f'{code} {out}{err}')

    fifo, empty, long_name = os.path.join(folder, 'fifo'), os.path.join(folder, 'empty'), 'a' * 5000
    os.mkfifo(fifo)
    os.mkdir(empty)
    nowhere = [args.train_lenet5, '--data', '/nowhere']
    for what, command, words in [
            ('a header of no weights', [args.export_header, '/nowhere/w.safetensors', header], ['/nowhere/w.safetensors']),
            ('a header without a name', [args.export_header, weights, header, '--name', 'a-b'], ["'a-b'", 'identifier']),
            ('pictures without a name', [args.export_header, '--pictures', args.data, header, '--name', '4'], ["'4'", 'identifier']),
            ('a header that cannot be', [args.export_header, '/nowhere/w.safetensors', '/nonexistent/w.hpp'], ['/nonexistent/w.hpp']),
            ('pictures that cannot be', [args.export_header, '--pictures', '/nowhere', '/nonexistent/p.hpp'], ['/nonexistent/p.hpp']),
            ('no data set', [*nowhere, '--epochs', '1'], ['/nowhere', 'dataset-fashion-mnist']),
            ('no data set', [args.train_mlperf_tiny, 'resnet8', '--data', '/nowhere'], ['/nowhere', 'dataset-fashion-mnist']),
            ('no such network', [args.train_mlperf_tiny, 'resnet9'], ['network', 'resnet9']),
            ('nowhere to save what is folded', [args.train_mlperf_tiny, 'ds_cnn', '--save-folded', '/nonexistent/w'], ['/nonexistent/w']),
            ('no data set', [args.first_network, '/nowhere'], ['/nowhere/train-images']),
            ('an empty data set', [*train[:2], empty], [empty, 'train-images-idx3-ubyte.gz']),
            ('a data set that is a file', [*train[:2], weights], [weights, 'must be a folder, found a file']),
            ('a data set that cannot be', [*train[:2], long_name], ['must be a folder, found: File name too long']),
            ('a data set without a name', [*train[:2], ''], ["--data: must be a name, found ''"]),
            ('no weights', [args.classify, '/nowhere/w.safetensors', '--data', '/nowhere'], ['/nowhere/w.safetensors']),
            ('no weights to go on with', [*nowhere, '--load', '/nowhere/w.safetensors'], ['/nowhere/w.safetensors']),
            ('weights without a name', [*nowhere, '--load', ''], ["--load: must be a name, found ''"]),
            ('a picture too far', [args.classify, weights, '--data', args.data, '--first', '64'], ['--first', '64']),
            ('a file that is none', [args.classify, os.path.join(args.data, 't10k-labels-idx1-ubyte.gz')], ['t10k-labels']),
            ('nowhere to save', [*nowhere, '--save', '/nonexistent/w.safetensors'], ['/nonexistent/w.safetensors']),
            ('a folder to save to', [*nowhere, '--save', empty], [empty, 'found a folder']),
            ('a pipe to save to', [*nowhere, '--save', fifo], [fifo, 'found a FIFO']),
            ('no name to save to', [*nowhere, '--save', ''], ["--save: must be a name, found ''"]),
            *([('no weights for realtime', [args.realtime, '/nowhere/w.safetensors'], ['/nowhere/w.safetensors']),
               ('more frames than memory', [args.realtime, '--seconds', '3600', '--period', '1'], ['--seconds', '3600', '36'])]
              if args.realtime else [])]:
        code, out, err = run(*command)
        check(what + ': a message that says so', code > 0 and out == '' and all(w in err for w in words)
              and err.count('\n') <= 2, f'{code} {out}{err}')

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
