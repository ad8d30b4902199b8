# perl: regular expressions, sort, pack, formats, fork and pipes, signals
# as: s/line ([0-9]+): *[0-9]+ /line \1: PID /
perl - <<'X'
use strict; use warnings; $| = 1;
my %h; $h{$_ % 97} .= chr(65 + $_ % 26) for 1 .. 20000; print join(",", map { "$_:" . length $h{$_} } sort { $a <=> $b } keys %h), "\n";
print "$1-$2\n" while "key=val; other=thing" =~ /(\w+)=(\w+)/g; (my $s = "Hello World") =~ tr/a-zA-Z/n-za-mN-ZA-M/; print "$s\n";
print join(" ", unpack("H*", pack("NnCw/a*d>", 1, 2, 3, "text", 1.5))), " ", sprintf("%.15g %e %s %s %d %b %v d", 0.1 + 0.2, 1e100, 9**9**9, -9**9**9, -17 / 4, 10, "1.22.333"), "\n";
print 7 % -3, " ", -7 % 3, " ", 2**63, " ", 18446744073709551615, " ", 18446744073709551615 + 1, " ", 1 << 63, " ", ~0, " ", int(-3.7), " ", "0x1A" ? hex("1A") : 0, " ", atan2(1, 1) * 4, " ", "abc" x 3, "\n";
my $pid = open(my $p, "-|") // die; if (!$pid) { print "child $_\n" for 1 .. 3; exit 7 } print while <$p>; close $p; print $? >> 8, "\n";
$SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@; $SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$;
print `echo from a shell`, $? , "\n"; my @l = sort { $a->[1] cmp $b->[1] || $a->[0] <=> $b->[0] } map { [$_, $_ % 10] } 1 .. 30; print join(" ", map { $_->[0] } @l), "\n";
"aaa" =~ /^(a+)+$/ and print "match\n"; print join("|", "a1b22c333" =~ /(\d+)/g), " ", scalar reverse("abc"), " ", ucfirst lc "HELLO", " ", join(",", splice @{[1 .. 9]}, 2, 3), "\n"; our ($n, $v) = ("x", 3.14159); format STDOUT =
@<<<< @##.##
$n, $v
.
write; printf "%s\n", join ",", map { sprintf "%03d", $_ } grep { $_ & 1 } 1 .. 9; local $@; eval { my $x = 1 / 0 }; print $@ =~ /zero/ ? "zero\n" : "?\n"; print "\x{263a}" eq chr(0x263a) ? "wide\n" : "?\n"; srand 1; print int(rand 1000), "\n"; print((stat "/")[2] & 0170000, "\n"); print -d "/tmp" ? "dir\n" : "?\n";
X
echo $?; perl -e 'kill 9, $$'; echo $?; perl -ne 'print if /root/' /etc/passwd; perl -MConfig -e 'print "$Config{ivsize} $Config{byteorder} $Config{d_fork}\n"'
