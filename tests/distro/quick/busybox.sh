# busybox: applets of one binary, its shell, its archivers
busybox | head -1 | cut -d'(' -f1
busybox sh -c 'for a in a b c; do echo $a; done | busybox sort -r; echo $((1<<40))'
seq 1 3000 > n; for a in md5sum sha1sum sha256sum sha512sum cksum wc; do busybox $a n; done
busybox gzip -c n | busybox zcat | cmp - n && echo gzip; busybox bzip2 -c n | busybox bzcat | cmp - n && echo bzip2
busybox tar cf t.tar n; busybox tar tf t.tar; busybox awk '{s+=$1} END {print s, s/7, sqrt(s)}' n; busybox sed -n '/99$/p' n | head -3
busybox printf '%5.2f\n' 3.14159; busybox dc -e '2 100 ^ p' 2>&1; busybox expr 7 '*' 6; busybox find . -name 'n' ; busybox diff n t.tar | head -1; busybox cal 2 2024; busybox od -x n | head -1; busybox xxd n | head -1; busybox factor 1234567890
