# python3: modules of its library: numbers, text, threads, processes, ctypes, sockets, asyncio
python3 - <<'X'
import asyncio, bz2, collections, concurrent.futures, ctypes, decimal, fractions, hashlib, json, lzma, math, mmap, multiprocessing, os, pickle, platform, random, re, signal, socket, sqlite3, statistics, struct, subprocess, sys, threading, time, unicodedata, zlib
print(sys.version_info[:2], platform.system(), struct.calcsize("P"), sys.byteorder, sys.maxsize, os.path.basename(sys.executable))
print(2**200 // 3**50, math.factorial(60), decimal.Decimal(2).sqrt(), fractions.Fraction(22, 7) ** 3, 0.1 + 0.2, math.gamma(0.5), math.fsum([0.1] * 10), float.hex(math.pi), statistics.stdev(range(100)))
random.seed(42); data = random.randbytes(200000); print([hashlib.new(n, data).hexdigest()[:16] for n in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")], zlib.crc32(data), zlib.adler32(data), len(zlib.compress(data * 2)), len(bz2.compress(data)), len(lzma.compress(data)), random.gauss(0, 1))
print(json.dumps({"a": [1, 2.5, None, True], "ü": "€"}, sort_keys=True), re.findall(r"(?<=\d)[a-z]+", "1abc2def"), unicodedata.name("é"), pickle.loads(pickle.dumps({1, 2})) == {1, 2}, collections.Counter("abracadabra").most_common(2))
n = 0; lock = threading.Lock()
def work():
    global n
    for _ in range(2000):
        with lock: n += 1
threads = [threading.Thread(target=work) for _ in range(32)]; [t.start() for t in threads]; [t.join() for t in threads]; print(n)
libc = ctypes.CDLL(None); print(libc.abs(-5), ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x * 2)(21)); cmp = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))(lambda a, b: a[0] - b[0]); arr = (ctypes.c_int * 5)(5, 2, 4, 1, 3); libc.qsort(arr, 5, 4, cmp); print(list(arr))
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True), subprocess.check_output(["tr", "a-z", "A-Z"], input=b"text"))
def sq(x): return x * x
with multiprocessing.get_context("fork").Pool(4) as pool: print(sum(pool.map(sq, range(1000))))
with concurrent.futures.ThreadPoolExecutor(8) as pool: print(sum(pool.map(sq, range(1000))))
async def main():
    async def serve(r, w): w.write((await r.readline()).upper()); await w.drain(); w.close()
    s = await asyncio.start_server(serve, "127.0.0.1", 0); port = s.sockets[0].getsockname()[1]
    async def ask(i): r, w = await asyncio.open_connection("127.0.0.1", port); w.write(f"hello {i}\n".encode()); v = await r.read(); w.close(); return v
    print(await asyncio.gather(*(ask(i) for i in range(10)))); p = await asyncio.create_subprocess_exec("echo", "sub", stdout=asyncio.subprocess.PIPE); print(await p.communicate()); s.close()
asyncio.run(main())
a, b = socket.socketpair(); socket.send_fds(a, [b"x"], [1]); m, fds, _, _ = socket.recv_fds(b, 10, 1); print(m, len(fds)); os.write(fds[0], b"through a descriptor\n") if False else None
m = mmap.mmap(-1, 8192); m[0:5] = b"hello"; pid = os.fork()
if pid == 0: m[0:5] = b"child"; os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), m[0:5])
signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.2); print(sqlite3.connect(":memory:").execute("select sum(value) from json_each('[1,2,3]')").fetchone())
try: 1 / 0
except ZeroDivisionError as e: print(repr(e))
X
echo $?
