/* wheelforge-gate: stands in front of a compiler and asks wheelforge's broker before it starts it.
 *
 * Called by a compiler's name (<gate>/bin/gcc is a link to it, <gate>/real/gcc one to the real
 * compiler) or as "wheelforge-gate PROGRAM ARGUMENTS…". What does not compile, runs at once.
 * Messages to the broker are a 4-byte big-endian length and fields with NUL between them:
 *   ask KIND PID STEP CWD JOBSERVER PROGRAM ARGUMENTS…
 *   started PID            once it has run for SHORT_MS: what is shorter is not worth a message
 *   ended STATUS MAXRSS_KIB USER_MS SYSTEM_MS KILLED STDERR
 * Its answers are lines: to ask "go", "go DEPFILE" or "fresh"; to a failure "over" or "go".
 * What was compiled is kept in the file $WHEELFORGE_COMMANDS, also what ccache had: a line each,
 *   MARK TOKEN CWD PROGRAM ARGUMENTS…
 * with NUL after each; line ends and backslashes in them are written with a backslash. MARK is
 * "=" done, "?" given to ccache as TOKEN, "!" that it failed there. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { USAGE = 64, CANNOT_START = 127, HIGH = 100, TAIL = 16 << 10, SHORT_MS = 100 };
enum kind { PASS, COMPILE, LINK };

static _Noreturn __attribute__((format(printf, 2, 3))) void die(int code, const char *format, ...)
{
    char text[PATH_MAX + 256];
    va_list words;
    va_start(words, format);
    vsnprintf(text, sizeof text, format, words);
    va_end(words);
    dprintf(STDERR_FILENO, "wheelforge-gate: %s\n", text); /* at once: others write there too */
    exit(code);
}

static _Noreturn void die_alone(void)
{
    die(1, "wheelforge is gone, so nothing is compiled any more");
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool among(const char *word, const char *const *list)
{
    while (*list && strcmp(word, *list) != 0)
        list++;
    return *list != NULL;
}

/* ---- Which program is meant ---- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path this was called by. argv[0] is anything the caller likes, and often a bare name. */
static const char *own_path(const char *argv0)
{
    const char *path = (const char *)getauxval(AT_EXECFN);
    return path && strchr(path, '/') ? path : argv0;
}

/* The real program that <gate>/bin/NAME stands for; NULL where `path` is no such link. */
static char *behind(const char *path)
{
    static char target[PATH_MAX];
    char link[PATH_MAX];
    const char *name = name_of(path);
    int room = snprintf(link, sizeof link, "%.*s./../real/%s", (int)(name - path), path, name);
    if (room < 0 || (size_t)room >= sizeof link)
        return NULL;
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0)
        return NULL;
    target[length] = '\0';
    return target;
}

/* What a launcher is to start: a bare name is looked for in PATH, and a gate found there is seen
 * through, so that ccache and the broker are told of the real compiler. */
static char *resolve(char *program)
{
    static char found[PATH_MAX];
    const char *folder = getenv("PATH");
    bool seek = !strchr(program, '/');
    for (folder = folder ? folder : "/usr/bin:/bin"; seek && folder; folder = strchr(folder, ':')) {
        folder += *folder == ':';
        int length = (int)strcspn(folder, ":");
        snprintf(found, sizeof found, "%.*s/%s", length, length ? folder : ".", program);
        struct stat info;
        if (stat(found, &info) == 0 && S_ISREG(info.st_mode) && access(found, X_OK) == 0) {
            program = found;
            break;
        }
    }
    char *real = behind(program);
    return real ? real : program;
}

static _Noreturn void execute(char **argv)
{
    execv(argv[0], argv);
    die(CANNOT_START, "cannot start %s: %s", argv[0], strerror(errno));
}

/* ---- What it is asked to do ---- */

