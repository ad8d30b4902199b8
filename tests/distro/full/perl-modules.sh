# perl: core modules, threads, sockets, big numbers
perl - <<'X'
use strict; use warnings; $| = 1; use Digest::MD5 "md5_hex"; use Digest::SHA "sha256_hex"; use List::Util qw(sum shuffle reduce max); use Math::BigInt; use Math::BigFloat; use POSIX qw(floor strftime :sys_wait_h); use Time::HiRes "usleep"; use Storable qw(freeze thaw); use MIME::Base64; use Encode; use IO::Socket::INET; use IPC::Open3; use threads; use threads::shared; use File::Temp; use Compress::Zlib; use JSON::PP; use Data::Dumper; use Unicode::Normalize; use Socket;
print md5_hex("x" x 1e6), " ", sha256_hex(join ",", 1 .. 10000), " ", sum(1 .. 100), " ", Math::BigInt->new(2)->bpow(300), " ", Math::BigFloat->bpi(60), "\n";
my $n : shared = 0; my @t = map { threads->create(sub { for (1 .. 500) { lock $n; $n++ } return $_[0] ** 2 }, $_) } 1 .. 8; print join(",", map { $_->join } @t), " $n\n";
print strftime("%F %T", gmtime 1e9), " ", floor(-2.5), " ", encode_base64(encode("UTF-8", "\x{20ac}"), ""), " ", thaw(freeze([1, { a => 2 }]))->[1]{a}, " ", length(Compress::Zlib::memGzip("a" x 1e5)), " ", JSON::PP->new->canonical->encode({ b => [1, "2", undef], a => 1.5 }), " ", length NFD("\x{e9}"), "\n";
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die; my $port = $s->sockport; my $pid = fork; if (!$pid) { my $c = IO::Socket::INET->new("127.0.0.1:$port"); print $c "hello\n"; print "client: ", scalar <$c>; exit 0 } my $c = $s->accept; my $l = <$c>; print $c uc $l; close $c; waitpid $pid, 0; print "status $?\n"; local $Data::Dumper::Sortkeys = 1; print Dumper({ a => [1, 2], b => \"x" }); usleep 1000;
my $p = open3(my $in, my $out, undef, "sort", "-n"); print $in "$_\n" for 3, 1, 2; close $in; print <$out>; waitpid $p, 0; print $? >> 8, "\n";
X
echo $?
