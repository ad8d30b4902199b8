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
Linux 7.2.
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
    "ptr": "address of what the kernel reads or writes",
    "addr": "address of memory that the call leaves alone, or accesses later",
    "gather": "list of struct iovec that the kernel reads, as long as the next argument says",
    "scatter": "list of struct iovec that the kernel fills, as long as the next argument says",
    "remote": "list of struct iovec of another process",
    "mmsg": "list of struct mmsghdr, as long as the next argument says",
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
    "ioctl": "request of an ioctl: way, type, number and size",
    "membarrier": "MEMBARRIER_CMD_ bits",
    "sockaddr": "socket address, as long as the next argument says",
    "socktype": "SOCK_ type and flags",
    "argv": "null-terminated list of strings",
    "out_stat": "struct stat",
    "in_epoll_event": "struct epoll_event",
}
"""Kinds of arguments; the text is for the generated reference."""

POINTERS = (
    *("ptr", "addr", "str", "path", "buf", "out", "argv", "sockaddr"),
    *("gather", "scatter", "remote", "mmsg"),
)
"""The kinds that are addresses, beside `in_`, `out_`, `rd_` and `wr_` ones."""

PREFIXED = (
    "openat",
    "openat2",
    "newfstatat",
    "statx",
    "faccessat",
    "faccessat2",
    "readlinkat",
    "execve",
    "execveat",
    "chdir",
    "statfs",
    "inotify_add_watch",
    "getxattr",
    "lgetxattr",
    "listxattr",
    "llistxattr",
)
"""Calls whose path is looked up below the folder of -L first; so is what a link says that ends such
a path, when it leads nowhere else. Those that create, rename or remove a name are not among them:
what programs leave behind is where they said."""

SHORTENED = ("read", "pread64", "recvfrom", "getrandom", "getdents64")
"""Calls that may fill less of an `out` than they are asked to."""

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


def _named(text: str) -> tuple[tuple[str, int, int], ...]:
    """`NAME=VALUE ...`, the same on both."""
    pairs = (word.split("=") for word in text.split())
    return tuple((name, int(value, 0), int(value, 0)) for name, value in pairs)


FLAGS |= {
    "at": _named(
        "AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400 "
        "AT_NO_AUTOMOUNT=0x800 AT_EMPTY_PATH=0x1000 AT_STATX_FORCE_SYNC=0x2000 "
        "AT_STATX_DONT_SYNC=0x4000 AT_RECURSIVE=0x8000"
    ),
    "access": _named("R_OK=4 W_OK=2 X_OK=1"),
    "cloexec": _named("CLOEXEC=0o2000000 NONBLOCK=0o4000"),
    "efd": _named("EFD_SEMAPHORE=1 EFD_NONBLOCK=0o4000 EFD_CLOEXEC=0o2000000"),
    "fallocate": _named(
        "FALLOC_FL_KEEP_SIZE=1 FALLOC_FL_PUNCH_HOLE=2 FALLOC_FL_COLLAPSE_RANGE=8 "
        "FALLOC_FL_ZERO_RANGE=16 FALLOC_FL_INSERT_RANGE=32 FALLOC_FL_UNSHARE_RANGE=64"
    ),
    "getrandom": _named("GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4"),
    "inotify": _named(
        "IN_ACCESS=1 IN_MODIFY=2 IN_ATTRIB=4 IN_CLOSE_WRITE=8 IN_CLOSE_NOWRITE=16 IN_OPEN=32 "
        "IN_MOVED_FROM=64 IN_MOVED_TO=128 IN_CREATE=256 IN_DELETE=512 IN_DELETE_SELF=1024 "
        "IN_MOVE_SELF=2048 IN_ONLYDIR=0x1000000 IN_DONT_FOLLOW=0x2000000 IN_ONESHOT=0x80000000"
    ),
    "lock": _named("LOCK_SH=1 LOCK_EX=2 LOCK_NB=4 LOCK_UN=8"),
    "memfd": _named(
        "MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4 MFD_NOEXEC_SEAL=8 MFD_EXEC=16"
    ),
    "mlockall": _named("MCL_CURRENT=1 MCL_FUTURE=2 MCL_ONFAULT=4"),
    "mount": _named(
        "MS_RDONLY=1 MS_NOSUID=2 MS_NODEV=4 MS_NOEXEC=8 MS_SYNCHRONOUS=16 MS_REMOUNT=32 "
        "MS_NOATIME=1024 MS_BIND=4096 MS_MOVE=8192 MS_REC=16384 MS_SILENT=32768 "
        "MS_PRIVATE=0x40000 MS_SLAVE=0x80000 MS_SHARED=0x100000"
    ),
    "msg": _named(
        "MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_TRUNC=0x20 MSG_DONTWAIT=0x40 "
        "MSG_EOR=0x80 MSG_WAITALL=0x100 MSG_NOSIGNAL=0x4000 MSG_MORE=0x8000 "
        "MSG_WAITFORONE=0x10000 MSG_ZEROCOPY=0x4000000 MSG_CMSG_CLOEXEC=0x40000000"
    ),
    "msync": _named("MS_ASYNC=1 MS_INVALIDATE=2 MS_SYNC=4"),
    "rename": _named("RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4"),
    "timer": _named("TIMER_ABSTIME=1 TFD_TIMER_CANCEL_ON_SET=2"),
    "umount": _named("MNT_FORCE=1 MNT_DETACH=2 MNT_EXPIRE=4 UMOUNT_NOFOLLOW=8"),
    "wait": _named(
        "WNOHANG=1 WUNTRACED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000 __WNOTHREAD=0x20000000 "
        "__WALL=0x40000000 __WCLONE=0x80000000"
    ),
    "xattr": _named("XATTR_CREATE=1 XATTR_REPLACE=2"),
}

