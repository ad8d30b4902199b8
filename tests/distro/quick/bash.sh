# bash: arrays, substitution, arithmetic, here documents, jobs, traps, coprocesses
# as: s/line ([0-9]+): *[0-9]+ /line \1: PID /
echo "$BASH_VERSION" "$HOSTTYPE" | sed s/x86_64/aarch64/
declare -A sizes=([one]=1 [two]=22 [three]=333)
for key in $(printf '%s\n' "${!sizes[@]}" | sort); do echo "$key=${sizes[$key]}"; done
text='the quick brown fox'; echo "${text^^} ${text//o/0} ${#text} ${text%% *} ${text##* }"
echo $((2**62 + 7)) $((-7 / 2)) $((-7 % 3)) $((0xff ^ 0x0f)) $((1 << 63))
mapfile -t lines < <(seq 5); echo "${lines[@]: -2}"
while read -r a b; do echo "$b-$a"; done <<< $'1 x\n2 y'
(trap 'echo caught TERM' TERM; kill -TERM $BASHPID; echo after)
trap 'echo leaving' EXIT
for n in 1 2 3; do (sleep 0.0$n; exit $n) & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid"; echo "status $?"; done
coproc { while read -r line; do echo "got $line"; done; }
echo hello >&"${COPROC[1]}"; read -r answer <&"${COPROC[0]}"; echo "$answer"
set -o pipefail; false | true; echo "pipe $?"; (exit 300); echo $?
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
printf '%q %x %08.3f %s\n' "a b'c" 255 3.14159 end
cat <(echo one) <(echo two); nosuchcommand; echo $?
sh -c 'kill -SEGV $$'; echo $?
