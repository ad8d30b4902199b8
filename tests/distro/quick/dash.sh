# dash: the POSIX shell, run on a script with its own #! line
cat > script <<'X'
#!/bin/dash -e
echo "$0 $# $*"
f() { local a=$1; [ "$a" -le 1 ] && echo 1 || echo $((a * $(f $((a - 1))))); }
f 12
i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i
case $1 in a*) echo starts with a;; *) echo other;; esac
(exit 3) || echo $?
trap 'echo usr1' USR1; kill -USR1 $$; ulimit -n >/dev/null; umask 027; umask
X
chmod +x script; ./script alpha "b c"; dash -c 'echo ${HOME:-none} ${x=set} $x'