/* Options followed by a word of their own: that word is no input and no option. */
static const char *const with_word[] = {
    "-o", "-I", "-D", "-U", "-A", "-L", "-l", "-x", "-B", "-F", "-G", "-J", "-T", "-e", "-h", "-u",
    "-z", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-isysroot", "-iprefix",
    "-iwithprefix", "-iwithprefixbefore", "-imultilib", "-MF", "-MT", "-MQ", "-Xlinker",
    "-Xassembler", "-Xpreprocessor", "-Xclang", "-mllvm", "--param", "--sysroot", "-arch",
    "-target", "-framework", "-wrapper", "-aux-info", "-dumpbase", "-dumpbase-ext", "-dumpdir",
    "-Xcompiler", "-Xptxas", "-Xcudafe", "-Xnvlink", "-ccbin", "-gencode", "-code", NULL,
};
static const char *const compiling[] = {"-c", "-S", "-fsyntax-only", NULL};
/* "-" is standard input, which can be read only once: such a compile could not be run again. */
static const char *const harmless[] = {"-",    "/dev/stdin", "-E",        "-M", "-MM",
                                       "-###", "-version",   "--version", NULL};

static const char *const sources[] = {".c",   ".cc",  ".cpp", ".cxx", ".C",   ".c++", ".f",
                                      ".F",   ".f90", ".F90", ".f77", ".for", NULL};

/* Whether what is linked is also compiled. */
static bool has_source(char **words)
{
    bool found = false;
    for (; *words && !found; words++) {
        const char *end = strrchr(*words, '.');
        if (strcmp(*words, "-x") == 0)
            found = true;
        else if (among(*words, with_word) && words[1])
            words++;
        else
            found = **words != '-' && end && among(end, sources);
    }
    return found;
}

static enum kind classify(char **words)
{
    enum kind kind = LINK;
    bool input = false;
    for (; *words; words++) {
        const char *word = *words;
        if (among(word, with_word)) { /* before "-dump…": -dumpbase is part of a compile */
            if (!words[1])
                break;
            words++;
        } else if (among(word, harmless) || starts(word, "-dump") || starts(word, "-print-") ||
                   starts(word, "--print-") || starts(word, "--help")) {
            return PASS;
        } else if (among(word, compiling)) {
            kind = COMPILE;
        } else if (*word != '-') {
            input = true;
        }
    }
    return input ? kind : PASS;
}

/* ---- What was compiled, for those who want proof ---- */

static char *escaped(char *at, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\\')
            *at++ = '\\';
        *at++ = *text == '\n' ? 'n' : *text;
    }
    *at++ = '\0';
    return at;
}

/* One write, so that lines of many gates do not mix; one that was cut off ends where the next
 * begins. Without it nobody would know of this compile, so it has failed as well. */
static void note(const char *mark, const char *token, char **argv)
{
    const char *path = setting("WHEELFORGE_COMMANDS");
    char folder[PATH_MAX];
    if (!*path)
        return;
    const char *head[] = {mark, token, getcwd(folder, sizeof folder) ? folder : "", NULL};
    size_t room = sizeof "\n\n";
    for (const char *const *word = head; *word; word++)
        room += 2 * strlen(*word) + 1;
    for (char **word = argv; *word; word++)
        room += 2 * strlen(*word) + 1;
    char *line = malloc(room), *at = line;
    if (!line)
        die(1, "no memory");
    *at++ = '\n';
    for (const char *const *word = head; *word; word++)
        at = escaped(at, *word);
    for (char **word = argv; *word; word++)
        at = escaped(at, *word);
    *at++ = '\n';
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || write(file, line, (size_t)(at - line)) != at - line)
        die(1, "cannot write %s: %s", path, strerror(errno));
    close(file);
    free(line);
}

