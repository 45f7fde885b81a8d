#include "net/process.h"

#include "base/harden.h"
#include "base/log.h"

#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { LINE_BYTES = 1024 };

static bool is(const char *arg, const char *longer, const char *shorter)
{
    return strcmp(arg, longer) == 0 || strcmp(arg, shorter) == 0;
}

enum err process_args(struct process_args *out, int argc, const char *const *argv,
                      enum process_kind kind, struct fault *fault)
{
    const bool signer = kind == PROCESS_SIGNER;
    *out = (struct process_args){.config = NULL};
    for (int i = 1; i < argc; i++) {
        if (is(argv[i], "--help", "-h")) {
            out->help = true;
        } else if (is(argv[i], "--version", "-V")) {
            out->version = true;
        } else if (is(argv[i], "--check", "-n")) {
            out->check = true;
        } else if (signer && strcmp(argv[i], "--init") == 0) {
            out->init = true;
        } else if (signer && strcmp(argv[i], "--head") == 0) {
            out->head = true;
        } else if (signer && strcmp(argv[i], "--lost") == 0) {
            out->lost = true;
        } else if (signer && strcmp(argv[i], "--restore") == 0 && i + 1 < argc) {
            out->restore = argv[++i];
        } else if (is(argv[i], "--config", "-f") && i + 1 < argc && out->config == NULL) {
            out->config = argv[++i];
        } else {
            return fault_set(fault, ERR_USAGE, 0, "", "argument %d: expected --config FILE, -n%s",
                             i, signer ? ", --init, --head, --lost, --restore FILE" : "");
        }
    }
    if (out->config == NULL && !out->help && !out->version)
        return fault_set(fault, ERR_USAGE, 0, "", "--config FILE is missing");
    return OK;
}

enum {
    OWN_MAPPING_BYTES = 64 << 10, /* from this on a block is mapped by itself … */
    HEAP_PAD_BYTES = 16 << 10,    /* … and the heap grows by little more than it needs */
    BUSY_MAPPING_BYTES = 1 << 20, /* more than a bundle and its copies */
    BUSY_TRIM_BYTES = 1 << 20,
    BUSY_PAD_BYTES = 64 << 10,
};

void process_harden(void)
{
    harden_process(0077);
    /* Large tables cost only the pages that are used, and go back whole when they are freed. */
    (void)mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
    (void)mallopt(M_TOP_PAD, HEAP_PAD_BYTES);
}

/* dl_iterate_phdr: code and constants of the program or a library. Nothing has written there, so
 * a page that is needed again is mapped from the file's cache. */
static int unmap_unwritten(struct dl_phdr_info *object, size_t size, void *ctx)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)ctx;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        const uintptr_t at = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        const uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0) /* refused: they stay */
            (void)madvise((void *)at, end - at, MADV_DONTNEED);
    }
    return 0;
}

void process_opened(void)
{
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(unmap_unwritten, NULL);
    (void)mallopt(M_MMAP_THRESHOLD, BUSY_MAPPING_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, BUSY_TRIM_BYTES);
    (void)mallopt(M_TOP_PAD, BUSY_PAD_BYTES);
}

void process_soften(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1);
}

enum err process_signals(int *fd)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return ERR_INTERNAL;
    *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? ERR_INTERNAL : OK;
}

/* What is wrong on the command line or in a configuration file: nobody need look at a disk. */
static bool is_usage(enum err err)
{
    switch (err) {
    case ERR_USAGE:
    case ERR_CONFIG:
    case ERR_SYNTAX:
    case ERR_FIELD_UNKNOWN:
    case ERR_FIELD_MISSING:
    case ERR_FIELD_VALUE:
    case ERR_FIELD_LONG:
    case ERR_UTF8:
        return true;
    default:
        return false;
    }
}

int process_end(const char *program, enum err err, const struct fault *fault)
{
    char line[LINE_BYTES];
    struct fault plain;

    if (err == OK)
        return PROCESS_DONE;
    if (fault->err != err) {
        fault_set(&plain, err, 0, "", "%s", "");
        fault = &plain;
    }
    fault_print(fault, line, sizeof line);
    fprintf(stderr, "%s: %s\n", program, line);
    return is_usage(err) ? PROCESS_USAGE : PROCESS_FAILED;
}
