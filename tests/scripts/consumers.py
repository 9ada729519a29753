#!/usr/bin/env python3
"""Other people's projects: a program of five lines is built and run in every way the README offers, from the README's own
lines: as a subproject of Meson's, installed by Meson or CMake, added to a CMake project, or with nothing but a compiler."""
import argparse, json, os, pathlib, re, shutil, subprocess, sys, tempfile

PROGRAMS = {
    'io': '''#include <ctnn/io.hpp>
#include <ctnn/training.hpp>
int main(int, char** argv) {
    return ctnn::read_mnist_part<ctnn::tensor<ctnn::shape<28, 28, 1>>>(argv[1], "t10k").inputs.size() == 64 ? 0 : 1;
}
''',
    'ctnn': '''#include <ctnn/ctnn.hpp>
using net = ctnn::network<ctnn::shape<1, 1, 2>, ctnn::flatten, ctnn::dense<1>>;
int main() {
    return net::predict(net::parameters{{2, 3, 4}}, net::input{{5, 6}})[0] == 32 ? 0 : 1;
}
''',
    'model': '''#include <ctnn/model_file.hpp>
constexpr unsigned char file[]{
#include "net.tflite.inc"
};
static_assert(ctnn::network_in<file>::parameter_count == 574);
int main() { return ctnn::weights_in<file>.values().size() == 574 ? 0 : 1; }
'''}
CMAKE_STRICT = '-DCMAKE_CXX_FLAGS=-O0 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('root', type=pathlib.Path, help='the folder of the README')
parser.add_argument('--only', metavar='WORD', default='', help='only the projects whose name has this word in it')
parser.add_argument('compiler', nargs='+')
args = parser.parse_args()
root, passed, failures = args.root.resolve(), 0, []
readme = (root / 'README.md').read_text()
environment = os.environ | {'CXX': ' '.join(args.compiler), 'CMAKE_GENERATOR': 'Ninja', 'LC_ALL': 'C.UTF-8'}


def check(what, condition, shown=''):
    global passed
    passed += bool(condition)
    if not condition:
        failures.append(f'{what}\n{shown}')


def run(*command, **variables):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=work,
                          env=environment | variables)
    return done.returncode == 0, f'$ {" ".join(map(str, command))}\n{done.stdout}'


def introspect(what, build):
    good, output = run('meson', 'introspect', what, build)
    return json.loads(output.partition('\n')[2]) if good else None


def block(language, number=0):
    found = re.findall(rf'^```{language}\n(.*?)^```', readme, re.M | re.S)
    return found[number] if number < len(found) else ''


def project(name, part, build_file, text):
    """A folder with a program and its build file: None where it is not asked for."""
    if args.only not in name:
        return None
    folder = work / name
    folder.mkdir()
    (folder / 'main.cpp').write_text(PROGRAMS[part])
    (folder / build_file).write_text(text)
    if part == 'model':
        shutil.copy(root / 'tests/data/tflite_reshapes.tflite', folder / 'net.tflite')
    return folder


def builds(name, *commands, **variables):
    """Runs the commands that set up and build a project, then its program; what the first of them printed."""
    printed = []
    for command in [*commands, (work / name / 'build/pictures', root / 'tests/data/fashion_small')]:
        good, output = run(*command, **variables)
        printed.append(output)
        if not good:
            break
    check(f'{name}: builds and runs', good, printed[-1])
    return printed[0]


def meson(name, part, copy=False, options=(), **variables):
    lines = block('meson').replace('ctnn-io', 'ctnn-io' if part == 'io' else 'ctnn')
    if part == 'model':
        lines = lines.replace('executable(', block('meson', 1) + 'executable(').replace("'main.cpp'", "'main.cpp', net")
    folder = project(name, part, 'meson.build', lines)
    if not folder:
        return
    if copy:  # everything, as a wrap file gets it
        shutil.copytree(root, folder / 'subprojects/ctnn', ignore=shutil.ignore_patterns('build*', '.*', '__pycache__'))
    build = folder / 'build'
    printed = builds(name, ['meson', 'setup', '-Doptimization=0', *options, build, folder], ['ninja', '-C', build], **variables)
    check(f'{name}: no warnings', 'WARNING' not in printed and 'warning:' not in printed, printed)
    targets = [target['name'] for target in introspect('--targets', build) or []]
    check(f'{name}: builds nothing else', sorted(targets) == ['net'] * (part == 'model') + ['pictures'], targets)


def cmake(name, part, instead='', options=()):
    lines = block('cmake').replace('ctnn::io', 'ctnn::io' if part == 'io' else 'ctnn::ctnn') + block('cmake', 1) * (part == 'model')
    if instead:
        lines = re.sub(r'^find_package\(ctnn.*', lambda _: instead, lines, flags=re.M)
    folder = project(name, part, 'CMakeLists.txt', lines)
    if folder:
        build = folder / 'build'
        printed = builds(name, ['cmake', '-S', folder, '-B', build, *options], ['cmake', '--build', build])
        check(f'{name}: no warnings', 'Warning' not in printed, printed)


def refuses(name, find, words, *options):
    """Where find_package cannot be right, it says why."""
    folder = project(name, 'ctnn', 'CMakeLists.txt', f'cmake_minimum_required(VERSION 3.21)\nproject(p CXX)\n{find}\n')
    if folder:
        good, output = run('cmake', '-S', folder, '-B', folder / 'build', *options)
        check(f'{name}: must be refused, with the words "{words}"', not good and words in ' '.join(output.split()), output)