/* Goes through ccache, which calls the gate on a miss only: what it has need not wait. */
static void try_ccache(char **argv, size_t count)
{
    const char *ccache = setting("WHEELFORGE_CCACHE"), *gate = setting("WHEELFORGE_GATE");
    /* ccache splits its prefix at spaces: such a gate it could not call. */
    if (!*ccache || !*gate || strchr(gate, ' ') || *setting("WHEELFORGE_BEHIND_CCACHE"))
        return;
    char **longer = calloc(count + 2, sizeof *longer);
    char token[64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(token, sizeof token, "%ld.%ld.%ld", (long)getpid(), (long)now.tv_sec, now.tv_nsec);
    if (!longer || setenv("WHEELFORGE_BEHIND_CCACHE", token, 1) || setenv("CCACHE_PREFIX", gate, 1))
        die(1, "no memory");
    note("?", token, argv);
    longer[0] = (char *)ccache;
    memcpy(longer + 1, argv, count * sizeof *argv);
    execute(longer);
}

static const char *last_jobserver(const char *makeflags)
{
    const char *found = "";
    char *flags = strdup(makeflags);
    char *word = flags ? strtok(flags, " ") : NULL;
    for (; word && strcmp(word, "--") != 0; word = strtok(NULL, " ")) /* variables follow "--" */
        if (starts(word, "--jobserver-auth=") || starts(word, "--jobserver-fds="))
            found = strchr(word, '=') + 1;
    return found;
}

/* The R,W (or fifo:PATH) of the jobserver whose token the caller holds; empty without one. */
static const char *jobserver(void)
{
    bool below_make = *setting("MAKELEVEL") && strcmp(setting("MAKELEVEL"), "0") != 0;
    const char *found = last_jobserver(below_make ? setting("MAKEFLAGS") : "");
    return *found ? found : last_jobserver(setting("CARGO_MAKEFLAGS"));
}

/* ---- Talking with the broker ---- */

struct message {
    char *data;
    size_t size;
};

static void add(struct message *message, const char *field, size_t length)
{
    bool first = message->size == 0;
    size_t start = first ? sizeof(uint32_t) : message->size + 1;
    char *data = realloc(message->data, start + length);
    if (!data)
        die(1, "no memory");
    data[start - 1] = '\0';
    memcpy(data + start, field, length);
    *message = (struct message){data, start + length};
}

static void add_text(struct message *message, const char *text)
{
    add(message, text, strlen(text));
}

static void add_number(struct message *message, long number)
{
    char digits[24];
    add(message, digits, (size_t)snprintf(digits, sizeof digits, "%ld", number));
}

/* A broker that is gone is noticed where its answer is awaited. */
static void tell(int broker, struct message *message)
{
    uint32_t length = htonl((uint32_t)(message->size - sizeof length));
    memcpy(message->data, &length, sizeof length);
    for (size_t sent = 0; sent < message->size;) {
        ssize_t part = send(broker, message->data + sent, message->size - sent, MSG_NOSIGNAL);
        if (part < 0 && errno != EINTR)
            break;
        sent += part < 0 ? 0 : (size_t)part;
    }
    free(message->data);
}

/* The next line of the broker, without its end; false when it is gone. */
static bool hear(int broker, char *line, size_t room)
{
    size_t size = 0;
    while (size == 0 || line[size - 1] != '\n') {
        ssize_t part = size < room ? read(broker, line + size, room - size) : 0;
        if (part == 0 || (part < 0 && errno != EINTR))
            return false;
        size += part < 0 ? 0 : (size_t)part;
    }
    line[size - 1] = '\0';
    return true;
}

/* Moves a descriptor out of the way: a jobserver's are known by their low numbers. */
static int high(int low, int how)
{
    int moved = low < 0 ? -1 : fcntl(low, how, HIGH);
    if (moved >= 0)
        close(low);
    return moved >= 0 ? moved : low;
}

/* The compiler inherits this socket on purpose: the kernel closes it only when all of the
 * compiler has ended, so that a gate that is killed does not give its slot back too early. */
static int call(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int broker = high(socket(AF_UNIX, SOCK_STREAM, 0), F_DUPFD);
    if (broker < 0 || strlen(path) >= sizeof address.sun_path)
        die(1, "cannot use the socket %s", path);
    strcpy(address.sun_path, path);
    if (connect(broker, (struct sockaddr *)&address, sizeof address) != 0)
        die_alone();
    return broker;
}

static void ask(int broker, enum kind kind, char **argv)
{
    char folder[PATH_MAX];
    struct message message = {0};
    add_text(&message, "ask");
    add_text(&message, kind == COMPILE ? "compile" : "link");
    add_number(&message, getpid());
    add_text(&message, setting("WHEELFORGE_STEP"));
    add_text(&message, getcwd(folder, sizeof folder) ? folder : "");
    add_text(&message, jobserver());
    for (; *argv; argv++)
        add_text(&message, *argv);
    tell(broker, &message);
}

/* ---- Running the program ---- */

struct attempt {
    pid_t child;
    int status;
    int passed_on; /* the last signal that was sent to the gate, or 0 */
    struct rusage used;
    const char *said; /* its standard error, `size` bytes; NULL when there is none */
    size_t size;
};

static volatile int exec_error; /* written by the child, which shares memory until it executes */

static pid_t start(char **argv, int log, const sigset_t *mask)
{
    pid_t gate = getpid();
    exec_error = 0;
    pid_t child = vfork();
    if (child != 0)
        return child;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != gate) /* it was killed before the kernel was told */
        _exit(1);
    if (log >= 0)
        dup2(log, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(argv[0], argv);
    exec_error = errno;
    _exit(CANNOT_START);
}

static void tell_started(int broker, pid_t child)
{
    struct message message = {0};
    add_text(&message, "started");
    add_number(&message, child);
    tell(broker, &message);
}

/* Waits for the child's end, passing signals on; without a broker it is killed. */
static void watch(struct attempt *attempt, int broker, int signals)
{
    struct pollfd events[] = {{.fd = signals, .events = POLLIN},
                              {.fd = broker, .events = POLLRDHUP}};
    int patience = SHORT_MS;
    for (;;) {
        struct signalfd_siginfo info;
        int count = poll(events, 2, patience);
        if (count < 0)
            continue;
        if (count == 0) {
            tell_started(broker, attempt->child);
            patience = -1;
        } else if (events[0].revents && read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
            if (wait4(attempt->child, &attempt->status, WNOHANG, &attempt->used) == attempt->child)
                return;
            if (info.ssi_signo != SIGCHLD) {
                attempt->passed_on = (int)info.ssi_signo;
                kill(-attempt->child, attempt->passed_on);
                kill(-attempt->child, SIGCONT); /* it may be stopped */
            }
        } else if (events[1].revents) {
            kill(-attempt->child, SIGKILL);
            waitpid(attempt->child, NULL, 0);
            die_alone();
        }
    }
}

/* The signals to wait for. One the caller has ignored stays so (nohup). */
static sigset_t watched(void)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, numbers[i]);
    }
    return set;
}

