/* What gate.c needs of a C library, for Linux on x86-64 and aarch64, and its start.
 *
 * A C library looks at the processor before main: glibc asks some 25 times what it can do (CPUID),
 * and in a virtual machine each answer comes from the hypervisor. That took several times as long
 * as all the gate does, before every compile. Where this file does not fit, or what comes of it
 * does not run, the gate is linked with the C library of the machine (gate.py). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS = 8, PIECE = 64 << 10, UNIT = 16 }; /* bytes: a kernel's set; of memory */
int main(int argc, char **argv);
static char **variables;
static const unsigned long *auxiliary;
int start_error; /* errno; not static, as vfork writes it */

int *__errno_location(void)
{
    return &start_error;
}

/* ---- The kernel ---- */

#define WORD(x) (long)(x)
#define KERNEL(number, a, b, c, d, e, f)                                                           \
    answer(kernel(number, WORD(a), WORD(b), WORD(c), WORD(d), WORD(e), WORD(f)))

#if defined __x86_64__ && defined __LP64__
static long kernel(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
}

/* The child runs on this stack first: where to return to is kept out of its way, in rdx. */
__asm__(".globl _start, vfork\n"
        "_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call start_main\n"
        ".type vfork, @function\n"
        "vfork: pop %rdx\n mov $58, %eax\n syscall\n push %rdx\n cmp $-4095, %rax\n jae 1f\n ret\n"
        "1: neg %eax\n mov %eax, start_error(%rip)\n mov $-1, %eax\n ret\n"
        ".size vfork, .-vfork\n");
