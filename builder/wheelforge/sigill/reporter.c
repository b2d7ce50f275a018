/* Preloaded into a program that was ended by SIGILL: says which instruction it was, and where.
 *
 * It writes one line to standard error, and the program still ends by SIGILL:
 *
 *   wheelforge-sigill: machine=M pc=HEX base=HEX code=HEX symbol=NAME+HEX file=PATH
 *
 * `code` are the bytes at `pc`, `base` is where the file was loaded; what is not known is empty.
 *
 * Programs and libraries set handlers of their own for SIGILL: OpenSSL to try instructions, Python's
 * faulthandler to say what it was doing. Those are noted here and not given to the kernel: they are
 * called from our handler, and see what they would see without us. Only when nobody else wants the
 * signal does the program end, and the line is written then. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#if defined(__aarch64__)
#define MACHINE "aarch64"
#elif defined(__x86_64__)
#define MACHINE "x86_64"
#else
#define MACHINE "unknown"
#endif

enum { LONGEST = 15 }; /* bytes of an instruction, on x86 */

/* Handlers may not allocate: the dynamic kind of thread-local storage does on first use. */
#define OF_THREAD static _Thread_local __attribute__((tls_model("initial-exec")))

struct fault {
    uintptr_t pc;
    size_t length;
    unsigned char code[LONGEST];
};

OF_THREAD struct fault last;
static struct sigaction theirs; /* what the program wants done; default: end it */
static atomic_flag reporting = ATOMIC_FLAG_INIT;
static char stack[64 << 10];
static char line[8 << 10];
static size_t length;

typedef int (*sigaction_type)(int, const struct sigaction *, struct sigaction *);
typedef void (*handler_type)(int);
typedef handler_type (*signal_type)(int, handler_type);

static sigaction_type real_sigaction(void)
{
    static sigaction_type found;
    if (!found)
        found = (sigaction_type)dlsym(RTLD_NEXT, "sigaction");
    return found;
}

static void add(const char *text)
{
    while (*text && length < sizeof line - 1)
        line[length++] = *text++;
}

static void add_hex(uintptr_t number)
{
    int shift = 8 * (int)sizeof number - 4;
    while (shift && !(number >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        add((char[]){"0123456789abcdef"[number >> shift & 15], 0});
}

/* A pipe, because a write from memory that cannot be read fails; looking at it would be a crash. */
static size_t copy(uintptr_t from, unsigned char *to, size_t most)
{
    int ends[2];
    size_t done = 0;
    if (pipe(ends) != 0)
        return 0;
    while (most && write(ends[1], (const void *)from, most) != (ssize_t)most)
        most--;
    if (most && read(ends[0], to, most) == (ssize_t)most)
        done = most;
    close(ends[0]);
    close(ends[1]);
    return done;
}

static void report(void)
{
    Dl_info place = {0};
    char program[4096];
    add("\nwheelforge-sigill: machine=" MACHINE " pc=");
    add_hex(last.pc);
    int known = dladdr((void *)last.pc, &place) != 0 && place.dli_fname;
    add(" base=");
    if (known)
        add_hex((uintptr_t)place.dli_fbase);
    add(" code=");
    for (size_t i = 0; i < last.length; i++) {
        add((char[]){"0123456789abcdef"[last.code[i] >> 4], 0});
        add((char[]){"0123456789abcdef"[last.code[i] & 15], 0});
    }
    add(" symbol=");
    if (known && place.dli_sname) {
        add(place.dli_sname);
        add("+");
        add_hex(last.pc - (uintptr_t)place.dli_saddr);
    }
    add(" file=");
    if (known && place.dli_fname[0] == '/') {
        add(place.dli_fname);
    } else if (known) { /* the program itself is known by the name it was called by */
        ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
        program[size > 0 ? size : 0] = 0;
        add(program);
    }
    add("\n");
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}

static void end(int number, int is_fault)
{
    if (!atomic_flag_test_and_set(&reporting))
        report();
    else
        sleep(5); /* another thread is telling, and ends us all */
    real_sigaction()(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    if (!is_fault)
        raise(number);
} /* else the instruction is executed once more */

static void on_sigill(int number, siginfo_t *info, void *context)
{
    struct sigaction next = theirs;
    int is_fault = info->si_code > 0; /* else somebody sent it, as faulthandler does in the end */
    if (is_fault) {
        last.pc = (uintptr_t)info->si_addr;
        last.length = copy(last.pc, last.code, LONGEST);
    }
    if (next.sa_handler == SIG_DFL || (next.sa_handler == SIG_IGN && is_fault)) {
        end(number, is_fault);
        return;
    }
    if (next.sa_handler == SIG_IGN)
        return;
    if (next.sa_flags & (int)SA_RESETHAND)
        theirs.sa_handler = SIG_DFL;
    if (next.sa_flags & SA_SIGINFO)
        next.sa_sigaction(number, info, context);
    else
        next.sa_handler(number);
}

int sigaction(int number, const struct sigaction *wanted, struct sigaction *before)
{
    struct sigaction current = theirs;
    if (number != SIGILL)
        return real_sigaction()(number, wanted, before);
    if (wanted)
        theirs = *wanted;
    if (before)
        *before = current;
    return 0;
}

static handler_type set(int number, handler_type handler, int flags, const char *name)
{
    struct sigaction wanted = {.sa_handler = handler, .sa_flags = flags}, before;
    if (number != SIGILL)
        return ((signal_type)dlsym(RTLD_NEXT, name))(number, handler);
    sigaction(number, &wanted, &before);
    return before.sa_handler;
}

handler_type signal(int number, handler_type handler)
{
    return set(number, handler, SA_RESTART, "signal");
}

handler_type __sysv_signal(int number, handler_type handler)
{
    return set(number, handler, (int)SA_RESETHAND, "__sysv_signal");
}

__attribute__((constructor)) static void start(void)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    stack_t current, own = {.ss_sp = stack, .ss_size = sizeof stack};
    ours.sa_sigaction = on_sigill;
    if (sigaltstack(NULL, &current) == 0 && current.ss_flags & SS_DISABLE)
        sigaltstack(&own, NULL); /* of this thread; others have stacks that are as good */
    real_sigaction()(SIGILL, &ours, NULL);
}