static void collect(struct attempt *attempt, int log, const char *program)
{
    struct stat info;
    if (exec_error)
        dprintf(log >= 0 ? log : STDERR_FILENO, "wheelforge-gate: cannot start %s: %s\n", program,
                strerror(exec_error));
    if (log < 0)
        return;
    if (fstat(log, &info) == 0 && info.st_size > 0) {
        attempt->size = (size_t)info.st_size;
        void *said = mmap(NULL, attempt->size, PROT_READ, MAP_PRIVATE, log, 0);
        attempt->said = said == MAP_FAILED ? NULL : said;
    }
    close(log);
}

/* Runs it once. Signals are held back meanwhile only: at other times they just end the gate. */
static struct attempt run(char **argv, int broker)
{
    struct attempt attempt = {0};
    sigset_t set = watched(), before;
    int log = high(memfd_create("stderr", MFD_CLOEXEC), F_DUPFD_CLOEXEC);
    signal(SIGCHLD, SIG_DFL); /* where it is ignored, there is nothing to wait for */
    sigprocmask(SIG_BLOCK, &set, &before);
    int signals = high(signalfd(-1, &set, SFD_CLOEXEC), F_DUPFD_CLOEXEC);
    if (signals < 0 || (attempt.child = start(argv, log, &before)) < 0)
        die(1, "cannot start %s: %s", argv[0], strerror(errno));
    watch(&attempt, broker, signals);
    if (WIFSIGNALED(attempt.status) && !attempt.passed_on)
        kill(-attempt.child, SIGKILL); /* what it left behind would write into the next attempt */
    close(signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    collect(&attempt, log, argv[0]);
    return attempt;
}

/* Whether the kernel, short of memory, killed it or what it had started: gcc since 6, gcc before,
 * collect2 of its linker, clang. */
static bool was_killed(const struct attempt *attempt)
{
    static const char *const words[] = {"Killed signal terminated program", ": Killed (program",
                                        "terminated with signal 9",
                                        "unable to execute command: Killed", NULL};
    const char *const *word = words;
    if (WIFSIGNALED(attempt->status))
        return WTERMSIG(attempt->status) == SIGKILL;
    if (attempt->status == 0 || !attempt->said)
        return false;
    while (*word && !memmem(attempt->said, attempt->size, *word, strlen(*word)))
        word++;
    return *word != NULL;
}

static long milliseconds(struct timeval time)
{
    return (long)time.tv_sec * 1000 + (long)time.tv_usec / 1000;
}

static void report(int broker, const struct attempt *attempt)
{
    struct message message = {0};
    add_text(&message, "ended");
    add_number(&message, attempt->status);
    add_number(&message, attempt->used.ru_maxrss);
    add_number(&message, milliseconds(attempt->used.ru_utime));
    add_number(&message, milliseconds(attempt->used.ru_stime));
    add_number(&message, was_killed(attempt));
    size_t tail = attempt->status != 0 && attempt->said ? attempt->size : 0;
    tail = tail < TAIL ? tail : TAIL;
    add(&message, tail ? attempt->said : "", tail);
    for (char *at = message.data + message.size - tail; tail > 0; at++, tail--)
        *at = *at ? *at : '?';
    tell(broker, &message);
}

static void emit(const struct attempt *attempt)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    for (size_t done = 0; attempt->said && done < attempt->size;) {
        ssize_t part = write(STDERR_FILENO, attempt->said + done, attempt->size - done);
        if (part < 0 && errno == EAGAIN) /* somebody made the shared pipe non-blocking */
            poll(&ready, 1, -1);
        else if (part < 0 && errno != EINTR)
            break;
        done += part < 0 ? 0 : (size_t)part;
    }
}

