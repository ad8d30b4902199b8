# grep, sed, gawk, mawk, diff, find, xargs, bc, jq
export LC_ALL=C.UTF-8
seq 1 5000 | sed 's/$/ Zürich straße ПРИВЕТ/' > n
grep -c '9.*9' n; grep -En '(12){2}' n; grep -iow 'привет' n | wc -l; grep -P '^(\d)\1+ ' n | head -12; grep -F -f <(echo 4999) n; grep -vc 1 n
sed -E -n 's/^([0-9])([0-9]*)([0-9]) .*(.)$/\3\2\1\U\4/p' n | md5sum; sed -n '$='  n; sed '1!G;h;$!d' <<< $'a\nb\nc'; sed 'y/abc/xyz/' <<< aabbcc
for awk in gawk mawk; do $awk '{ c[$1 % 7] += $1; t = t substr($2, 1, 1) } END { for (i = 0; i < 7; i++) printf "%d %.3f\n", c[i], c[i] / 3; print length(t), sin(1), exp(1), atan2(1, 2), int(-3.7), 2^53 + 1, 1e300 * 1e300 }' n 2>&1; done
gawk 'BEGIN { PROCINFO["sorted_in"] = "@ind_str_asc"; while (("seq 3" | getline x) > 0) print x * x; print strftime("%F", 0, 1), gensub(/(a)(b)/, "\\2\\1", "g", "abab"), toupper("straße"), xor(5, 3); printf "%c%c %x %o %e\n", 72, 105, 255, 8, 12345.678; n = split("a:b:c", p, ":"); print n, p[3]; srand(1); print int(rand() * 1000) }'
gawk -M 'BEGIN { print 2^200 }'
diff -u <(seq 1 20) <(seq 1 3 20) | grep -v '^[+-][+-]'; diff3 <(echo a) <(echo b) <(echo c) | wc -l; cmp <(echo abc) <(echo abd) | cut -d' ' -f3-
mkdir -p a/b; touch a/{1,2}.x a/b/3.x; find a -name '*.x' -print0 | sort -z | xargs -0 -n1 -P1 basename; find a -type f -newermt 2020-01-01 -exec sh -c 'echo $1' _ {} \; | sort
echo 'scale=60; 4*a(1); e(1); sqrt(2); 2^300 / 7' | bc -l; echo 'define f(n) { if (n < 2) return 1; return n * f(n - 1) } f(60)' | bc
echo '{"a":[1,2.5,{"b":"x\u00e9"}],"c":null,"d":1e1000,"e":12345678901234567890}' | jq -c '.a[2].b, (.a | length), keys, (.a[1] * 3 | tostring), .d, .e, (now > 0), ([range(10)] | map(select(. % 2 == 1)) | add)'
printf 'b c\na d\n' | column -t; look aa /dev/null; rev <<< abc; hexdump -C n | head -2; file -b n; printf '\x7fELF' > e; file -b e