ENUMS: dict[str, tuple[str, ...]] = {
    "clock": (
        *("CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID"),
        *("CLOCK_THREAD_CPUTIME_ID", "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE"),
        *("CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME", "CLOCK_REALTIME_ALARM"),
        *("CLOCK_BOOTTIME_ALARM", "", "CLOCK_TAI"),
    ),
    "epoll_op": ("", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EPOLL_CTL_MOD"),
    "family": (
        *("AF_UNSPEC", "AF_UNIX", "AF_INET", "AF_AX25", "AF_IPX", "AF_APPLETALK", "AF_NETROM"),
        *("AF_BRIDGE", "AF_ATMPVC", "AF_X25", "AF_INET6", "AF_ROSE", "AF_DECnet", "AF_NETBEUI"),
        *("AF_SECURITY", "AF_KEY", "AF_NETLINK", "AF_PACKET"),
    ),
    "fcntl": (
        *("F_DUPFD", "F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_GETLK", "F_SETLK", "F_SETLKW"),
        *("F_SETOWN", "F_GETOWN", "F_SETSIG", "F_GETSIG", "", "", "", "F_SETOWN_EX"),
        *("F_GETOWN_EX", "F_GETOWNER_UIDS"),
    ),
    "idtype": ("P_ALL", "P_PID", "P_PGID", "P_PIDFD"),
    "itimer": ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"),
    "madvise": (
        *("MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED", "MADV_DONTNEED"),
        *("", "", "", "MADV_FREE", "MADV_REMOVE", "MADV_DONTFORK", "MADV_DOFORK"),
        *("MADV_MERGEABLE", "MADV_UNMERGEABLE", "MADV_HUGEPAGE", "MADV_NOHUGEPAGE"),
        *("MADV_DONTDUMP", "MADV_DODUMP", "MADV_WIPEONFORK", "MADV_KEEPONFORK", "MADV_COLD"),
        *("MADV_PAGEOUT", "MADV_POPULATE_READ", "MADV_POPULATE_WRITE"),
    ),
    "policy": ("SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "", "SCHED_IDLE"),
    "prctl": (
        *("", "PR_SET_PDEATHSIG", "PR_GET_PDEATHSIG", "PR_GET_DUMPABLE", "PR_SET_DUMPABLE"),
        *("PR_GET_UNALIGN", "PR_SET_UNALIGN", "PR_GET_KEEPCAPS", "PR_SET_KEEPCAPS"),
        *("", "", "", "", "PR_GET_TIMING", "PR_SET_TIMING", "PR_SET_NAME", "PR_GET_NAME"),
        *("", "", "PR_GET_ENDIAN", "PR_SET_ENDIAN", "PR_GET_SECCOMP", "PR_SET_SECCOMP"),
        *("PR_CAPBSET_READ", "PR_CAPBSET_DROP", "PR_GET_TSC", "PR_SET_TSC", "PR_GET_SECUREBITS"),
        *("PR_SET_SECUREBITS", "PR_SET_TIMERSLACK", "PR_GET_TIMERSLACK"),
        *("PR_TASK_PERF_EVENTS_DISABLE", "PR_TASK_PERF_EVENTS_ENABLE", "PR_MCE_KILL"),
        *("PR_MCE_KILL_GET", "PR_SET_MM", "PR_SET_CHILD_SUBREAPER", "PR_GET_CHILD_SUBREAPER"),
        *("PR_SET_NO_NEW_PRIVS", "PR_GET_NO_NEW_PRIVS", "PR_GET_TID_ADDRESS"),
        *("PR_SET_THP_DISABLE", "PR_GET_THP_DISABLE", "", "", "", "", "PR_CAP_AMBIENT", "", ""),
        *("PR_SVE_SET_VL", "PR_SVE_GET_VL", "PR_GET_SPECULATION_CTRL", "PR_SET_SPECULATION_CTRL"),
        *("PR_PAC_RESET_KEYS", "PR_SET_TAGGED_ADDR_CTRL", "PR_GET_TAGGED_ADDR_CTRL"),
        *("PR_SET_IO_FLUSHER", "PR_GET_IO_FLUSHER", "PR_SET_SYSCALL_USER_DISPATCH"),
        *("PR_PAC_SET_ENABLED_KEYS", "PR_PAC_GET_ENABLED_KEYS", "PR_SCHED_CORE", "PR_SME_SET_VL"),
        *("PR_SME_GET_VL", "PR_SET_MDWE", "PR_GET_MDWE"),
    ),
    "rlimit": (
        *("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS"),
        *("RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS"),
        *("RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME"),
    ),
    "rusage": ("RUSAGE_SELF", "RUSAGE_THREAD"),
    "seccomp": (
        *("SECCOMP_SET_MODE_STRICT", "SECCOMP_SET_MODE_FILTER", "SECCOMP_GET_ACTION_AVAIL"),
        "SECCOMP_GET_NOTIF_SIZES",
    ),
    "shutdown": ("SHUT_RD", "SHUT_WR", "SHUT_RDWR"),
    "sigmask": ("SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"),
    "sol": ("SOL_IP", "SOL_SOCKET", "", "", "", "", "SOL_TCP"),
    "whence": ("SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE"),
}
"""Numbers that have names, from 0 on; empty: no name."""

SHOWN: dict[str, str] = {
    "timespec": "tv_sec:i64 tv_nsec:i64",
    "timespecs": "atime.tv_sec:i64 atime.tv_nsec:i64 mtime.tv_sec:i64 mtime.tv_nsec:i64",
    "timeval": "tv_sec:i64 tv_usec:i64",
    "itimerspec": "it_interval.tv_sec:i64 it_interval.tv_nsec:i64 it_value.tv_sec:i64 "
    "it_value.tv_nsec:i64",
    "itimerval": "it_interval.tv_sec:i64 it_interval.tv_usec:i64 it_value.tv_sec:i64 "
    "it_value.tv_usec:i64",
    "rlimit": "rlim_cur:i64 rlim_max:i64",
    "sigset": "sig:hex64",
    "sigaction": "sa_handler:hex64 sa_flags:hex64 sa_restorer:hex64 sa_mask:hex64",
    "stack": "ss_sp:hex64 ss_flags:i32 -:i32 ss_size:i64",
    "siginfo": "si_signo:i32 si_errno:i32 si_code:i32 -:i32 si_pid:i32 si_uid:i32 si_status:i32",
    "pair": "first:i32 second:i32",
    "status": "status:hex32",
    "pollfd": "fd:i32 events:hex16 revents:hex16",
    "msghdr": "msg_name:hex64 msg_namelen:i32 -:i32 msg_iov:hex64 msg_iovlen:i64 msg_control:hex64 "
    "msg_controllen:i64 msg_flags:hex32",
    "clone_args": "flags:hex64 pidfd:hex64 child_tid:hex64 parent_tid:hex64 exit_signal:i64 "
    "stack:hex64 stack_size:hex64 tls:hex64",
    "open_how": "flags:oct64 mode:oct64 resolve:hex64",
    "rusage": "ru_utime.tv_sec:i64 ru_utime.tv_usec:i64 ru_stime.tv_sec:i64 ru_stime.tv_usec:i64 "
    "ru_maxrss:i64",
    "tms": "tms_utime:i64 tms_stime:i64 tms_cutime:i64 tms_cstime:i64",
    "utsname": "sysname:text65 nodename:text65 release:text65 version:text65 machine:text65",
    "sysinfo": "uptime:i64 -:i64 -:i64 -:i64 totalram:i64 freeram:i64 sharedram:i64 bufferram:i64 "
    "totalswap:i64 freeswap:i64 procs:i16",
    "statfs": "f_type:hex64 f_bsize:i64 f_blocks:i64 f_bfree:i64 f_bavail:i64 f_files:i64 "
    "f_ffree:i64",
    "statx": "stx_mask:hex32 stx_blksize:i32 -:i64 stx_nlink:i32 stx_uid:i32 stx_gid:i32 "
    "stx_mode:oct16 -:i16 stx_ino:i64 stx_size:i64 stx_blocks:i64",
}
"""Structures that -strace prints, the first one of several: `rd_NAME` before the call, `wr_NAME`
after it. Fields are `NAME:FORM`; `-` is not shown. Layouts are the same on both."""

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

KINDS |= {name: "flags" for name in FLAGS if name not in KINDS}
KINDS |= {name: "one of several names" for name in ENUMS if name not in KINDS}
KINDS |= {f"rd_{name}": f"structure that the kernel reads: {name}" for name in SHOWN}
KINDS |= {f"wr_{name}": f"structure that the kernel writes: {name}" for name in SHOWN}

_TABLE = """
0 io_setup pass uint ptr
1 io_destroy pass hex
2 io_submit pass hex long ptr
3 io_cancel pass hex ptr ptr
4 io_getevents pass hex long long ptr rd_timespec
5 setxattr pass path str buf size xattr
6 lsetxattr pass path str buf size xattr
7 fsetxattr pass fd str buf size xattr
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
19 eventfd2 pass fd:uint efd
20 epoll_create1 pass fd:cloexec
21 epoll_ctl convert fd epoll_op fd in_epoll_event
22 epoll_pwait custom fd ptr int int ptr size
23 dup pass fd:fd
24 dup3 custom fd:fd fd open
25 fcntl custom fd fcntl ptr
26 inotify_init1 pass fd:cloexec
27 inotify_add_watch pass fd path inotify
28 inotify_rm_watch pass fd int
29 ioctl custom fd ioctl ptr
30 ioprio_set pass int int int
31 ioprio_get pass int int
32 flock pass fd lock
33 mknodat pass atfd path mode hex
34 mkdirat pass atfd path mode
35 unlinkat pass atfd path at
36 symlinkat pass path atfd path
37 linkat pass atfd path atfd path at
38 renameat pass atfd path atfd path
39 umount2 pass path umount
40 mount pass path path str mount ptr
41 pivot_root custom path path
42 nfsservctl none int ptr ptr
43 statfs pass path wr_statfs
44 fstatfs pass fd wr_statfs
45 truncate pass path off
46 ftruncate pass fd off
47 fallocate pass fd fallocate off off
48 faccessat pass atfd path access
49 chdir pass path
50 fchdir pass fd
51 chroot custom path
52 fchmod pass fd mode
53 fchmodat pass atfd path mode
54 fchownat pass atfd path int int at
55 fchown pass fd int int
56 openat custom fd:atfd path open mode
57 close custom fd
58 vhangup pass
59 pipe2 convert wr_pair open
60 quotactl pass hex path int ptr
61 getdents64 pass fd out size
62 lseek pass off:fd off whence
63 read custom fd out size
64 write custom fd buf size
65 readv custom fd scatter int
66 writev pass fd gather int
67 pread64 pass fd out size off
68 pwrite64 custom fd buf size off
69 preadv pass fd scatter int off
70 pwritev pass fd gather int off
71 sendfile pass fd fd ptr size
72 pselect6 custom int ptr ptr ptr rd_timespec ptr
73 ppoll custom rd_pollfd uint rd_timespec rd_sigset size
74 signalfd4 pass fd:fd rd_sigset size cloexec
75 vmsplice pass fd gather size hex
76 splice pass fd ptr fd ptr size hex
77 tee pass fd fd size hex
78 readlinkat custom atfd path out size
79 newfstatat convert atfd path out_stat at
80 fstat convert fd out_stat
81 sync pass
82 fsync pass fd
83 fdatasync pass fd
84 sync_file_range pass fd off off hex
85 timerfd_create pass fd:clock cloexec
86 timerfd_settime pass fd timer rd_itimerspec wr_itimerspec
87 timerfd_gettime pass fd wr_itimerspec
88 utimensat pass atfd path rd_timespecs at
89 acct pass path
90 capget pass ptr ptr
91 capset pass ptr ptr
92 personality custom hex
93 exit custom int
94 exit_group custom int
95 waitid custom idtype pid wr_siginfo wait wr_rusage
96 set_tid_address custom addr
97 unshare pass clone
98 futex pass addr futex uint ptr addr uint
99 set_robust_list custom addr size
100 get_robust_list pass pid ptr ptr
101 nanosleep pass rd_timespec wr_timespec
102 getitimer pass itimer wr_itimerval
103 setitimer pass itimer rd_itimerval wr_itimerval
104 kexec_load pass hex size ptr hex
105 init_module pass ptr size str
106 delete_module pass str hex
107 timer_create pass clock ptr ptr
108 timer_gettime pass int wr_itimerspec
109 timer_getoverrun pass int
110 timer_settime pass int timer rd_itimerspec wr_itimerspec
111 timer_delete pass int
112 clock_settime pass clock rd_timespec
113 clock_gettime pass clock wr_timespec
114 clock_getres pass clock wr_timespec
115 clock_nanosleep pass clock timer rd_timespec wr_timespec
116 syslog pass int out size
117 ptrace custom int pid ptr ptr
118 sched_setparam pass pid ptr
119 sched_setscheduler pass pid policy ptr
120 sched_getscheduler pass pid
121 sched_getparam pass pid ptr
122 sched_setaffinity pass pid size ptr
123 sched_getaffinity pass pid size ptr
124 sched_yield pass
125 sched_get_priority_max pass int
126 sched_get_priority_min pass int
127 sched_rr_get_interval pass pid ptr
128 restart_syscall custom
129 kill custom pid sig
130 tkill custom pid sig
131 tgkill custom pid pid sig
132 sigaltstack custom rd_stack wr_stack
133 rt_sigsuspend custom rd_sigset size
134 rt_sigaction custom sig rd_sigaction wr_sigaction size
135 rt_sigprocmask custom sigmask rd_sigset wr_sigset size
136 rt_sigpending custom wr_sigset size
137 rt_sigtimedwait custom rd_sigset wr_siginfo rd_timespec size
138 rt_sigqueueinfo pass pid sig rd_siginfo
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
153 times pass wr_tms
154 setpgid pass pid pid
155 getpgid pass pid
156 getsid pass pid
157 setsid pass
158 getgroups pass int ptr
159 setgroups pass int ptr
160 uname custom wr_utsname
161 sethostname pass buf size
162 setdomainname pass buf size
163 getrlimit custom rlimit wr_rlimit
164 setrlimit custom rlimit rd_rlimit
165 getrusage pass rusage wr_rusage
166 umask pass mode
167 prctl custom prctl hex hex hex hex
168 getcpu pass ptr ptr ptr
169 gettimeofday pass wr_timeval ptr
170 settimeofday pass ptr ptr
171 adjtimex pass ptr
172 getpid pass
173 getppid pass
174 getuid pass
175 geteuid pass
176 getgid pass
177 getegid pass
178 gettid pass
179 sysinfo pass wr_sysinfo
180 mq_open convert fd:str open mode ptr
181 mq_unlink pass str
182 mq_timedsend pass fd buf size uint rd_timespec
183 mq_timedreceive pass fd out size ptr rd_timespec
184 mq_notify pass fd ptr
185 mq_getsetattr pass fd ptr ptr
186 msgget pass int hex
187 msgctl pass int int ptr
188 msgrcv pass int ptr size long hex
189 msgsnd pass int ptr size hex
190 semget pass int int hex
191 semctl custom int int int ptr
192 semtimedop pass int ptr uint rd_timespec
193 semop pass int ptr uint
194 shmget pass int size hex
195 shmctl pass int int ptr
196 shmat custom hex:int addr hex
197 shmdt custom addr
198 socket pass fd:family socktype int
199 socketpair pass family socktype int wr_pair
200 bind pass fd sockaddr int
201 listen pass fd int
202 accept pass fd:fd ptr ptr
203 connect pass fd sockaddr int
204 getsockname pass fd ptr ptr
205 getpeername pass fd ptr ptr
206 sendto pass fd buf size msg sockaddr int
207 recvfrom pass fd out size msg ptr ptr
208 setsockopt pass fd sol int ptr int
209 getsockopt pass fd sol int ptr ptr
210 shutdown pass fd shutdown
211 sendmsg pass fd rd_msghdr msg
212 recvmsg pass fd rd_msghdr msg
213 readahead pass fd off size
214 brk custom hex:addr
215 munmap custom addr size
216 mremap custom hex:addr size size hex addr
217 add_key pass str str buf size int
218 request_key pass str str str int
219 keyctl pass int hex hex hex hex
220 clone custom clone hex ptr hex addr
221 execve custom path argv ptr
222 mmap custom hex:addr size prot map fd off
223 fadvise64 pass fd off off int
224 swapon pass path hex
225 swapoff pass path
226 mprotect custom addr size prot
227 msync custom addr size msync
228 mlock custom addr size
229 munlock custom addr size
230 mlockall custom mlockall
231 munlockall custom
232 mincore custom addr size ptr
233 madvise custom addr size madvise
234 remap_file_pages custom addr size prot size hex
235 mbind custom addr size int ptr size hex
236 get_mempolicy pass ptr ptr size addr hex
237 set_mempolicy pass int ptr size
238 migrate_pages pass pid size ptr ptr
239 move_pages pass pid size ptr ptr ptr hex
240 rt_tgsigqueueinfo pass pid pid sig rd_siginfo
241 perf_event_open custom fd:ptr pid int fd hex
242 accept4 pass fd:fd ptr ptr socktype
243 recvmmsg pass fd mmsg uint msg rd_timespec
260 wait4 custom pid wr_status wait wr_rusage
261 prlimit64 custom pid rlimit rd_rlimit wr_rlimit
262 fanotify_init convert fd:hex open
263 fanotify_mark pass fd hex hex atfd path
264 name_to_handle_at pass atfd path ptr ptr hex
265 open_by_handle_at convert fd:fd ptr open
266 clock_adjtime pass clock ptr
267 syncfs pass fd
268 setns pass fd hex
269 sendmmsg pass fd mmsg uint msg
270 process_vm_readv pass pid scatter size remote size hex
271 process_vm_writev custom pid gather size remote size hex
272 kcmp pass pid pid int hex hex
273 finit_module pass fd str hex
274 sched_setattr pass pid ptr hex
275 sched_getattr pass pid ptr size hex
276 renameat2 pass atfd path atfd path rename
277 seccomp custom seccomp hex ptr
278 getrandom pass out size getrandom
279 memfd_create pass fd:str memfd
280 bpf pass int ptr size
281 execveat custom atfd path argv ptr at
282 userfaultfd pass fd:hex
283 membarrier custom membarrier hex int
284 mlock2 custom addr size hex
285 copy_file_range pass fd ptr fd ptr size hex
286 preadv2 pass fd scatter int off hex hex
287 pwritev2 pass fd gather int off hex hex
288 pkey_mprotect custom addr size prot int
289 pkey_alloc custom hex hex
290 pkey_free custom int
291 statx pass atfd path at hex wr_statx
292 io_pgetevents custom hex long long ptr ptr ptr
293 rseq none ptr uint hex hex
294 kexec_file_load pass fd fd size str hex
424 pidfd_send_signal pass fd sig ptr hex
425 io_uring_setup custom fd:uint ptr
426 io_uring_enter custom fd uint uint hex ptr size
427 io_uring_register custom fd uint ptr uint
428 open_tree pass fd:atfd path hex
429 move_mount pass atfd path atfd path hex
430 fsopen pass fd:str hex
431 fsconfig pass fd uint str ptr int
432 fsmount pass fd:fd hex hex
433 fspick pass fd:atfd path hex
434 pidfd_open pass fd:pid hex
435 clone3 custom rd_clone_args size
436 close_range custom uint uint hex
437 openat2 custom fd:atfd path rd_open_how size
438 pidfd_getfd pass fd:fd fd hex
439 faccessat2 pass atfd path access at
440 process_madvise pass fd remote size int hex
441 epoll_pwait2 custom fd ptr int ptr ptr size
442 mount_setattr pass atfd path hex ptr size
443 quotactl_fd pass fd hex int ptr
444 landlock_create_ruleset pass fd:ptr size hex
445 landlock_add_rule pass fd int ptr hex
446 landlock_restrict_self pass fd hex
447 memfd_secret pass fd:hex
448 process_mrelease pass fd hex
449 futex_waitv pass ptr uint hex ptr clock
450 set_mempolicy_home_node custom addr size size hex
451 cachestat pass fd ptr ptr hex
452 fchmodat2 pass atfd path mode at
453 map_shadow_stack custom addr size hex
454 futex_wake pass addr hex int hex
455 futex_wait pass ptr hex hex hex ptr clock
456 futex_requeue pass ptr hex int int
457 statmount pass ptr ptr size hex
458 listmount pass ptr ptr size hex
459 lsm_get_self_attr pass uint ptr ptr hex
460 lsm_set_self_attr pass uint ptr uint hex
461 lsm_list_modules pass ptr ptr hex
462 mseal custom addr size hex
463 setxattrat pass atfd path hex str ptr size
464 getxattrat pass atfd path hex str ptr size
465 listxattrat pass atfd path hex out size
466 removexattrat pass atfd path hex str
467 open_tree_attr pass fd:atfd path hex ptr size
468 file_getattr pass atfd path ptr size hex
469 file_setattr pass atfd path ptr size hex
470 listns pass ptr ptr size hex
471 rseq_slice_yield none
"""


NOT_SERVED: dict[str, str] = {
    "lookup_dcookie": "Linux removed it in 6.7 and answers ENOSYS",
    "nfsservctl": "Linux removed it in 3.1 and answers ENOSYS",
    "rseq": "a critical section can be interrupted between any two host instructions; programs "
    "fall back, as on Linux before 4.18",
    "rseq_slice_yield": "it is about what rseq registers",
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
