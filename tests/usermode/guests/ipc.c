// IPC of System V and POSIX: structures, shared memory as a mapping, message queues.
#include "check.h"

#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

union semun {
    int val;
    struct semid_ds* buf;
    unsigned short* array;
};

CASE(semaphores) {
    int id = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    CHECK(id >= 0);
    unsigned short values[3] = {1, 2, 3}, seen[3] = {0};
    CHECK_EQ(semctl(id, 0, SETALL, (union semun){.array = values}), 0);
    CHECK_EQ(semctl(id, 0, GETALL, (union semun){.array = seen}), 0);
    CHECK_EQ(seen[2], 3);
    struct sembuf operation = {1, -1, 0};
    CHECK_EQ(semop(id, &operation, 1), 0);
    CHECK_EQ(semctl(id, 1, GETVAL), 1);
    CHECK_EQ(semctl(id, 1, GETPID), getpid());
    struct semid_ds info;
    memset(&info, 0xee, sizeof info);
    CHECK_EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &info}), 0);
    CHECK_EQ(info.sem_nsems, 3);
    CHECK_EQ(info.sem_perm.mode, 0600);
    CHECK_EQ(info.sem_perm.uid, geteuid());
    time_t now = time(NULL);
    CHECK(info.sem_ctime <= now && info.sem_ctime > now - 100);
    CHECK(info.sem_otime <= now && info.sem_otime > now - 100);
    info.sem_perm.mode = 0640;
    CHECK_EQ(semctl(id, 0, IPC_SET, (union semun){.buf = &info}), 0);
    CHECK_EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &info}), 0);
    CHECK_EQ(info.sem_perm.mode, 0640);
    CHECK_FAILS(semctl(id, 0, IPC_STAT, (union semun){.buf = (void*)8}), EFAULT);
    operation.sem_op = -100;
    operation.sem_flg = IPC_NOWAIT;
    CHECK_FAILS(semop(id, &operation, 1), EAGAIN);
    struct timespec soon = {0, 1000000};
    operation.sem_flg = 0;
    CHECK_FAILS(semtimedop(id, &operation, 1, &soon), EAGAIN);
    CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
}

