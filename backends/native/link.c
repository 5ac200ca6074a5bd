/* link.c - running a linker (link.h).
 *
 * The result needs the C library's mathematics and memory functions, and names the two libraries that hold them, so that
 * any process can load it. They are those that this process runs on or, for another architecture, those of its cross
 * toolchain; where there are none, the names stay open, and the process that loads the program has to have them.
 */
#include "backends/native/link.h"
#include "backends/native/compile.h"
#include "runtime/checksum.h"
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#if defined(__x86_64__)
#define HOST_ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define HOST_ARCHITECTURE "aarch64"
#else
#define HOST_ARCHITECTURE "other"
#endif

enum { PATH_BYTES = 512, SAID_BYTES = 700, ARGUMENTS_MAX = 24 };
#define LIBRARY_BYTES_MAX (UINT64_C(1) << 40)

/* In order of preference; %s stands for the architecture. */
typedef struct linker {
    const char *command;
    bool host_only; /* knows the architecture of this machine alone */
    bool driver;    /* a C compiler, which hands -Wl, options on */
} linker;

static const linker linkers[] = {
    {"ld.lld", false, false},          {"ld.lld-19", false, false}, {"%s-linux-gnu-ld", false, false},
    {"%s-linux-gnu-gcc", false, true}, {"ld", true, false},         {"cc", true, true},
};

typedef struct linking {
    const char *architecture;
    char folder[PATH_BYTES], object[PATH_BYTES + 16], library[PATH_BYTES + 16];
    char libraries[2][PATH_BYTES]; /* libm and libc; "": not found */
    char said[SAID_BYTES];         /* by the last linker that ran */
    char ran[64];                  /* its name; "": none */
    char command[64];
    isg_error *error;
} linking;

static const char *const library_names[] = {"libm.so.6", "libc.so.6"};

/* ---- the libraries to link with ---- */

static int note_loaded(struct dl_phdr_info *info, size_t size, void *context)
{
    linking *l = context;
    const char *slash = strrchr(info->dlpi_name, '/');
    (void)size;
    for (int i = 0; i < 2 && slash; i++)
        if (!strcmp(slash + 1, library_names[i]) && strlen(info->dlpi_name) < PATH_BYTES)
            strcpy(l->libraries[i], info->dlpi_name);
    return 0;
}

static void find_libraries(linking *l)
{
    static const char *const places[] = {"/usr/%s-linux-gnu/lib/%s", "/usr/lib/%s-linux-gnu/%s", "/lib/%s-linux-gnu/%s"};
    if (!strcmp(l->architecture, HOST_ARCHITECTURE))
        dl_iterate_phdr(note_loaded, l);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof places / sizeof *places && !*l->libraries[i]; k++) {
            snprintf(l->libraries[i], PATH_BYTES, places[k], l->architecture, library_names[i]);
            if (access(l->libraries[i], R_OK))
                *l->libraries[i] = '\0';
        }
}

/* ---- one linker ---- */