#elif defined __aarch64__ && defined __LP64__
static long kernel(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

/* vfork is clone(CLONE_VM | CLONE_VFORK | SIGCHLD, …) here. */
__asm__(".globl _start, vfork\n"
        "_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n b start_main\n"
        ".type vfork, %function\n"
        "vfork: mov x0, #0x4111\n mov x1, sp\n mov x2, #0\n mov x3, #0\n mov x4, #0\n"
        " mov x8, #220\n svc #0\n cmn x0, #4095\n b.cs 1f\n ret\n"
        "1: neg w0, w0\n adrp x1, start_error\n str w0, [x1, :lo12:start_error]\n"
        " mov w0, #-1\n ret\n"
        ".size vfork, .-vfork\n");
#else
#error "no start for this machine"
#endif

static long answer(long result)
{
    if (result >= 0 || result < -4095)
        return result;
    start_error = (int)-result;
    return -1;
}

void _exit(int code)
{
    for (;;)
        KERNEL(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

void exit(int code) /* nothing is buffered, and nothing registered */
{
    _exit(code);
}

__attribute__((used)) _Noreturn void start_main(char **stack)
{
    int argc = (int)(intptr_t)stack[0];
    char **end = variables = stack + 1 + argc + 1;
    while (*end)
        end++;
    auxiliary = (const unsigned long *)(end + 1);
    exit(main(argc, stack + 1));
}

unsigned long getauxval(unsigned long kind)
{
    const unsigned long *pair = auxiliary;
    while (pair[0] != AT_NULL && pair[0] != kind)
        pair += 2;
    return pair[0] == kind ? pair[1] : 0;
}

int access(const char *path, int mode)
{
    return (int)KERNEL(SYS_faccessat, AT_FDCWD, path, mode, 0, 0, 0);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    return (int)KERNEL(SYS_clock_gettime, clock, now, 0, 0, 0, 0);
}

int close(int file)
{
    return (int)KERNEL(SYS_close, file, 0, 0, 0, 0, 0);
}

int connect(int file, const void *address, unsigned size) /* as sys/socket.h has it but for types */
{
    return (int)KERNEL(SYS_connect, file, address, size, 0, 0, 0);
}

int dup2(int file, int as)
{
    return file == as ? as : (int)KERNEL(SYS_dup3, file, as, 0, 0, 0, 0);
}

int execv(const char *path, char *const argv[])
{
    return (int)KERNEL(SYS_execve, path, argv, variables, 0, 0, 0);
}

int fcntl(int file, int what, ...)
{
    va_list words;
    va_start(words, what);
    long argument = va_arg(words, long);
    va_end(words);
    return (int)KERNEL(SYS_fcntl, file, what, argument, 0, 0, 0);
}

int fstat(int file, struct stat *info)
{
    return (int)KERNEL(SYS_fstat, file, info, 0, 0, 0, 0);
}

char *getcwd(char *folder, size_t room)
{
    return KERNEL(SYS_getcwd, folder, room, 0, 0, 0, 0) > 0 && *folder == '/' ? folder : NULL;
}

pid_t getpid(void)
{
    return (pid_t)KERNEL(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

pid_t getppid(void)
{
    return (pid_t)KERNEL(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

int kill(pid_t process, int number)
{
    return (int)KERNEL(SYS_kill, process, number, 0, 0, 0, 0);
}

int memfd_create(const char *name, unsigned flags)
{
    return (int)KERNEL(SYS_memfd_create, name, flags, 0, 0, 0, 0);
}

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return (void *)KERNEL(SYS_mmap, at, size, protection, flags, file, offset);
}

int munmap(void *at, size_t size)
{
    return (int)KERNEL(SYS_munmap, at, size, 0, 0, 0, 0);
}

int open(const char *path, int flags, ...)
{
    va_list words;
    va_start(words, flags);
    unsigned mode = flags & O_CREAT ? va_arg(words, unsigned) : 0;
    va_end(words);
    return (int)KERNEL(SYS_openat, AT_FDCWD, path, flags, mode, 0, 0);
}

int poll(struct pollfd *files, nfds_t count, int patience)
{
    struct timespec time = {patience / 1000, patience % 1000 * 1000000L};
    return (int)KERNEL(SYS_ppoll, files, count, patience < 0 ? NULL : &time, NULL, SIGNALS, 0);
}

int prctl(int what, ...)
{
    va_list words;
    va_start(words, what);
    long argument = va_arg(words, long);
    va_end(words);
    return (int)KERNEL(SYS_prctl, what, argument, 0, 0, 0, 0);
}

int raise(int number)
{
    return kill(getpid(), number);
}

ssize_t read(int file, void *data, size_t room)
{
    return KERNEL(SYS_read, file, data, room, 0, 0, 0);
}

ssize_t readlink(const char *restrict path, char *restrict target, size_t room)
{
    return KERNEL(SYS_readlinkat, AT_FDCWD, path, target, room, 0, 0);
}

ssize_t send(int file, const void *data, size_t size, int flags)
{
    return KERNEL(SYS_sendto, file, data, size, flags, 0, 0);
}

int setpgid(pid_t process, pid_t group)
{
    return (int)KERNEL(SYS_setpgid, process, group, 0, 0, 0, 0);
}

int socket(int family, int type, int protocol)
{
    return (int)KERNEL(SYS_socket, family, type, protocol, 0, 0, 0);
}

int stat(const char *restrict path, struct stat *restrict info)
{
    return (int)KERNEL(SYS_newfstatat, AT_FDCWD, path, info, 0, 0, 0);
}

pid_t wait4(pid_t process, int *status, int options, struct rusage *used)
{
    return (pid_t)KERNEL(SYS_wait4, process, status, options, used, 0, 0);
}

pid_t waitpid(pid_t process, int *status, int options)
{
    return wait4(process, status, options, NULL);
}

ssize_t write(int file, const void *data, size_t size)
{
    return KERNEL(SYS_write, file, data, size, 0, 0, 0);
}

/* ---- Signals. The kernel's set of them is the first word of the C library's. ---- */

int sigemptyset(sigset_t *set)
{
    memset(set, 0, sizeof *set);
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    *(unsigned long *)set |= 1UL << (number - 1);
    return 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict before)
{
    return (int)KERNEL(SYS_rt_sigprocmask, how, set, before, SIGNALS, 0, 0);
}

int signalfd(int file, const sigset_t *set, int flags)
{
    return (int)KERNEL(SYS_signalfd4, file, set, SIGNALS, flags, 0, 0);
}

struct action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

/* Only asks: a handler of one's own would need a way back from it. */
int sigaction(int number, const struct sigaction *restrict wanted, struct sigaction *restrict found)
{
    struct action now;
    if (wanted || KERNEL(SYS_rt_sigaction, number, NULL, &now, SIGNALS, 0, 0) != 0)
        return -1;
    found->sa_handler = now.handler;
    return 0;
}

__sighandler_t signal(int number, __sighandler_t handler) /* SIG_DFL or SIG_IGN */
{
    struct action action = {.handler = handler};
    bool done = KERNEL(SYS_rt_sigaction, number, &action, NULL, SIGNALS, 0, 0) == 0;
    return done ? SIG_DFL : SIG_ERR;
}

/* ---- Bytes and text ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *at, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)at)[i] = (char)byte;
    return at;
}

int strncmp(const char *one, const char *other, size_t most)
{
    for (; most > 0; one++, other++, most--)
        if (*one != *other || !*one)
            return (unsigned char)*one - (unsigned char)*other;
    return 0;
}

int strcmp(const char *one, const char *other)
{
    return strncmp(one, other, SIZE_MAX);
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

char *strchr(const char *text, int wanted)
{
    while (*text && *text != (char)wanted)
        text++;
    return *text == (char)wanted ? (char *)text : NULL;
}

char *strrchr(const char *text, int wanted)
{
    const char *found = NULL;
    for (; (text = strchr(text, wanted)); text++)
        found = text;
    return (char *)found;
}

size_t strcspn(const char *text, const char *ends)
{
    size_t length = 0;
    while (text[length] && !strchr(ends, text[length]))
        length++;
    return length;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}

char *strtok(char *restrict text, const char *restrict ends)
{
    static char *rest;
    char *word = text ? text : rest;
    while (*word && strchr(ends, *word))
        word++;
    rest = word + strcspn(word, ends);
    if (*rest)
        *rest++ = '\0';
    return *word ? word : NULL;
}

void *memmem(const void *data, size_t size, const void *wanted, size_t length)
{
    const char *start = data, *end = start + size;
    for (const char *at = start; (size_t)(end - at) >= length; at++)
        if (strncmp(at, wanted, length) == 0) /* `wanted` is text: no NUL is in it */
            return (void *)at;
    return NULL;
}

char *strerror(int number)
{
    static char text[32];
    switch (number) {
    case ENOENT:
        return "No such file or directory";
    case EACCES:
        return "Permission denied";
    case ENOEXEC:
        return "Exec format error";
    case E2BIG:
        return "Argument list too long";
    case ENOMEM:
        return "Cannot allocate memory";
    default:
        snprintf(text, sizeof text, "error %d", number);
        return text;
    }
}

struct line {
    char *text;
    size_t room, size; /* `size` as it would be with room for all */
};

static void put(struct line *line, const char *text, size_t length)
{
    for (; length > 0; text++, length--, line->size++)
        if (line->size + 1 < line->room)
            line->text[line->size] = *text;
}

static void put_number(struct line *line, long number)
{
    char digits[24], *at = digits + sizeof digits;
    unsigned long rest = number < 0 ? 0 - (unsigned long)number : (unsigned long)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    put(line, at, (size_t)(digits + sizeof digits - at));
}

/* %s, %.*s, %d and %ld: anything else ends the program, so that it cannot be overlooked. */
int vsnprintf(char *restrict text, size_t room, const char *restrict format, va_list words)
{
    struct line line = {text, room, 0};
    for (; *format; format++) {
        size_t most = SIZE_MAX;
        if (*format != '%') {
            put(&line, format, 1);
            continue;
        }
        if (strncmp(++format, ".*", 2) == 0) {
            most = (size_t)va_arg(words, int);
            format += 2;
        }
        if (*format == 's') {
            const char *word = va_arg(words, const char *);
            size_t length = 0;
            while (length < most && word[length])
                length++;
            put(&line, word, length);
        } else if (*format == 'd') {
            put_number(&line, va_arg(words, int));
        } else if (strncmp(format, "ld", 2) == 0) {
            put_number(&line, va_arg(words, long));
            format++;
        } else {
            __builtin_trap();
        }
    }
    if (room > 0)
        text[line.size < room ? line.size : room - 1] = '\0';
    return (int)line.size;
}

int snprintf(char *restrict text, size_t room, const char *restrict format, ...)
{
    va_list words;
    va_start(words, format);
    int size = vsnprintf(text, room, format, words);
    va_end(words);
    return size;
}

int dprintf(int file, const char *restrict format, ...)
{
    char text[2 * 4096];
    va_list words;
    va_start(words, format);
    int size = vsnprintf(text, sizeof text, format, words);
    va_end(words);
    size = size < (int)sizeof text ? size : (int)sizeof text - 1;
    return (int)write(file, text, (size_t)size);
}

/* ---- Memory: what was taken last can grow and be given back, the rest stays ---- */

static char *first_free, *limit, *last;

static bool have(size_t size)
{
    if (!limit)
        first_free = limit = (char *)kernel(SYS_brk, 0, 0, 0, 0, 0, 0);
    if ((size_t)(limit - first_free) >= size)
        return true;
    char *wanted = first_free + size + PIECE;
    limit = (char *)kernel(SYS_brk, (long)wanted, 0, 0, 0, 0, 0);
    return limit == wanted;
}

void *malloc(size_t size)
{
    size_t whole = UNIT + (size + UNIT - 1) / UNIT * UNIT; /* before it stands its size */
    if (size > SIZE_MAX / 2 || !have(whole))
        return NULL;
    last = first_free + UNIT;
    memcpy(first_free, &size, sizeof size);
    first_free += whole;
    return last;
}

void free(void *block)
{
    if (block && block == last)
        first_free = last - UNIT;
}

void *calloc(size_t count, size_t size)
{
    void *block = size && count > SIZE_MAX / size ? NULL : malloc(count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *block, size_t size)
{
    size_t before = 0;
    if (block)
        memcpy(&before, (char *)block - UNIT, sizeof before);
    if (block && block == last) {
        free(block);
        return malloc(size); /* in the same place */
    }
    void *other = malloc(size);
    return other && block ? memcpy(other, block, before < size ? before : size) : other;
}

char *strdup(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* ---- Variables ---- */

static char **place_of(const char *name)
{
    size_t length = strlen(name);
    char **at = variables;
    while (*at && (strncmp(*at, name, length) != 0 || (*at)[length] != '='))
        at++;
    return at;
}

char *getenv(const char *name)
{
    char **at = place_of(name);
    return *at ? *at + strlen(name) + 1 : NULL;
}

int setenv(const char *name, const char *value, int replace)
{
    size_t room = strlen(name) + strlen(value) + 2, count = 0;
    char **at = place_of(name), *text = *at && !replace ? *at : malloc(room);
    if (!text)
        return -1;
    if (!*at || replace)
        snprintf(text, room, "%s=%s", name, value);
    if (!*at) {
        while (variables[count])
            count++;
        char **more = calloc(count + 2, sizeof *more);
        if (!more)
            return -1;
        variables = memcpy(more, variables, count * sizeof *more);
        at = variables + count;
    }
    *at = text;
    return 0;
}
