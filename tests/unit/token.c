#include "token.h"

#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* SoftHSM 2.6.1 drops 37 bytes at every use of an Ed25519 key, in libcrypto's name. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:CRYPTO_zalloc\nleak:ASN1_STRING_set\n";
}

void token_place(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/tokens", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/softhsm2.conf", dir);
    FILE *conf = fopen(path, "w");
    assert_non_null(conf);
    fprintf(conf,
            "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
            dir);
    fclose(conf);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
}

void token_make(const char *label)
{
    int status = -1;
    const pid_t child = fork();
    if (child == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDOUT_FILENO);
        execlp("softhsm2-util", "softhsm2-util", "--init-token", "--free", "--label", label,
               "--so-pin", "so-" TOKEN_PIN, "--pin", TOKEN_PIN, (char *)NULL);
        _exit(127); /* package softhsm2 */
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}
