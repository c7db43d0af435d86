"""The world outside the process is the same before and after: files, processes, connections, byte by byte."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.replay.capture import capture
from gradcheck.scripts.replay.open_files import open_descriptors, without_open_files
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import read
from gradcheck.scripts.text.training_loop import Loop
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import captured, checked, written
from tests.scripts.samples import LINEAR_HEAD

#: What a program may do in each iteration. The folder has `keep.txt`, `big.bin`, `old/a.txt` and `runs.db`.
INSIDE = {
    "open": "with open('new.txt', 'w') as f: f.write('x')\nassert open('new.txt').read() == 'x'",
    "open to append": "with open('keep.txt', 'a') as f: f.write('x')\nassert open('keep.txt').read() == 'keep mex'",
    "open to update": "with open('keep.txt', 'r+') as f: f.write('X')\nassert open('keep.txt').read() == 'Xeep me'",
    "open exclusively": "open('new.txt', 'x').close()",
    "open binary": "with open('new.bin', 'wb') as f: f.write(b'x')\nassert open('new.bin', 'rb').read() == b'x'",
    "open by descriptor": "d = os.open('new.txt', os.O_WRONLY | os.O_CREAT); os.write(d, b'x'); os.close(d)",
    "file opened before": "log.write('x'); log.flush(); os.fsync(log.fileno())",
    "table opened before": "table.writerow([1, 2])",
    "compressed file opened before": "packed.write(b'x')",
    "descriptor opened before": "os.write(raw, b'x'); os.ftruncate(raw, 0)",
    "mapped file": "mapped[0:1] = b'x'; mapped.flush()",
    "array on disk": "array[:] = 1; array.flush()",
    "new array on disk": "np.memmap('new.bin', dtype=float, mode='w+', shape=(2,))[:] = 1",
    "np.save": "np.save('new', w); assert np.load('new.npy').shape == w.shape",
    "np.save over another": "np.save('big.bin', w)",
    "np.savez": "np.savez('new.npz', w=w); np.savez_compressed('new2.npz', w=w)",
    "np.savetxt": "np.savetxt('new.txt', w); assert np.loadtxt('new.txt').shape == w.shape",
    "tofile": "w.tofile('new.bin'); assert np.fromfile('new.bin').shape == w.shape",
    "tofile of an open file": "w.tofile(binary)",
    "dump of an array": "w.dump('new.pkl')",
    "pickle": "pickle.dump(w, open('new.pkl', 'wb')); assert pickle.load(open('new.pkl', 'rb')).shape == w.shape",
    "json": "json.dump([1], open('new.json', 'w')); assert json.load(open('new.json')) == [1]",
    "shelve": "s = shelve.open('new.shelf'); s['a'] = 1; s.close()",
    "csv": "csv.writer(open('new.csv', 'w')).writerow([1])",
    "gzip": "gzip.open('new.gz', 'wt').write('x')",
    "bz2": "bz2.open('new.bz2', 'wb').write(b'x')",
    "zip": "z = zipfile.ZipFile('new.zip', 'w'); z.writestr('a', 'x'); z.close()",
    "tar": "t = tarfile.open('new.tar', 'w'); t.add('keep.txt'); t.close()",
    "remove": "os.remove('keep.txt'); assert not os.path.exists('keep.txt')",
    "unlink": "os.unlink('keep.txt')",
    "removed and made again": "os.remove('keep.txt'); open('keep.txt', 'w').write('y')",
    "function with another name": "delete('keep.txt'); assert 'keep.txt' not in os.listdir('.')",
    "rename": "os.rename('keep.txt', 'new.txt'); assert open('new.txt').read() == 'keep me'",
    "replace": "open('new.txt', 'w').write('y')\n"
    "os.replace('new.txt', 'keep.txt'); assert open('keep.txt').read() == 'y'",
    "rename of a folder": "os.rename('old', 'new'); assert os.path.isdir('new')",
    "mkdir": "os.mkdir('new'); open('new/a.txt', 'w').write('x'); assert os.listdir('new') == ['a.txt']",
    "makedirs": "os.makedirs('new/deep'); os.makedirs('old', exist_ok=True); os.rmdir('new/deep')",
    "rmdir": "os.remove('old/a.txt'); os.rmdir('old')",
    "rmtree": "shutil.rmtree('old'); assert not os.path.isdir('old'); os.mkdir('old')",
    "copy": "shutil.copy('keep.txt', 'new.txt'); shutil.copy2('keep.txt', 'new2.txt')",
    "move": "shutil.move('keep.txt', 'old/new.txt'); assert open('old/new.txt').read() == 'keep me'",
    "copytree": "shutil.copytree('old', 'new')",
    "archive": "shutil.make_archive('new', 'zip', 'old')",
    "chmod": "os.chmod('keep.txt', 0o777); os.utime('keep.txt', (0, 0))",
    "truncate": "os.truncate('keep.txt', 0)",
    "link": "os.link('keep.txt', 'new.txt')",
    "symlink": "os.symlink('keep.txt', 'new.txt')",
    "fifo": "os.mkfifo('new.pipe')",
    "Path.write_text": "P('new.txt').write_text('x'); assert P('new.txt').read_text() == 'x'",
    "Path.write_bytes": "P('keep.txt').write_bytes(b'x')",
    "Path.open": "P('new.txt').open('a').write('x')",
    "Path.mkdir": "P('new/deep').mkdir(parents=True, exist_ok=True); P('new/deep').rmdir()",
    "Path.touch": "P('new.txt').touch(); assert P('new.txt').exists()",
    "Path.unlink": "P('keep.txt').unlink(); P('nothing').unlink(missing_ok=True)",
    "Path.rename": "P('keep.txt').rename('new.txt')",
    "temporary file": "f = tempfile.NamedTemporaryFile(dir='.'); f.write(b'x'); f.close()",
    "temporary file that stays": "tempfile.mkstemp(dir='.'); tempfile.TemporaryFile(dir='.').write(b'x')",
    "temporary folder": "d = tempfile.TemporaryDirectory(dir='.'); open(d.name + '/a', 'w').write('x'); d.cleanup()",
    "database": "c = sqlite3.connect('runs.db'); c.execute('insert into t values (1)'); c.commit(); c.close()",
    "database opened before": "db.execute('insert into t values (1)'); db.commit()",
    "command": "assert subprocess.run(['sh', '-c', 'echo x > new.txt'], check=True).returncode == 0",
    "output of a command": "subprocess.check_output('echo x > new.txt', shell=True)",
    "process": "p = subprocess.Popen(['touch', 'new.txt']); p.wait()",
    "os.system": "os.system('touch new.txt')",
    "os.popen": "os.popen('touch new.txt').read()",
    "fork": "try:\n    os.fork() or os._exit(0)\nexcept OSError:\n    pass",
    "spawn": "try:\n    os.posix_spawn('/bin/touch', ['touch', 'new.txt'], {})\nexcept OSError:\n    pass",
    "another process": "try:\n    multiprocessing.Process(target=print).start()\nexcept OSError:\n    pass",
    "thread": "t = threading.Thread(target=lambda: open('new.txt', 'w').write('x')); t.start(); t.join()",
    "pool of threads": "list(ThreadPoolExecutor(2).map(lambda n: open(n, 'w').write('x'), ['new1.txt', 'new2.txt']))",
    "signal": "try:\n    os.kill(os.getpid(), 15)\nexcept OSError:\n    pass",
    "handler for the end": "atexit.register(open, 'new.txt', 'w')",
    "log file": "logging.getLogger('x').addHandler(logging.FileHandler('new.log')); logging.getLogger('x').error('x')",
    "connection": "s = socket.create_connection(('127.0.0.1', PORT)); s.sendall(b'x'); s.recv(1); s.close()",
    "datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "web page": "urllib.request.urlopen('http://127.0.0.1:%d/' % PORT).read()",
    "web request": "http.client.HTTPConnection('127.0.0.1', PORT).request('GET', '/')",
    "question": "assert input('?') == ''; getpass.getpass(); sys.stdin.readline()",
    "print": "print('x'); sys.stdout.write('x'); sys.stderr.write('x')\n"
    "sys.stdout.buffer.write(b'x'); os.write(1, b'x')",
    "saved stream": "out.write('x'); out.flush()",
    "sleep": "time.sleep(1000); sleep(1000); threading.Event().wait(1000)",
    "alarm": "signal.alarm(1)",
    "folder and environment": "os.chdir('old'); os.environ['A_B_C'] = '1'; sys.path.append('x'); sys.argv.append('x')",
    "module that is imported": "import helper; helper.x",
}

#: What a program does before its loop so that the effects above are possible.
PREPARED = """
import atexit, bz2, csv, getpass, gzip, http.client, json, logging, mmap, multiprocessing, os, pickle, shelve, shutil
import signal, socket, sqlite3, subprocess, sys, tarfile, tempfile, threading, time, urllib.request, zipfile
from concurrent.futures import ThreadPoolExecutor
from os import remove as delete
from pathlib import Path as P
from time import sleep
log = open('log.txt', 'a')
held = open('table.csv', 'a')
table = csv.writer(held)
del held
packed = gzip.open('packed.gz', 'ab')
packed.flush()
binary = open('binary.bin', 'ab')
raw = os.open('raw.txt', os.O_RDWR | os.O_CREAT)
mapped = mmap.mmap(os.open('big.bin', os.O_RDWR), 16)
array = np.memmap('array.bin', dtype=float, mode='r+', shape=(2,))
db = sqlite3.connect('runs.db')
out = sys.stdout
"""

LOOP = "for i in range(10**9):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    g = x.T @ r\n    w -= 0.1 * g\n"


def indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.split("\n"))


def world(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All files and folders, with their permissions and content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        found[str(path.relative_to(folder))] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that a program may spoil; the program is beside it."""
    place = tmp_path / "place"
    (place / "old").mkdir(parents=True)
    (place / "keep.txt").write_text("keep me", encoding="utf-8")
    (place / "old" / "a.txt").write_text("a", encoding="utf-8")
    (place / "big.bin").write_bytes(bytes(16))
    (place / "array.bin").write_bytes(bytes(16))
    for name in ("log.txt", "table.csv", "binary.bin", "raw.txt"):
        (place / name).touch()
    import gzip
    import sqlite3

    gzip.open(place / "packed.gz", "wb").close()
    with contextlib.closing(sqlite3.connect(place / "runs.db")) as database, database:
        database.execute("create table t (a)")
    (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.chdir(place)
    return tmp_path


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port on which nobody may knock."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


def replayed(step: Step) -> bool:
    """Record the step and replay it; whether that was possible."""
    trace = step.prepare()
    try:
        return step.replay(watched={event.index for event in trace.events}) is not None
    finally:
        step.release()


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.filterwarnings("ignore")  # programs leave files open
def test_a_replay_changes_nothing(name: str, folder: Path, port: int, capfd: pytest.CaptureFixture[str]) -> None:
    if name == "fifo" and not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    text = LINEAR_HEAD + f"PORT = {port}\n" + PREPARED + LOOP + indented(INSIDE[name])
    step = captured(folder, text)
    before = world(folder)
    process = Path.cwd(), dict(os.environ), list(sys.path), list(sys.argv)
    assert replayed(step)
    assert world(folder) == before
    assert process == (Path.cwd(), dict(os.environ), list(sys.path), list(sys.argv))
    assert capfd.readouterr() == ("", "")


#: What a program may do after its loop, or when something ends it. LOOP is the loop; `save` overwrites `keep.txt`.
AROUND = {
    "after the loop": "LOOP\nsave()",
    "else": "LOOP\nelse:\n    save()",
    "finally": "try:\n    LOOP\nfinally:\n    save()",
    "nested finally": "try:\n    try:\n        LOOP\n    finally:\n        save()\nfinally:\n    save()",
    "finally that returns": "def f():\n    global w\n    try:\n        LOOP\n    finally:\n"
    "        return np.save('keep.txt', w)\nf()\nsave()",
    "except BaseException": "try:\n    LOOP\nexcept BaseException:\n    save()",
    "except of a group": "try:\n    LOOP\nexcept (ValueError, BaseException) as error:\n    save()\n    raise",
    "except everything": "try:\n    LOOP\nexcept:\n    save()",
    "KeyboardInterrupt": "try:\n    LOOP\nexcept KeyboardInterrupt:\n    save()",
    "loop that goes on": "while True:\n    try:\n        LOOP\n    except BaseException:\n        save()",
    "context": "class C:\n    def __enter__(self): pass\n    def __exit__(self, *_): save()\nwith C():\n    LOOP",
    "context that swallows": "class C:\n    def __enter__(self): pass\n    def __exit__(self, *_): return True\n"
    "with C():\n    LOOP\nsave()",
    "context of a generator": "@contextlib.contextmanager\ndef c():\n    try:\n        yield\n    finally:\n"
    "        save()\n"
    "with c():\n    LOOP",
    "closing": "class C:\n    def close(self): save()\nwith contextlib.closing(C()):\n    LOOP",
    "stack of contexts": "with contextlib.ExitStack() as stack:\n    stack.callback(save)\n    LOOP",
    "suppress": "with contextlib.suppress(BaseException):\n    LOOP\nsave()",
    "__del__": "class C:\n    def __del__(self): save()\nc = C()\nLOOP",
    "weakref.finalize": "class C: pass\nc = C()\nweakref.finalize(c, save)\nweakref.finalize(C, lambda: save())\nLOOP",
    "atexit": "atexit.register(save)\natexit.register(np.save, 'keep.txt', w)\n@atexit.register\ndef f(): save()\nLOOP",
    "excepthook": "sys.excepthook = lambda *_: save()\nLOOP",
    "signal": "signal.signal(signal.SIGTERM, lambda *_: save())\nsignal.signal(signal.SIGINT, lambda *_: save())\nLOOP",
    "generator": "def g():\n    try:\n        yield\n    finally:\n        save()\nit = g()\nnext(it)\nLOOP",
    "generator that trains": "def g():\n    global w\n    try:\n        LOOP\n        yield\n    finally:\n"
    "        save()\nfor _ in g():\n    save()",
    "coroutine": "async def c():\n    global w\n    try:\n        LOOP\n    finally:\n        save()\n"
    "import asyncio\nasyncio.run(c())\nsave()",
    "thread": "def wait():\n    while True:\n        go.wait()\n        np.save('keep.txt', np.ones(3))\n"
    "go = threading.Event()\nt = threading.Thread(target=wait, daemon=True)\nt.start()\nLOOP\n    go.set()",
    "temporary folder": "with tempfile.TemporaryDirectory() as d:\n    open(d + '/a', 'w').close()\n    LOOP\n"
    "        assert os.path.exists(d + '/a')",
    "open file": "with open('log.txt', 'w') as f:\n    LOOP\n        f.write('x')",
}

SAVE = (
    "import atexit, contextlib, os, signal, sys, tempfile, threading, weakref\n\n\ndef save():\n"
    "    np.savetxt('keep.txt', w)\n\n\n"
)


@pytest.fixture(autouse=True)
def closed_files() -> Iterator[None]:
    """Programs that are captured alone leave files open."""
    with without_open_files():
        yield


def around(template: str) -> str:
    """A program with its loop in the place of LOOP, indented as that is."""
    lines = []
    for line in template.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines += [indent + each for each in LOOP.strip().split("\n")] if line.strip() == "LOOP" else [line]
    return LINEAR_HEAD + SAVE + "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.filterwarnings("ignore")  # a thread of the program may end with an exception
def test_what_stands_around_the_loop_never_runs(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = []

    def use(step: Step, others: list[Loop]) -> bool:
        found.append(world(folder))
        return replayed(step)

    path = written(folder, around(AROUND[name]))
    weakref.finalize(world, print).detach()  # Python itself registers a function once
    callbacks, handler = atexit._ncallbacks(), signal.getsignal(signal.SIGINT)
    assert capture(InstrumentedProgram(path, read(path)), (), None, use)
    gc.collect()
    assert world(folder) == found[0]
    assert (atexit._ncallbacks(), signal.getsignal(signal.SIGINT)) == (callbacks, handler)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["finally", "except everything", "KeyboardInterrupt", "context", "loop that goes on"])
def test_an_interrupt_ends_a_check_at_once(name: str, folder: Path) -> None:
    """While the program runs up to its loop, while its step is replayed, and in between."""

    def use(step: Step, others: list[Loop]) -> None:
        raise KeyboardInterrupt

    path = written(folder, around(AROUND[name]))
    before = world(folder)
    with pytest.raises(KeyboardInterrupt):
        capture(InstrumentedProgram(path, read(path)), (), None, use)
    interrupted = around(AROUND[name]).replace("r = x @ w - y", "r = x @ w - y; raise KeyboardInterrupt")
    path = written(folder, interrupted)
    with pytest.raises(KeyboardInterrupt):
        capture(InstrumentedProgram(path, read(path)), (), None, lambda step, others: replayed(step))
    early = around(AROUND[name]).replace("for i in", "raise KeyboardInterrupt\nfor i in")
    path.write_text(early if "    raise" not in early else interrupted, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        capture(InstrumentedProgram(path, read(path)), (), None, lambda step, others: replayed(step))
    path.unlink()
    after = {n: content for n, content in world(folder).items() if n != "train.py"}
    assert after == {n: content for n, content in before.items() if n != "train.py"}


#: Programs that leave a file open: what they do before the loop, and in each iteration.
LEFT_OPEN = {
    "file": ("f = open('new.txt', 'w')", "f.write('x')"),
    "file that is read": ("f = open('keep.txt')", "f.read()"),
    "file without a name": ("import tempfile\nf = tempfile.TemporaryFile('w+')", "f.write('x'); f.seek(0); f.read()"),
    "file of each iteration": ("", "f = open('new.txt', 'a'); f.write('x')"),
    "file in a cycle": (
        "class Log:\n    def __init__(self):\n        self.file, self.own = open('new.txt', 'a'), self",
        "Log().file.write('x')",
    ),
    "file of a generator": (
        "def lines():\n    with open('keep.txt') as f:\n        while True:\n            yield f.tell()\nit = lines()",
        "next(it)",
    ),
}


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_what_a_program_leaves_open_is_closed_with_it(
    name: str, folder: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Without the warning that Python gives about it: the file is the program's affair."""
    before, inside = LEFT_OPEN[name]
    checked(folder, LINEAR_HEAD + LOOP)
    descriptors = open_descriptors()
    report = checked(folder, LINEAR_HEAD + before + "\n" + LOOP + f"    {inside}\n")
    assert report.verdict is Verdict.PASS
    assert open_descriptors() == descriptors
    assert not [w for w in recwarn if issubclass(w.category, ResourceWarning)]


def test_a_handler_of_a_logger_ends_with_the_program(folder: Path) -> None:
    log = "import logging\nlogging.getLogger('held').addHandler(logging.FileHandler('new.log'))\n"
    descriptors = open_descriptors()
    checked(folder, LINEAR_HEAD + log + LOOP)
    assert logging.getLogger("held").handlers == []
    assert open_descriptors() == descriptors


def test_what_a_child_prints_does_not_mix_with_the_report(tmp_path: Path) -> None:
    code = "import os, subprocess\nsubprocess.run(['echo', 'child'])\nos.system('echo child')\nos.write(1, b'child')\n"
    path = written(tmp_path, LINEAR_HEAD + code + LOOP + "    os.system('echo child')\n")
    command = [sys.executable, "-m", "gradcheck", "check", str(path), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["verdict"] == "pass"
    assert done.stderr.count("child") == 3


def test_what_was_done_and_what_was_refused_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import posix\nopen('begun.txt', 'w').close()\n"
    text = LINEAR_HEAD + code + LOOP + "    posix.unlink('begun.txt')\n"
    notes = checked(tmp_path, text).notes
    assert any("write begun.txt (line 8)" in note for note in notes)
    assert any("delete begun.txt (line 14)" in note for note in notes)
    assert (tmp_path / "begun.txt").exists()


def test_a_step_that_needs_what_is_refused_is_not_replayed(tmp_path: Path) -> None:
    text = LINEAR_HEAD + "import posix\n" + LOOP + "    answer = posix.system('true')\n    w -= 0 * answer\n"
    with pytest.raises(TargetError, match=r"run true \(line 13\)"):
        checked(tmp_path, text)
