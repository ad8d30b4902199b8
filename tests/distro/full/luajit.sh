# luajit: hot loops that its compiler translates, FFI, closures, tables
for j in -joff -jon; do luajit $j -O3 - <<'X'
local s = 0 for i = 1, 3e6 do s = s + i % 7 * (i % 3) end print(s)
local t = {} for i = 1, 1e5 do t[i] = (i * 7919) % 100003 end table.sort(t) print(t[1], t[5000], #t)
local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end print(f(27))
local ffi = require "ffi" ffi.cdef "int abs(int); int snprintf(char*, size_t, const char*, ...); void qsort(void*, size_t, size_t, int (*)(const int*, const int*)); typedef struct { double x, y; int n; } P;"
local b = ffi.new("char[64]") ffi.C.snprintf(b, 64, "%d %s %.3f", ffi.new("int", 42), "text", 3.14159) print(ffi.string(b), ffi.C.abs(-3)) local a = ffi.new("P[1000]") for k = 1, 100 do for i = 0, 999 do a[i].x = a[i].x + i * .5; a[i].n = a[i].n + k end end print(a[999].x, a[10].n) local v = ffi.new("int[5]", 5, 3, 1, 4, 2) ffi.C.qsort(v, 5, 4, function(x, y) return x[0] - y[0] end) print(v[0], v[4])
local n = 0ULL for i = 1, 1e6 do n = n * 6364136223846793005ULL + 1442695040888963407ULL end print(n) local bit = require "bit" local h = 0 for i = 1, 1e6 do h = bit.bxor(bit.rol(h, 5), i) end print(h) local c = {} for i = 1, 2e5 do c[#c + 1] = ("%d"):format(i) end print(#table.concat(c)) print(pcall(function() for i = 1, 1e5 do if i == 99999 then error("deep", 0) end end end)) print(1 / 3, math.floor(-2.5), 2^53, math.fmod(-7, 3), string.rep("ab", 3), tostring(0/0):gsub("-", ""))
X
done