def installed(prefix):
    return {p.relative_to(prefix).as_posix(): p.read_text() for p in prefix.rglob('*') if p.is_file()}


with tempfile.TemporaryDirectory(prefix='with spaces ') as folder:
    work = pathlib.Path(folder)

    # Installing compiles nothing. DESTDIR moves what was meant for another place.
    good, output = run('meson', 'setup', '--prefix', '/opt/by meson', work / 'of meson', root)
    check('meson setup', good, output)
    good, output = run('ninja', '-C', work / 'of meson', '-n')
    check('meson install has nothing to build', good and 'no work to do' in output, output)
    good, output = run('meson', 'install', '--no-rebuild', '-C', work / 'of meson', DESTDIR=str(work / 'moved'))
    check('meson install', good, output)
    by_meson, by_cmake = work / 'moved/opt/by meson', work / 'by cmake'
    of = work / 'of cmake'
    for command in (['cmake', '-S', root, '-B', of], ['cmake', '--install', of, '--prefix', by_cmake]):
        good, output = run(*command)
        check('cmake --install', good, output)
    shown = run('pkg-config', '--modversion', 'ctnn', PKG_CONFIG_PATH=str(by_cmake / 'share/pkgconfig'))[1]
    check('cmake --install: pkg-config', shown.endswith(f'{introspect("--projectinfo", work / "of meson")["version"]}\n'), shown)

    # Both install the same, but for the lines that say which program wrote the file.
    of_meson, of_cmake = installed(by_meson), installed(by_cmake)
    config, version = ('share/cmake/ctnn/ctnnConfig' + end for end in ('.cmake', 'Version.cmake'))
    check('the same files', of_meson.keys() == of_cmake.keys(), sorted(of_meson.keys() ^ of_cmake.keys()))
    check('the same contents', {name for name in of_cmake if of_cmake[name] != of_meson.get(name)} <= {config})
    wanted = {p.relative_to(root).as_posix() for p in (root / 'include').rglob('*.hpp')} | {'share/licenses/ctnn/LICENSE'}
    check('every header, the licence', wanted <= of_meson.keys(), sorted(wanted - of_meson.keys()))
    number = introspect('--projectinfo', work / 'of meson')['version']
    for written, file in (f'"{number}"', version), (f'Version: {number}\n', 'share/pkgconfig/ctnn.pc'):
        check(f'one version: {number} in {file}', written in of_meson.get(file, ''), of_meson.get(file))

    meson('meson subproject, strict', 'io', copy=True, options=['-Dwerror=true', '-Dwarning_level=3'])
    moved = {'PKG_CONFIG_PATH': str(by_meson / 'share/pkgconfig')}
    for package, has_zlib in ('ctnn', False), ('ctnn-io', True):
        flags = run('pkg-config', '--cflags', '--libs', package, **moved)[1].partition('\n')[2]
        found = [path for path in re.findall(r'-I((?:\\.|\S)*)', flags) if
                 (pathlib.Path(path.replace('\\', '')) / 'ctnn/ctnn.hpp').exists()]
        check(f'pkg-config {package}', found and '-pthread' in flags and ('-lz' in flags) == has_zlib, flags)
    good, output = run('meson', 'setup', '--reconfigure', '--prefix', work / 'in use', work / 'of meson', root)
    good, output = run('meson', 'install', '--no-rebuild', '-C', work / 'of meson')
    check('meson install elsewhere', good, output)
    used = {'PKG_CONFIG_PATH': str(work / 'in use/share/pkgconfig')}
    meson('meson, installed', 'io', **used)
    meson('meson, installed, networks only', 'ctnn', **used)
    if shutil.which('xxd'):
        meson('meson, installed, model file', 'model', **used)

    cmake('cmake, installed by meson', 'io', options=[f'-DCMAKE_PREFIX_PATH={by_meson}'])
    there = f'-DCMAKE_PREFIX_PATH={by_cmake}'
    cmake('cmake, installed by cmake, no zlib', 'ctnn', options=[there, '-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON'])
    cmake('cmake, subdirectory, strict', 'io', f'add_subdirectory("{root}" ctnn)', [CMAKE_STRICT])
    cmake('cmake, installed by cmake, model file', 'model', options=[there])
    cmake('cmake, FetchContent, model file', 'model', f'include(FetchContent)\nFetchContent_Declare(ctnn SOURCE_DIR "{root}")\n'
          'FetchContent_MakeAvailable(ctnn)')
    refuses('cmake, io without zlib', 'find_package(ctnn CONFIG REQUIRED COMPONENTS io)', 'ctnn::io needs zlib and nlohmann_json',
            there, '-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON')
    major, minor, patch = map(int, number.split('.'))
    for other in f'{major}.{minor + 1}', f'{major + 1}.0', f'{major}.{minor}.{patch + 1}':
        refuses(f'cmake, version {other}', f'find_package(ctnn {other} CONFIG REQUIRED)', f'version: {number}', there)

    # By hand, with the README's command, as a program that reads data sets and trains.
    by_hand = re.search(r'`g\+\+ (-std=[^`]* main\.cpp[^`]*)`', readme)
    if args.only in 'by hand':
        (work / 'main.cpp').write_text(PROGRAMS['io'])
        (work / 'include').symlink_to(root / 'include')
        flags = ['-O0' if word == '-O3' else word for word in by_hand[1].split()] if by_hand else []
        good, output = run(*args.compiler, *flags, '-o', work / 'by_hand')
        good, output = run(work / 'by_hand', root / 'tests/data/fashion_small') if good else (good, output)
        check("by hand, with the README's command", good, output)

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