CASE(shared_memory) {
    int id = shmget(IPC_PRIVATE, 10000, 0600 | IPC_CREAT);
    CHECK(id >= 0);
    volatile int* one = shmat(id, NULL, 0);
    volatile int* two = shmat(id, NULL, 0);
    CHECK(one != (void*)-1 && two != (void*)-1 && one != two);
    one[5] = 77;
    CHECK_EQ(two[5], 77);
    struct shmid_ds info;
    CHECK_EQ(shmctl(id, IPC_STAT, &info), 0);
    CHECK_EQ(info.shm_segsz, 10000);
    CHECK_EQ(info.shm_nattch, 2);
    pid_t pid = fork();
    if (pid == 0) {
        one[6] = 88;
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(two[6], 88);
    // It is the guest's memory, so it can be reprotected and moved about.
    CHECK_EQ(mprotect((void*)two, 4096, PROT_READ), 0);
    CHECK_EQ(shmdt((void*)two), 0);
    CHECK_FAILS(shmdt((void*)two), EINVAL);
    CHECK_FAILS(mprotect((void*)two, 4096, PROT_READ), ENOMEM);
    char* room = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(shmat(id, room, 0) == (void*)-1);
    CHECK_EQ(errno, EINVAL);
    CHECK(shmat(id, room + 5, SHM_REMAP | SHM_RND | SHM_RDONLY) == room);
    CHECK_EQ(((volatile int*)room)[6], 88);
    CHECK_EQ(shmdt(room), 0);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    CHECK_EQ(shmdt((void*)one), 0);
    CHECK(shmat(id, NULL, 0) == (void*)-1);
}

// What lies over a part of a segment, and what was moved away, stays when it is detached.
CASE(detach_of_parts) {
    int id = shmget(IPC_PRIVATE, 16384, 0600 | IPC_CREAT);
    char* whole = shmat(id, NULL, 0);
    CHECK(whole != (void*)-1);
    char* over = mmap(whole + 4096, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    over[0] = 5;
    char* moved = mremap(whole + 8192, 4096, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
    if (moved == MAP_FAILED) moved = NULL;  // the kernel may not want to for this kind of memory
    CHECK_EQ(shmdt(whole), 0);
    CHECK_EQ(over[0], 5);
    CHECK_EQ(mprotect(over, 4096, PROT_READ), 0);
    CHECK_FAILS(mprotect(whole, 4096, PROT_READ), ENOMEM);
    CHECK_FAILS(mprotect(whole + 12288, 4096, PROT_READ), ENOMEM);
    CHECK_EQ(munmap(over, 4096), 0);
    CHECK_FAILS(mprotect(over, 4096, PROT_READ), ENOMEM);
    if (moved != NULL) CHECK_EQ(munmap(moved, 4096), 0);
    whole = shmat(id, NULL, 0);
    moved = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(whole, 16384, 16384, MREMAP_MAYMOVE | MREMAP_FIXED, moved) == moved);
    CHECK_FAILS(shmdt(whole), EINVAL);
    CHECK_EQ(shmdt(moved), 0);
    CHECK_FAILS(mprotect(moved, 4096, PROT_READ), ENOMEM);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

#ifdef __aarch64__
// Code in a segment: the second attachment is written, the first one runs.
CASE(code_in_shared_memory) {
    int id = shmget(IPC_PRIVATE, 4096, 0700 | IPC_CREAT);
    CHECK(id >= 0);
    uint32_t* write = shmat(id, NULL, 0);
    int (*run)(void) = (int (*)(void))shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
    CHECK(run != (void*)-1);
    for (uint32_t n = 1; n < 20; n++) {
        write[0] = 0x52800000 | n << 5;  // mov w0, #n
        write[1] = 0xd65f03c0;           // ret
        __builtin___clear_cache((char*)write, (char*)(write + 2));
        __builtin___clear_cache((char*)run, (char*)run + 8);
        CHECK_EQ(run(), n);
    }
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}
#endif

CASE(message_queues) {
    int id = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
    CHECK(id >= 0);
    struct {
        long type;
        char text[16];
    } message = {7, "hello"}, got;
    CHECK_EQ(msgsnd(id, &message, sizeof message.text, 0), 0);
    struct msqid_ds info;
    CHECK_EQ(msgctl(id, IPC_STAT, &info), 0);
    CHECK_EQ(info.msg_qnum, 1);
    CHECK_EQ(info.msg_lspid, getpid());
    CHECK_EQ(msgrcv(id, &got, sizeof got.text, 7, 0), sizeof got.text);
    CHECK_EQ(strcmp(got.text, "hello"), 0);
    CHECK_FAILS(msgrcv(id, &got, sizeof got.text, 0, IPC_NOWAIT), ENOMSG);
    CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
}

static volatile sig_atomic_t notified;
static void on_message(int number, siginfo_t* info, void* context) {
    (void)context;
    notified = number == SIGUSR1 && info->si_code == SI_MESGQ ? info->si_value.sival_int : -1;
}

CASE(posix_queues) {
    char name[40];
    sprintf(name, "/pydbt-%d", getpid());
    struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 32}, seen;
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);
    CHECK(queue >= 0);
    CHECK_EQ(mq_getattr(queue, &seen), 0);
    CHECK_EQ(seen.mq_maxmsg, 4);
    CHECK_EQ(seen.mq_msgsize, 32);
    CHECK_EQ(seen.mq_flags, O_NONBLOCK);
    struct sigaction action = {.sa_sigaction = on_message, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    event.sigev_value.sival_int = 4711;
    CHECK_EQ(mq_notify(queue, &event), 0);
    CHECK_EQ(mq_send(queue, "text", 5, 3), 0);
    while (notified == 0) usleep(1000);
    CHECK_EQ(notified, 4711);
    char text[32];
    unsigned priority;
    CHECK_EQ(mq_receive(queue, text, sizeof text, &priority), 5);
    CHECK_EQ(priority, 3);
    CHECK_FAILS(mq_receive(queue, text, sizeof text, &priority), EAGAIN);
    CHECK_EQ(mq_unlink(name), 0);
}
