"""The AArch64 Linux syscall table: one row for every entry.

Owns: numbers, names, how each call is served, kinds of arguments (which -strace prints), the flag
sets and structures that differ between AArch64 and x86-64. Must not know: C++ (gen/syscalls.py),
how custom calls work (usermode/syscalls/*.cpp).

A row is `NUMBER NAME HOW [RESULT:]ARGUMENT...`:

- HOW: `pass`, the same on both architectures, goes to the host's call of that name; `convert`, the
  same but for arguments of the kinds in FLAGS (values renumbered) and STRUCTS (`out_NAME`: written
  by the kernel, `in_NAME`: read by it); `custom`, a function `sys_NAME`; `none`: ENOSYS.
- Arguments are kinds of KINDS. A result is an int, `hex:` an address or flags, `fd:` a descriptor.

Sources: include/uapi/asm-generic/unistd.h, fcntl.h, stat.h and arch/{arm64,x86}/include/uapi/asm of
Linux 6.10.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS: dict[str, str] = {
    "int": "signed 32-bit number",
    "uint": "unsigned 32-bit number",
    "long": "signed 64-bit number",
    "size": "unsigned 64-bit number",
    "off": "file offset",
    "hex": "flags or bits",
    "ptr": "address",
    "str": "string in guest memory",
    "path": "file name in guest memory",
    "buf": "bytes in guest memory, as many as the next argument says",
    "out": "buffer that the kernel fills",
    "fd": "file descriptor",
    "atfd": "directory descriptor or AT_FDCWD",
    "mode": "permission bits",
    "sig": "signal number",
    "pid": "process or thread",
    "prot": "PROT_ bits",
    "map": "MAP_ bits",
    "open": "O_ bits",
    "clone": "CLONE_ bits",
    "clock": "clock id",
    "futex": "FUTEX_ operation",
    "argv": "null-terminated list of strings",
    "out_stat": "struct stat",
    "in_epoll_event": "struct epoll_event",
}
"""Kinds of arguments; the text is for the generated reference."""

POINTERS = ("ptr", "str", "path", "buf", "out", "argv")
"""The kinds that are addresses, beside `in_` and `out_` ones."""

PREFIXED = (
    "openat",
    "openat2",
    "newfstatat",
    "statx",
    "faccessat",
    "faccessat2",
    "readlinkat",
    "execve",
)
"""Calls whose path is looked up below the folder of -L first."""

FLAGS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "open": (
        ("O_WRONLY", 0o1, 0o1),
        ("O_RDWR", 0o2, 0o2),
        ("O_CREAT", 0o100, 0o100),
        ("O_EXCL", 0o200, 0o200),
        ("O_NOCTTY", 0o400, 0o400),
        ("O_TRUNC", 0o1000, 0o1000),
        ("O_APPEND", 0o2000, 0o2000),
        ("O_NONBLOCK", 0o4000, 0o4000),
        ("O_DSYNC", 0o10000, 0o10000),
        ("FASYNC", 0o20000, 0o20000),
        ("O_DIRECTORY", 0o40000, 0o200000),
        ("O_NOFOLLOW", 0o100000, 0o400000),
        ("O_DIRECT", 0o200000, 0o40000),
        ("O_LARGEFILE", 0o400000, 0o100000),
        ("O_NOATIME", 0o1000000, 0o1000000),
        ("O_CLOEXEC", 0o2000000, 0o2000000),
        ("__O_SYNC", 0o4000000, 0o4000000),
        ("O_PATH", 0o10000000, 0o10000000),
        ("__O_TMPFILE", 0o20000000, 0o20000000),
    ),
    "prot": (("PROT_READ", 1, 1), ("PROT_WRITE", 2, 2), ("PROT_EXEC", 4, 4)),
    "map": (
        ("MAP_SHARED", 1, 1),
        ("MAP_PRIVATE", 2, 2),
        ("MAP_FIXED", 0x10, 0x10),
        ("MAP_ANONYMOUS", 0x20, 0x20),
        ("MAP_GROWSDOWN", 0x100, 0x100),
        ("MAP_DENYWRITE", 0x800, 0x800),
        ("MAP_EXECUTABLE", 0x1000, 0x1000),
        ("MAP_LOCKED", 0x2000, 0x2000),
        ("MAP_NORESERVE", 0x4000, 0x4000),
        ("MAP_POPULATE", 0x8000, 0x8000),
        ("MAP_NONBLOCK", 0x10000, 0x10000),
        ("MAP_STACK", 0x20000, 0x20000),
        ("MAP_HUGETLB", 0x40000, 0x40000),
        ("MAP_SYNC", 0x80000, 0x80000),
        ("MAP_FIXED_NOREPLACE", 0x100000, 0x100000),
    ),
    "clone": (
        ("CLONE_VM", 0x100, 0x100),
        ("CLONE_FS", 0x200, 0x200),
        ("CLONE_FILES", 0x400, 0x400),
        ("CLONE_SIGHAND", 0x800, 0x800),
        ("CLONE_PTRACE", 0x2000, 0x2000),
        ("CLONE_VFORK", 0x4000, 0x4000),
        ("CLONE_PARENT", 0x8000, 0x8000),
        ("CLONE_THREAD", 0x10000, 0x10000),
        ("CLONE_NEWNS", 0x20000, 0x20000),
        ("CLONE_SYSVSEM", 0x40000, 0x40000),
        ("CLONE_SETTLS", 0x80000, 0x80000),
        ("CLONE_PARENT_SETTID", 0x100000, 0x100000),
        ("CLONE_CHILD_CLEARTID", 0x200000, 0x200000),
        ("CLONE_DETACHED", 0x400000, 0x400000),
        ("CLONE_CHILD_SETTID", 0x1000000, 0x1000000),
    ),
}
"""Flag sets: name, value on AArch64, value on x86-64."""

STRUCTS: dict[str, tuple[tuple[str, str], ...]] = {
    "stat": (
        ("st_dev", "u64"),
        ("st_ino", "u64"),
        ("st_mode", "u32"),
        ("st_nlink", "u32"),
        ("st_uid", "u32"),
        ("st_gid", "u32"),
        ("st_rdev", "u64"),
        ("pad1", "u64"),
        ("st_size", "i64"),
        ("st_blksize", "i32"),
        ("pad2", "i32"),
        ("st_blocks", "i64"),
        ("st_atim.tv_sec", "i64"),
        ("st_atim.tv_nsec", "u64"),
        ("st_mtim.tv_sec", "i64"),
        ("st_mtim.tv_nsec", "u64"),
        ("st_ctim.tv_sec", "i64"),
        ("st_ctim.tv_nsec", "u64"),
        ("pad3", "u64"),
    ),
    "epoll_event": (("events", "u32"), ("pad1", "u32"), ("data.u64", "u64")),
}
"""Structures whose layout differs: fields of the AArch64 one in order, named as in the host's
(`pad`: unused, zero)."""

_TABLE = """
0 io_setup pass uint ptr
1 io_destroy pass hex
2 io_submit pass hex long ptr
3 io_cancel pass hex ptr ptr
4 io_getevents pass hex long long ptr ptr
5 setxattr pass path str buf size int
6 lsetxattr pass path str buf size int
7 fsetxattr pass fd str buf size int
8 getxattr pass path str out size
9 lgetxattr pass path str out size
10 fgetxattr pass fd str out size
11 listxattr pass path out size
12 llistxattr pass path out size
13 flistxattr pass fd out size
14 removexattr pass path str
15 lremovexattr pass path str
16 fremovexattr pass fd str
17 getcwd pass out size
18 lookup_dcookie none hex out size
19 eventfd2 pass fd:uint hex
20 epoll_create1 pass fd:hex
21 epoll_ctl convert fd int fd in_epoll_event
22 epoll_pwait custom fd ptr int int ptr size
23 dup pass fd:fd
24 dup3 pass fd:fd fd open
25 fcntl custom fd int hex
26 inotify_init1 pass fd:hex
27 inotify_add_watch pass fd path hex
28 inotify_rm_watch pass fd int
29 ioctl custom fd hex hex
30 ioprio_set pass int int int
31 ioprio_get pass int int
32 flock pass fd hex
33 mknodat pass atfd path mode hex
34 mkdirat pass atfd path mode
35 unlinkat pass atfd path hex
36 symlinkat pass path atfd path
37 linkat pass atfd path atfd path hex
38 renameat pass atfd path atfd path
39 umount2 pass path hex
40 mount pass path path str hex ptr
41 pivot_root pass path path
42 nfsservctl none int ptr ptr
43 statfs pass path ptr
44 fstatfs pass fd ptr
45 truncate pass path off
46 ftruncate pass fd off
47 fallocate pass fd hex off off
48 faccessat pass atfd path hex
49 chdir pass path
50 fchdir pass fd
51 chroot pass path
52 fchmod pass fd mode
53 fchmodat pass atfd path mode
54 fchownat pass atfd path int int hex
55 fchown pass fd int int
56 openat custom fd:atfd path open mode
57 close custom fd
58 vhangup pass
59 pipe2 convert ptr open
60 quotactl pass hex path int ptr
61 getdents64 pass fd out size
62 lseek pass off:fd off int
63 read pass fd out size
64 write pass fd buf size
65 readv pass fd ptr int
66 writev pass fd ptr int
67 pread64 pass fd out size off
68 pwrite64 pass fd buf size off
69 preadv pass fd ptr int off
70 pwritev pass fd ptr int off
71 sendfile pass fd fd ptr size
72 pselect6 custom int ptr ptr ptr ptr ptr
73 ppoll custom ptr uint ptr ptr size
74 signalfd4 pass fd:fd ptr size hex
75 vmsplice pass fd ptr size hex
76 splice pass fd ptr fd ptr size hex
77 tee pass fd fd size hex
78 readlinkat custom atfd path out size
79 newfstatat convert atfd path out_stat hex
80 fstat convert fd out_stat
81 sync pass
82 fsync pass fd
83 fdatasync pass fd
84 sync_file_range pass fd off off hex
85 timerfd_create pass fd:clock hex
86 timerfd_settime pass fd hex ptr ptr
87 timerfd_gettime pass fd ptr
88 utimensat pass atfd path ptr hex
89 acct pass path
90 capget pass ptr ptr
91 capset pass ptr ptr
92 personality custom hex
93 exit custom int
94 exit_group custom int
95 waitid pass int pid ptr hex ptr
96 set_tid_address custom ptr
97 unshare pass clone
98 futex pass ptr futex uint ptr ptr uint
99 set_robust_list custom ptr size
100 get_robust_list pass pid ptr ptr
101 nanosleep pass ptr ptr
102 getitimer pass int ptr
103 setitimer pass int ptr ptr
104 kexec_load pass hex size ptr hex
105 init_module pass ptr size str
106 delete_module pass str hex
107 timer_create pass clock ptr ptr
108 timer_gettime pass int ptr
109 timer_getoverrun pass int
110 timer_settime pass int hex ptr ptr
111 timer_delete pass int
112 clock_settime pass clock ptr
113 clock_gettime pass clock ptr
114 clock_getres pass clock ptr
115 clock_nanosleep pass clock hex ptr ptr
116 syslog pass int out size
117 ptrace none int pid ptr ptr
118 sched_setparam pass pid ptr
119 sched_setscheduler pass pid int ptr
120 sched_getscheduler pass pid
121 sched_getparam pass pid ptr
122 sched_setaffinity pass pid size ptr
123 sched_getaffinity pass pid size ptr
124 sched_yield pass
125 sched_get_priority_max pass int
126 sched_get_priority_min pass int
127 sched_rr_get_interval pass pid ptr
128 restart_syscall custom
129 kill pass pid sig
130 tkill pass pid sig
131 tgkill pass pid pid sig
132 sigaltstack custom ptr ptr
133 rt_sigsuspend custom ptr size
134 rt_sigaction custom sig ptr ptr size
135 rt_sigprocmask custom int ptr ptr size
136 rt_sigpending custom ptr size
137 rt_sigtimedwait custom ptr ptr ptr size
138 rt_sigqueueinfo pass pid sig ptr
139 rt_sigreturn custom
140 setpriority pass int pid int
141 getpriority pass int pid
142 reboot pass hex hex hex ptr
143 setregid pass int int
144 setgid pass int
145 setreuid pass int int
146 setuid pass int
147 setresuid pass int int int
148 getresuid pass ptr ptr ptr
149 setresgid pass int int int
150 getresgid pass ptr ptr ptr
151 setfsuid pass int
152 setfsgid pass int
153 times pass ptr
154 setpgid pass pid pid
155 getpgid pass pid
156 getsid pass pid
157 setsid pass
158 getgroups pass int ptr
159 setgroups pass int ptr
160 uname custom ptr
161 sethostname pass buf size
162 setdomainname pass buf size
163 getrlimit custom int ptr
164 setrlimit custom int ptr
165 getrusage pass int ptr
166 umask pass mode
167 prctl custom int hex hex hex hex
168 getcpu pass ptr ptr ptr
169 gettimeofday pass ptr ptr
170 settimeofday pass ptr ptr
171 adjtimex pass ptr
172 getpid pass
173 getppid pass
174 getuid pass
175 geteuid pass
176 getgid pass
177 getegid pass
178 gettid pass
179 sysinfo pass ptr
180 mq_open convert fd:str open mode ptr
181 mq_unlink pass str
182 mq_timedsend pass fd buf size uint ptr
183 mq_timedreceive pass fd out size ptr ptr
184 mq_notify pass fd ptr
185 mq_getsetattr pass fd ptr ptr
186 msgget pass int hex
187 msgctl pass int int ptr
188 msgrcv pass int ptr size long hex
189 msgsnd pass int ptr size hex
190 semget pass int int hex
191 semctl custom int int int hex
192 semtimedop pass int ptr uint ptr
193 semop pass int ptr uint
194 shmget pass int size hex
195 shmctl pass int int ptr
196 shmat custom hex:int ptr hex
197 shmdt custom ptr
198 socket pass fd:int hex int
199 socketpair pass int hex int ptr
200 bind pass fd ptr int
201 listen pass fd int
202 accept pass fd:fd ptr ptr
203 connect pass fd ptr int
204 getsockname pass fd ptr ptr
205 getpeername pass fd ptr ptr
206 sendto pass fd buf size hex ptr int
207 recvfrom pass fd out size hex ptr ptr
208 setsockopt pass fd int int ptr int
209 getsockopt pass fd int int ptr ptr
210 shutdown pass fd int
211 sendmsg pass fd ptr hex
212 recvmsg pass fd ptr hex
213 readahead pass fd off size
214 brk custom hex:ptr
215 munmap custom ptr size
216 mremap custom hex:ptr size size hex ptr
217 add_key pass str str buf size int
218 request_key pass str str str int
219 keyctl pass int hex hex hex hex
220 clone custom clone ptr ptr ptr ptr
221 execve custom path argv argv
222 mmap custom hex:ptr size prot map fd off
223 fadvise64 pass fd off off int
224 swapon pass path hex
225 swapoff pass path
226 mprotect custom ptr size prot
227 msync custom ptr size hex
228 mlock custom ptr size
229 munlock custom ptr size
230 mlockall custom hex
231 munlockall custom
232 mincore custom ptr size ptr
233 madvise custom ptr size int
234 remap_file_pages custom ptr size prot size hex
235 mbind custom ptr size int ptr size hex
236 get_mempolicy pass ptr ptr size ptr hex
237 set_mempolicy pass int ptr size
238 migrate_pages pass pid size ptr ptr
239 move_pages pass pid size ptr ptr ptr hex
240 rt_tgsigqueueinfo pass pid pid sig ptr
241 perf_event_open custom fd:ptr pid int fd hex
242 accept4 pass fd:fd ptr ptr hex
243 recvmmsg pass fd ptr uint hex ptr
260 wait4 pass pid ptr hex ptr
261 prlimit64 custom pid int ptr ptr
262 fanotify_init convert fd:hex open
263 fanotify_mark pass fd hex hex atfd path
264 name_to_handle_at pass atfd path ptr ptr hex
265 open_by_handle_at convert fd:fd ptr open
266 clock_adjtime pass clock ptr
267 syncfs pass fd
268 setns pass fd hex
269 sendmmsg pass fd ptr uint hex
270 process_vm_readv pass pid ptr size ptr size hex
271 process_vm_writev pass pid ptr size ptr size hex
272 kcmp pass pid pid int hex hex
273 finit_module pass fd str hex
274 sched_setattr pass pid ptr hex
275 sched_getattr pass pid ptr size hex
276 renameat2 pass atfd path atfd path hex
277 seccomp custom int hex ptr
278 getrandom pass out size hex
279 memfd_create pass fd:str hex
280 bpf pass int ptr size
281 execveat custom atfd path argv argv hex
282 userfaultfd pass fd:hex
283 membarrier custom int hex int
284 mlock2 custom ptr size hex
285 copy_file_range pass fd ptr fd ptr size hex
286 preadv2 pass fd ptr int off hex hex
287 pwritev2 pass fd ptr int off hex hex
288 pkey_mprotect custom ptr size prot int
289 pkey_alloc custom hex hex
290 pkey_free custom int
291 statx pass atfd path hex hex ptr
292 io_pgetevents custom hex long long ptr ptr ptr
293 rseq none ptr uint hex hex
294 kexec_file_load pass fd fd size str hex
424 pidfd_send_signal pass fd sig ptr hex
425 io_uring_setup none uint ptr
426 io_uring_enter none fd uint uint hex ptr size
427 io_uring_register none fd uint ptr uint
428 open_tree pass fd:atfd path hex
429 move_mount pass atfd path atfd path hex
430 fsopen pass fd:str hex
431 fsconfig pass fd uint str ptr int
432 fsmount pass fd:fd hex hex
433 fspick pass fd:atfd path hex
434 pidfd_open pass fd:pid hex
435 clone3 custom ptr size
436 close_range custom uint uint hex
437 openat2 custom fd:atfd path ptr size
438 pidfd_getfd pass fd:fd fd hex
439 faccessat2 pass atfd path hex hex
440 process_madvise pass fd ptr size int hex
441 epoll_pwait2 custom fd ptr int ptr ptr size
442 mount_setattr pass atfd path hex ptr size
443 quotactl_fd pass fd hex int ptr
444 landlock_create_ruleset pass fd:ptr size hex
445 landlock_add_rule pass fd int ptr hex
446 landlock_restrict_self pass fd hex
447 memfd_secret pass fd:hex
448 process_mrelease pass fd hex
449 futex_waitv pass ptr uint hex ptr clock
450 set_mempolicy_home_node custom ptr size size hex
451 cachestat pass fd ptr ptr hex
452 fchmodat2 pass atfd path mode hex
453 map_shadow_stack custom ptr size hex
454 futex_wake pass ptr hex int hex
455 futex_wait pass ptr hex hex hex ptr clock
456 futex_requeue pass ptr hex int int
457 statmount pass ptr ptr size hex
458 listmount pass ptr ptr size hex
459 lsm_get_self_attr pass uint ptr ptr hex
460 lsm_set_self_attr pass uint ptr uint hex
461 lsm_list_modules pass ptr ptr hex
462 mseal custom ptr size hex
463 setxattrat pass atfd path hex str ptr size
464 getxattrat pass atfd path hex str ptr size
465 listxattrat pass atfd path hex out size
466 removexattrat pass atfd path hex str
467 open_tree_attr pass fd:atfd path hex ptr size
468 file_getattr pass atfd path ptr size hex
469 file_setattr pass atfd path ptr size hex
470 listns pass ptr ptr size hex
"""


NOT_SERVED: dict[str, str] = {
    "lookup_dcookie": "Linux removed it in 6.7 and answers ENOSYS",
    "nfsservctl": "Linux removed it in 3.1 and answers ENOSYS",
    "ptrace": "a tracer would see the translator's registers, not the guest's",
    "rseq": "a critical section can be interrupted between any two host instructions; programs "
    "fall back, as on Linux before 4.18",
    "io_uring_setup": "requests hold flags that differ (openat, epoll_ctl), and the kernel reads "
    "them without a call",
    "io_uring_enter": "see io_uring_setup",
    "io_uring_register": "see io_uring_setup",
}
"""Why each `none` is one."""


@dataclass(frozen=True, slots=True)
class Syscall:
    """One row."""

    number: int
    name: str
    how: str
    result: str
    args: tuple[str, ...]


def _row(line: str) -> Syscall:
    number, name, how, *args = line.split()
    result = "int"
    if args and ":" in args[0]:
        result, first = args[0].split(":")
        args[0] = first
    return Syscall(int(number), name, how, result, tuple(args))


SYSCALLS: tuple[Syscall, ...] = tuple(_row(line) for line in _TABLE.strip().splitlines())
"""The table, by number."""