static int finish(const struct attempt *attempt)
{
    emit(attempt);
    if (attempt->passed_on)
        raise(attempt->passed_on);
    if (WIFSIGNALED(attempt->status))
        return 128 + WTERMSIG(attempt->status);
    return attempt->passed_on ? 128 + attempt->passed_on : WEXITSTATUS(attempt->status);
}

/* The command line for an answer of "go" or "go DEPFILE". */
static char **command(char *answer, char **argv, size_t count)
{
    if (strcmp(answer, "go") == 0)
        return argv;
    if (!starts(answer, "go "))
        die(1, "wheelforge answered '%s', which means nothing", answer);
    char **longer = calloc(count + 4, sizeof *longer);
    if (!longer)
        die(1, "no memory");
    memcpy(longer, argv, count * sizeof *argv);
    longer[count] = "-MD";
    longer[count + 1] = "-MF";
    longer[count + 2] = answer + strlen("go ");
    return longer;
}

/* ccache was given another command line perhaps, and its gate has noted the one that counts. */
static void note_end(bool failed, char **argv)
{
    const char *token = setting("WHEELFORGE_BEHIND_CCACHE");
    if (*token && failed)
        note("!", token, argv);
    else if (!*token && !failed)
        note("=", "", argv);
}

static int admitted(int broker, char **argv, size_t count, bool noted)
{
    char answer[PATH_MAX + 8];
    if (!hear(broker, answer, sizeof answer))
        die_alone();
    if (strcmp(answer, "fresh") == 0) {
        note_end(false, argv);
        return 0;
    }
    if (setenv("WHEELFORGE_HELD", "1", 1) != 0)
        die(1, "no memory");
    for (;;) {
        struct attempt attempt = run(command(answer, argv, count), broker);
        if (noted && attempt.status == 0) /* first: what is said to have ended, is not asked again */
            note_end(false, argv);
        report(broker, &attempt);
        if (attempt.status == 0 || attempt.passed_on || !hear(broker, answer, sizeof answer) ||
            strcmp(answer, "over") == 0) {
            if (noted && attempt.status != 0)
                note_end(true, argv);
            return finish(&attempt);
        }
        if (attempt.said)
            munmap((void *)attempt.said, attempt.size);
    }
}

