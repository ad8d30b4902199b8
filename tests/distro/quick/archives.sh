# tar, gzip, bzip2, xz, zstd: to files that are equal to the last bit, on one thread and several
seq 1 60000 > n; mkdir d; for i in 1 2 3; do seq $i 7 40000 > d/$i; done; touch -d @1000000000 d/* d n
tar --sort=name --owner=0 --group=0 --format=posix --pax-option=delete=atime,delete=ctime -cf t.tar d n; md5sum t.tar; tar tvf t.tar --full-time | awk '{print $1,$3,$6}'
for c in 'gzip -1' 'gzip -9' bzip2 'xz -1' 'xz -6' 'xz -T2 -3' 'xz --format=lzma' 'zstd -1' 'zstd -19' 'zstd -T2 --long' 'zstd -22 --ultra'; do
  $c -n -c t.tar 2>/dev/null > z || $c -c < t.tar > z 2>/dev/null; stat -c "$c %s" z; md5sum < z; done
for s in gz bz2 xz zst; do tar -caf t.tar.$s d; mkdir x; tar -xf t.tar.$s -C x; diff -r d x/d && echo same $s; rm -r x; done
gzip -k n; zcat n.gz | cmp - n && gzip -l n.gz | awk '{print $1, $2}'; gzip -t n.gz; xz -k n; xz -lv n.xz | grep -c CRC; zstd -q n; zstd -t n.zst 2>&1 | tail -1; head -c 1000 n.gz | zcat 2>&1 | tail -1; zgrep -c 777 n.gz; echo broken | xz -dc; echo $?
