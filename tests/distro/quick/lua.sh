# lua: numbers, strings, closures, coroutines, the collector
lua5.4 - <<'X'
local t = {} for i = 1, 200000 do t[#t + 1] = (i * 7919) % 100003 end table.sort(t) print(t[1], t[1000], t[#t])
print(1 / 3, 2^53, 7 // -2, 7 % -3, 7.5 // 2, -7.5 % 2, 1e308 * 10, -(0 / 0) ~= 0 / 0, math.maxinteger + 1 == math.mininteger, 0x7fffffffffffffff)
print(string.format("%q %5.2f %x %a %g", 'a\nb"', math.pi, 255, 0.1, 1e20), ("x"):rep(5, ","), ("hello world"):gsub("o", "0"), ("abc"):byte(1, -1))
local co = coroutine.wrap(function(a) for i = 1, 3 do a = coroutine.yield(a * i) end return "end" end) print(co(10), co(20), co(30), co(40))
print(pcall(error, { code = 1 }), select("#", pcall(string.rep)), pcall(function() local x = nil; return x.y end))
local n = 0 for i = 1, 300000 do local s = { i, tostring(i) } n = n + #s[2] end collectgarbage() print(n, math.type(3), math.type(3.0), 3 | 4, ~0, 1 << 62, "10" + 5, math.ult(1, -1))
print(string.pack("<i4d", 100, 1.5):byte(1, -1)) print(os.date("!%F %T", 1e9), utf8.char(228, 8364), utf8.len("äöü")) print(load("return 1 +")) goto done do print("no") end ::done:: print(math.fmod(-6, 4), math.tointeger(3.0), 10 // 0.0)
X
echo $?