/* The first line of what comes through the pipe; the rest is read away. */
static void listen_to(linking *l, int from)
{
    char rest[256];
    size_t used = 0;
    for (;;) {
        bool room = used + 1 < SAID_BYTES;
        ssize_t got = room ? read(from, l->said + used, SAID_BYTES - 1 - used) : read(from, rest, sizeof rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += room ? (size_t)got : 0;
    }
    l->said[used] = '\0';
    l->said[strcspn(l->said, "\n")] = '\0';
}

static int spawn(linking *l, char *const *arguments, int said, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    int failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
    if (!failed)
        failed = posix_spawnp(child, l->command, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Whether it ran and succeeded. */
static bool run(linking *l, char *const *arguments)
{
    int ends[2], status = 0;
    pid_t child;
    if (pipe2(ends, O_CLOEXEC))
        return false;
    int failed = spawn(l, arguments, ends[1], &child);
    close(ends[1]);
    if (!failed) {
        memcpy(l->ran, l->command, sizeof l->ran);
        listen_to(l, ends[0]);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    return !failed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool link_with(linking *l, const linker *k)
{
    static const char *const options[] = {"--hash-style=gnu", "--build-id=none", "-znow",         "-zrelro",
                                          "-znoexecstack",    "--as-needed",     "--no-undefined"};
    char spelled[sizeof options / sizeof *options][64];
    char *arguments[ARGUMENTS_MAX] = {l->command, "-shared"};
    size_t count = 2, option_count = sizeof options / sizeof *options;
    if (!*l->libraries[0] || !*l->libraries[1])
        option_count--;
    if (k->driver)
        arguments[count++] = "-nostdlib";
    for (size_t i = 0; i < option_count; i++) {
        snprintf(spelled[i], sizeof spelled[i], "%s%s", k->driver ? "-Wl," : "", options[i]);
        arguments[count++] = spelled[i];
    }
    arguments[count++] = "-o";
    arguments[count++] = l->library;
    arguments[count++] = l->object;
    for (int i = 0; i < 2; i++)
        if (*l->libraries[i])
            arguments[count++] = l->libraries[i];
    snprintf(l->command, sizeof l->command, k->command, l->architecture);
    return run(l, arguments);
}

static isg_status link_object(linking *l)
{
    char message[SAID_BYTES + 200];
    find_libraries(l);
    for (size_t i = 0; i < sizeof linkers / sizeof *linkers; i++)
        if ((!linkers[i].host_only || !strcmp(l->architecture, HOST_ARCHITECTURE)) && link_with(l, &linkers[i]))
            return ISG_OK;
    if (*l->ran)
        snprintf(message, sizeof message, "the linker %s failed: %s", l->ran, *l->said ? l->said : "it said nothing");
    else
        snprintf(message, sizeof message, "no linker for %s was found: ld.lld or %s-linux-gnu-ld is needed for a shared object",
                 l->architecture, l->architecture);
    return native_fail(l->error, ISG_IO, message, NULL);
}

/* The mark that the file is whole (checksum.h). */
static isg_status mark_whole(char **bytes, size_t *length, isg_error *error)
{
    uint64_t mark[CHECKSUM_BYTES / 8] = {CHECKSUM_MAGIC, *length, 0};
    char *marked = realloc(*bytes, *length + sizeof mark);
    if (!marked) {
        free(*bytes);
        *bytes = NULL;
        return native_fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    }
    for (size_t at = 0; at < *length; at += CHECKSUM_BLOCK)
        mark[2] = checksum_add(mark[2], marked + at, *length - at < CHECKSUM_BLOCK ? *length - at : CHECKSUM_BLOCK);
    memcpy(marked + *length, mark, sizeof mark);
    *bytes = marked;
    *length += sizeof mark;
    return ISG_OK;
}

/* ---- the folder ---- */

static isg_status open_folder(linking *l)
{
    const char *place = getenv("TMPDIR");
    int length = snprintf(l->folder, sizeof l->folder, "%s/isg-link-XXXXXX", place && *place ? place : "/tmp");
    if (length < 0 || (size_t)length >= sizeof l->folder || !mkdtemp(l->folder)) {
        *l->folder = '\0';
        return native_fail(l->error, ISG_IO, "no temporary folder for the linker", strerror(errno));
    }
    snprintf(l->object, sizeof l->object, "%s/program.o", l->folder);
    snprintf(l->library, sizeof l->library, "%s/program.so", l->folder);
    return ISG_OK;
}

static void close_folder(linking *l)
{
    if (!*l->folder)
        return;
    unlink(l->object);
    unlink(l->library);
    rmdir(l->folder);
}

isg_status native_link(const char *triple, const char *object, size_t object_length, char **bytes, size_t *length,
                       isg_error *error)
{
    char architecture[32];
    linking l = {.architecture = architecture, .error = error};
    snprintf(architecture, sizeof architecture, "%.*s", (int)strcspn(triple, "-"), triple);
    isg_status status = open_folder(&l);
    if (!status)
        status = file_write(NULL, NULL, l.object, object, object_length, error);
    if (!status)
        status = link_object(&l);
    if (!status)
        status = file_read(NULL, NULL, l.library, LIBRARY_BYTES_MAX, bytes, length, error);
    if (!status)
        status = mark_whole(bytes, length, error);
    close_folder(&l);
    return status;
}