/* Whether a path of this length is one of the folders in a text of lines, or below one. */
static bool below(const char *path, size_t length, const char *folders)
{
    while (*folders) {
        size_t size = strcspn(folders, "\n");
        if (size && size <= length && memcmp(path, folders, size) == 0 &&
            (size == length || path[size] == '/'))
            return true;
        folders += size + (folders[size] == '\n');
    }
    return false;
}

/* An option of the linker without the search paths (-Wl,-rpath,PATH:PATH) that are below these
 * folders; NULL where nothing is left of it. */
static char *without_rpaths(char *word, const char *folders)
{
    if (!starts(word, "-Wl,-rpath,") && !starts(word, "-Wl,-rpath="))
        return word;
    size_t head = strlen("-Wl,-rpath,"), length = head;
    char *kept = calloc(strlen(word) + 1, 1);
    if (!kept)
        die(1, "no memory");
    memcpy(kept, word, head);
    const char *path = word + head, *end = path + strcspn(path, ",");
    for (; path < end; path++) {
        size_t size = strcspn(path, ":,");
        if (size && !below(path, size, folders)) {
            if (length > head)
                kept[length++] = ':';
            memcpy(kept + length, path, size);
            length += size;
        }
        path += size;
    }
    if (length == head)
        strcpy(kept, *end ? "-Wl" : ""); /* other options may follow in the same word */
    strcat(kept, end);
    return *kept ? kept : NULL;
}

/* The compiler's words with those of WHEELFORGE_OPTIONS, one a line, before its own, and without
 * search paths below WHEELFORGE_NO_RPATH when it links. Build tools do not see the ones, and so
 * cannot keep them, and the folders they name, in what they build; the others would only be taken
 * out again later, when their length has moved everything behind them. */
static char **with_options(char **argv, size_t *count, enum kind kind)
{
    char *options = strdup(setting("WHEELFORGE_OPTIONS"));
    char **longer = calloc(*count + (options ? strlen(options) : 0) + 2, sizeof *longer);
    if (!options || !longer)
        die(1, "no memory");
    size_t size = 0;
    longer[size++] = argv[0];
    for (char *word = strtok(options, "\n"); word; word = strtok(NULL, "\n"))
        longer[size++] = word;
    const char *folders = kind == LINK ? setting("WHEELFORGE_NO_RPATH") : "";
    for (argv++; *argv; argv++)
        if ((longer[size] = *folders ? without_rpaths(*argv, folders) : *argv))
            size++;
    *count = size;
    return longer;
}

int main(int argc, char **argv)
{
    const char *self = own_path(argc ? argv[0] : "");
    bool launcher = strcmp(name_of(self), "wheelforge-gate") == 0;
    if (argc < 1 + launcher)
        die(USAGE, "usage: wheelforge-gate PROGRAM [ARGUMENT]...");
    argv += launcher;
    argv[0] = launcher ? resolve(argv[0]) : behind(self);
    if (!argv[0])
        die(CANNOT_START, "there is no real program for %s", self);
    size_t count = (size_t)(argc - launcher);
    const char *broker = setting("WHEELFORGE_BROKER");
    enum kind kind = classify(argv + 1);
    bool again = *setting("WHEELFORGE_HELD") || *setting("WHEELFORGE_BEHIND_CCACHE");
    if (kind != PASS && !again && *setting("WHEELFORGE_OPTIONS"))
        argv = with_options(argv, &count, kind);
    if (kind == PASS || !*broker || *setting("WHEELFORGE_HELD"))
        execute(argv);
    if (kind == COMPILE)
        try_ccache(argv, count);
    int socket = call(broker);
    ask(socket, kind, argv);
    return admitted(socket, argv, count, kind == COMPILE || has_source(argv + 1));
}
