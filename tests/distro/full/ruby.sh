# ruby: strings, big numbers, fibers, threads, processes, sockets, the collector
ruby - <<'X'
$stdout.sync = true; require "digest"; require "json"; require "bigdecimal"; require "socket"; require "open3"; require "zlib"; require "set"; require "time"
puts 2**200, 0.1 + 0.2, -7 / 2, -7 % 3, 1e100.to_i, Math.sqrt(2), Rational(3, 4) + 1, Complex(1, 2) * Complex(3, 4), 10.pow(50, 97), Integer.sqrt(10**30), "%.10f %x %e" % [Math::PI, 255, 12345.678]
puts "héllo wörld".upcase, "abc".unpack("C*").inspect, "a1b22".scan(/\d+/).inspect, "hello"[1..3], :sym.to_proc.call("x") rescue puts $!.message
puts Digest::SHA256.hexdigest("x" * 100000), JSON.generate({ a: [1, nil, 2.5], "ü" => "€" }), Zlib.crc32("abc"), [3, 1, 2].sort.inspect, (1..10).each_slice(3).map(&:sum).inspect
f = Fiber.new { 3.times { |i| Fiber.yield i }; :done }; puts 4.times.map { f.resume }.inspect; e = Enumerator.new { |y| a, b = 0, 1; loop { y << a; a, b = b, a + b } }; puts e.lazy.select(&:even?).first(10).inspect
n = 0; m = Mutex.new; 16.times.map { Thread.new { 500.times { m.synchronize { n += 1 } } } }.each(&:join); puts n; q = Queue.new; t = Thread.new { r = []; while (x = q.pop) != :end; r << x; end; r }; 5.times { |i| q << i }; q << :end; puts t.value.inspect
r, w = IO.pipe; pid = fork { r.close; w.puts "child"; exit!(5) }; w.close; puts r.read, Process.wait2(pid)[1].exitstatus; o, s = Open3.capture2("tr a-z A-Z", stdin_data: "text"); puts o, s.success?; puts `echo shell`
srv = TCPServer.new("127.0.0.1", 0); Thread.new { c = srv.accept; c.puts c.gets.upcase; c.close }; c = TCPSocket.new("127.0.0.1", srv.addr[1]); c.puts "hi"; puts c.read; trap("USR1") { puts "usr1" }; Process.kill("USR1", Process.pid); sleep 0.1
h = Hash.new(0); 200000.times { |i| h["k#{i % 1000}"] += i }; GC.start; puts h.size, h["k7"]; begin; raise ArgumentError, "bad"; rescue => x; puts x.class, x.message; ensure puts "ensured"; end; puts catch(:t) { 10.times { |i| throw :t, i if i == 3 } }; def r(n) = n == 0 ? 0 : 1 + r(n - 1); puts r(5000); begin; def z = z; z; rescue SystemStackError => x; puts x.message; end
X
echo $?
