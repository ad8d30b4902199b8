# coreutils: text, files, digests, numbers
export TZ=UTC
seq 1 2000 > n; sort -R --random-source=n n > r; sort -n r | cmp - n && echo sorted
sort --parallel=4 -S 1M -k1,1n r | sha256sum; shuf --random-source=n -n 5 n
md5sum n; sha1sum n; sha512sum n; b2sum n; cksum n; sum n; base64 n | tail -1; base32 n | tail -1; od -An -tx8 -N64 n
wc n; head -3 n; tail -n 2 n; tac n | head -1; nl n | sed -n 7p; fold -w 10 n | head -2
join <(seq 1 5 | sed 's/$/ a/') <(seq 3 8 | sed 's/$/ b/'); comm -12 <(seq 1 5) <(seq 4 9)
paste -d, n r | md5sum; cut -c2-3 n | sort | uniq -c | sort -rn | head -4; tr 0-9 a-j < n | md5sum
expr 123456789012345678901234567890 '*' 987654321098765432109876543210; factor 1000000007 18446744073709551617 1234567890123456789012345678901
numfmt --to=iec 123456789; printf '%e %g %d\n' 3.14159 1e100 0x7fffffff; seq -f %.3f 0 .25 1; seq 1e6 5e5 3e6
mkdir -p d/e/f; touch -d '2020-01-02 03:04:05.678901234' d/e/f/x; ln -s x d/e/f/l; ln d/e/f/x d/h; touch -hd '2021-01-02 03:04:05' d/e/f/l d/e/f d/e d
stat -c '%n %s %F %a %h %y' d/h d/e/f/l; cp -a d c; find c | sort; du -b c/e/f/x; ls -lR --time-style=full-iso d | grep -v total | awk '{print $1,$2,$5,$6,$7,$9,$10,$11}'
date -d '2024-02-29 12:00 +1 year' +'%F %T %s %j %U %a'; date -d @1000000000 -R 2>&1; date -d @1234567890 -R
truncate -s 1M t; dd if=t bs=4096 count=3 status=none | wc -c; split -b 300K t p; ls p*; cat p* | cmp - t && echo same; csplit -s n 100 1000; wc -l xx*
mkfifo q; (echo through > q &) ; cat q; timeout 0.1 sleep 5; echo $?; env -i A=b env; nice -n 5 nice; nproc --all | wc -l
test -e /nonexistent || echo no; [ 1 -lt 2 ] && echo less; basename /a/b.c .c; dirname /a/b; realpath d/../d/e; readlink d/e/f/l; id -u; mv d z; rm -r z c; ls; pr -h title n | sed -n 5,8p; tsort <<< 'a b b c a c'; ptx <<< 'one two three'; fmt -w 20 <<< 'words to be filled into lines of twenty'; expand <<< $'a\tb'; cat nofile; mktemp -u x.XXX | wc -c; printenv HOME; yes | head -1000 | md5sum; tty < /dev/null; chmod 640 n; stat -c %a n; install -m 700 n i; stat -c %a i; kill -l 9 15; uname -s; df --output=target / | head -1; pathchk a; link n n2; unlink n2; sync; stdbuf -oL echo buffered; runcon 2>&1 | head -1; who | wc -l; groups; logname 2>&1 | wc -l; chroot --version | head -1; dircolors -b | md5sum
