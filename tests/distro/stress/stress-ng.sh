# stress-ng: its stressors of processor, memory, signals and scheduling (futexes, threads, forks), verified
# Left out: what needs all memory or real root, what is about x86, what fails natively at times, and rseq.
ulimit -v 6000000
for c in cpu:af-alg,cpu-online,ioport,ipsec-mb,plugin,prefetch,priv-instr,rdrand,rseq,smi,tsc,uprobe,vnni,waitcpu,x86cpuid vm:bigheap,brk,physmmap,physpage,swap signal:sigurg scheduler:forkheavy,loadavg,prio-inv,softlockup,vforkmany; do
  stress-ng --class ${c%:*} --seq 1 -t 1 --verify --vm-bytes 32M --mmap-bytes 32M -x ${c#*:} 2>&1 | grep -oE '(passed|failed|skipped): .*'; echo ${c%:*} ${PIPESTATUS[0]}
done
