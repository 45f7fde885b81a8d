#include "keys/pkcs11.h"

#include "keys/guard.h"
#include "keys/private_file.h"

#include "base/text.h"

#include <assert.h>
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SLOT_MAX = 64, POINT_MAX = 128, SIGNATURE_LEN = 64, CHALLENGE_LEN = 32 };

/* What is open of a token. */
struct pkcs11_key {
    struct ck_function_list *f;
    ck_slot_id_t slot;
    ck_session_handle_t session; /* keeps the token logged in */
    struct pkcs11_uri uri;
    uint8_t public_key[KEY_PUBLIC_LEN];
};

static enum err refuse(struct fault *fault, const struct pkcs11_uri *uri, const char *step,
                       unsigned long rv)
{
    return fault_set(fault, ERR_PKCS11, 0, uri->object, "%s: CKR 0x%lx", step, rv);
}

/* ---- the module ---- */

/* Root's, and nobody else writes there. */
static bool is_safe(const struct stat *st)
{
    return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* PKCS11_DIRS: absolute directories, joined by colons; given by the build. */
static bool is_listed(const char *dir, size_t len)
{
    for (const char *at = PKCS11_DIRS; *at != '\0';) {
        const size_t n = strcspn(at, ":");
        if (n == len && strncmp(at, dir, n) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static enum err check_module(const char *path, struct fault *fault)
{
    char dir[PKCS11_PATH_MAX + 1];
    struct stat st;
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (path[0] != '/' || !is_listed(path, len))
        return fault_set(fault, ERR_PERMISSION, 0, path, "modules are in %s", PKCS11_DIRS);
    memcpy(dir, path, len);
    dir[len] = '\0';
    if (stat(path, &st) != 0)
        return fault_set(fault, ERR_NOT_FOUND, 0, path, "PKCS#11 module");
    if (!S_ISREG(st.st_mode) || !is_safe(&st) || stat(dir, &st) != 0 || !is_safe(&st))
        return fault_set(fault, ERR_PERMISSION, 0, path,
                         "module and directory: of root, writable for nobody else");
    return OK;
}

/* Loaded for good: a module has threads and tables of its own. */
static enum err load_module(struct ck_function_list **out, const struct pkcs11_uri *uri,
                            struct fault *fault)
{
    struct ck_c_initialize_args args = {.flags = CKF_OS_LOCKING_OK};
    ck_rv_t (*get)(struct ck_function_list * *list) = NULL;
    enum err err = check_module(uri->module, fault);
    if (err != OK)
        return err;
    void *handle = dlopen(uri->module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "C_GetFunctionList");
    if (symbol == NULL)
        return fault_set(fault, ERR_PKCS11, 0, uri->module, "no PKCS#11 module");
    memcpy(&get, &symbol, sizeof get); /* ISO C has no cast from object to function */
    ck_rv_t rv = get(out);
    if (rv != CKR_OK || *out == NULL)
        return refuse(fault, uri, "C_GetFunctionList", rv);
    rv = (*out)->C_Initialize(&args);
    return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED
               ? OK
               : refuse(fault, uri, "C_Initialize", rv);
}

/* ---- the token ---- */

/* Labels are padded with blanks. */
static bool label_is(const unsigned char *padded, size_t len, const char *label)
{
    const size_t n = strlen(label);
    assert(n <= len); /* a URI names no longer one */
    if (memcmp(padded, label, n) != 0)
        return false;
    for (size_t i = n; i < len; i++) {
        if (padded[i] != ' ')
            return false;
    }
    return true;
}

static enum err find_slot(struct pkcs11_key *key, struct fault *fault)
{
    ck_slot_id_t slots[SLOT_MAX];
    unsigned long count = SLOT_MAX;
    unsigned found = 0;
    const ck_rv_t rv = key->f->C_GetSlotList(1, slots, &count);
    if (rv != CKR_OK)
        return refuse(fault, &key->uri, "C_GetSlotList", rv);
    for (unsigned long i = 0; i < count; i++) {
        struct ck_token_info info;
        if (key->f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            !label_is(info.label, sizeof info.label, key->uri.token))
            continue;
        key->slot = slots[i];
        found++;
    }
    return found == 1 ? OK
                      : fault_set(fault, ERR_PKCS11, 0, key->uri.object,
                                  "%u tokens with the label %s", found, key->uri.token);
}

static enum err log_in(const struct pkcs11_key *key, const struct passphrase *pin,
                       struct fault *fault)
{
    const struct span text = passphrase_text(pin);
    ck_rv_t rv = key->f->C_Login(key->session, CKU_USER, (unsigned char *)text.data, text.len);
    if (rv == CKR_USER_ALREADY_LOGGED_IN) {
        /* By another key of this token: that says nothing about this PIN. */
        (void)key->f->C_Logout(key->session); /* the login says whether it worked */
        rv = key->f->C_Login(key->session, CKU_USER, (unsigned char *)text.data, text.len);
    }
    switch (rv) {
    case CKR_OK:
        return OK;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return fault_set(fault, ERR_PASSPHRASE, 0, key->uri.object, "PIN of token %s",
                         key->uri.token);
    case CKR_PIN_LOCKED:
        return fault_set(fault, ERR_PKCS11, 0, key->uri.object, "the PIN of token %s is locked",
                         key->uri.token);
    default:
        return refuse(fault, &key->uri, "C_Login", rv);
    }
}

static enum err open_token(struct pkcs11_key **out, const struct pkcs11_uri *uri,
                           const struct passphrase *pin, unsigned long flags, struct fault *fault)
{
    *out = NULL;
    struct pkcs11_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return ERR_NO_MEMORY;
    key->uri = *uri;
    enum err err = load_module(&key->f, uri, fault);
    if (err == OK)
        err = find_slot(key, fault);
    if (err != OK)
        goto out;
    const ck_rv_t rv =
        key->f->C_OpenSession(key->slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &key->session);
    if (rv != CKR_OK) {
        key->session = CK_INVALID_HANDLE;
        err = refuse(fault, uri, "C_OpenSession", rv);
        goto out;
    }
    err = log_in(key, pin, fault);
    if (err != OK)
        goto out;
    *out = key;
    key = NULL;
out:
    pkcs11_key_close(&key);
    return err;
}

void pkcs11_key_close(struct pkcs11_key **key)
{
    if (key == NULL || *key == NULL)
        return;
    if ((*key)->session != CK_INVALID_HANDLE)
        (void)(*key)->f->C_CloseSession((*key)->session); /* nothing is left to do about it */
    free(*key);
    *key = NULL;
}

const uint8_t *pkcs11_key_public(const struct pkcs11_key *key)
{
    return key->public_key;
}

/* ---- the key ---- */

/* The objects of this class and name: how many there are (two for more), and the first. */
static ck_rv_t find_object(const struct pkcs11_key *key, ck_session_handle_t session,
                           ck_object_class_t class, unsigned long *count, ck_object_handle_t *out)
{
    ck_key_type_t type = CKK_EC_EDWARDS;
    struct ck_attribute match[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_LABEL, (char *)key->uri.object, strlen(key->uri.object)},
    };
    ck_object_handle_t found[2];
    *count = 0;
    *out = CK_INVALID_HANDLE;
    ck_rv_t rv = key->f->C_FindObjectsInit(session, match, sizeof match / sizeof match[0]);
    if (rv != CKR_OK)
        return rv;
    rv = key->f->C_FindObjects(session, found, 2, count);
    const ck_rv_t end = key->f->C_FindObjectsFinal(session);
    if (*count > 0)
        *out = found[0];
    return rv != CKR_OK ? rv : end;
}

static enum err the_object(const struct pkcs11_key *key, ck_object_class_t class,
                           ck_object_handle_t *out, struct fault *fault)
{
    unsigned long count;
    const ck_rv_t rv = find_object(key, key->session, class, &count, out);
    if (rv != CKR_OK)
        return refuse(fault, &key->uri, "C_FindObjects", rv);
    return count == 1 ? OK
                      : fault_set(fault, ERR_PKCS11, 0, key->uri.object,
                                  "%s %s key of this name on token %s",
                                  count == 0 ? "no"
                                             : "more "
                                               "than one",
                                  class == CKO_PRIVATE_KEY ? "private" : "public", key->uri.token);
}

/* Stays in the token, whoever asks. */
static enum err check_private(const struct pkcs11_key *key, struct fault *fault)
{
    unsigned char sensitive = 0;
    unsigned char extractable = 1;
    struct ck_attribute ask[] = {
        {CKA_SENSITIVE, &sensitive, sizeof sensitive},
        {CKA_EXTRACTABLE, &extractable, sizeof extractable},
    };
    ck_object_handle_t object;
    const enum err err = the_object(key, CKO_PRIVATE_KEY, &object, fault);
    if (err != OK)
        return err;
    const ck_rv_t rv = key->f->C_GetAttributeValue(key->session, object, ask, 2);
    if (rv != CKR_OK)
        return refuse(fault, &key->uri, "C_GetAttributeValue", rv);
    return sensitive == 1 && extractable == 0 ? OK
                                              : fault_set(fault, ERR_PKCS11, 0, key->uri.object,
                                                          "the key can be taken out of the token");
}

/* CKA_EC_POINT: the 32 bytes, or a DER octet string of them. */
static enum err read_public(struct pkcs11_key *key, struct fault *fault)
{
    uint8_t point[POINT_MAX];
    struct ck_attribute ask = {CKA_EC_POINT, point, sizeof point};
    ck_object_handle_t object;
    enum err err = the_object(key, CKO_PUBLIC_KEY, &object, fault);
    if (err != OK)
        return err;
    const ck_rv_t rv = key->f->C_GetAttributeValue(key->session, object, &ask, 1);
    if (rv != CKR_OK)
        return refuse(fault, &key->uri, "CKA_EC_POINT", rv);
    const bool der =
        ask.value_len == KEY_PUBLIC_LEN + 2 && point[0] == 0x04 && point[1] == KEY_PUBLIC_LEN;
    if (!der && ask.value_len != KEY_PUBLIC_LEN)
        return fault_set(fault, ERR_PKCS11, 0, key->uri.object, "no Ed25519 public key");
    memcpy(key->public_key, der ? point + 2 : point, KEY_PUBLIC_LEN);
    err = key_check_public(key->uri.use, key->public_key);
    return err == OK ? OK : fault_set(fault, err, 0, key->uri.object, "public key on the token");
}

static ck_rv_t sign_in(const struct pkcs11_key *key, ck_session_handle_t session,
                       struct span message, uint8_t out[static SIGNATURE_LEN], unsigned long *len)
{
    struct ck_mechanism mechanism = {CKM_EDDSA, NULL, 0};
    ck_object_handle_t object;
    unsigned long count;
    ck_rv_t rv = find_object(key, session, CKO_PRIVATE_KEY, &count, &object);
    if (rv == CKR_OK && count != 1)
        rv = CKR_KEY_HANDLE_INVALID;
    if (rv == CKR_OK)
        rv = key->f->C_SignInit(session, &mechanism, object);
    *len = SIGNATURE_LEN;
    return rv != CKR_OK
               ? rv
               : key->f->C_Sign(session, (unsigned char *)message.data, message.len, out, len);
}

enum err pkcs11_key_sign(const struct pkcs11_key *key, struct span message,
                         uint8_t out[static SIGNATURE_LEN])
{
    ck_session_handle_t session;
    unsigned long len = 0;
    if (key->f->C_OpenSession(key->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return ERR_PKCS11;
    const ck_rv_t rv = sign_in(key, session, message, out, &len);
    (void)key->f->C_CloseSession(session); /* what was signed is signed */
    if (rv != CKR_OK || len != SIGNATURE_LEN || key_verify(key->public_key, message, out) != OK) {
        guard_wipe(out, SIGNATURE_LEN);
        return ERR_PKCS11;
    }
    return OK;
}

enum err pkcs11_key_open(struct pkcs11_key **out, const struct pkcs11_uri *uri,
                         const struct passphrase *pin, struct fault *fault)
{
    static const uint8_t challenge[CHALLENGE_LEN] = "lianshu: is this the private key";
    uint8_t signature[SIGNATURE_LEN];
    struct pkcs11_key *key = NULL;
    *out = NULL;
    enum err err = open_token(&key, uri, pin, 0, fault);
    if (err == OK)
        err = check_private(key, fault);
    if (err == OK)
        err = read_public(key, fault);
    if (err == OK) {
        err = pkcs11_key_sign(key, span_of(challenge, CHALLENGE_LEN), signature);
        if (err == OK) {
            *out = key;
            return OK;
        }
        err = fault_set(fault, err, 0, uri->object,
                        "the token does not sign, or not with the key of this public half");
    }
    pkcs11_key_close(&key);
    return err;
}

/* ---- making ---- */

static ck_rv_t generate(const struct pkcs11_key *key, const void *params, size_t params_len)
{
    struct ck_mechanism mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    unsigned char yes = 1;
    unsigned char no = 0;
    char *label = (char *)key->uri.object;
    struct ck_attribute public_half[] = {
        {CKA_TOKEN, &yes, 1},
        {CKA_PRIVATE, &no, 1},
        {CKA_VERIFY, &yes, 1},
        {CKA_LABEL, label, strlen(label)},
        {CKA_EC_PARAMS, (void *)params, params_len},
    };
    struct ck_attribute private_half[] = {
        {CKA_TOKEN, &yes, 1},      {CKA_PRIVATE, &yes, 1}, {CKA_SENSITIVE, &yes, 1},
        {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1},    {CKA_LABEL, label, strlen(label)},
    };
    ck_object_handle_t made[2];
    return key->f->C_GenerateKeyPair(
        key->session, &mechanism, public_half, sizeof public_half / sizeof public_half[0],
        private_half, sizeof private_half / sizeof private_half[0], &made[0], &made[1]);
}

enum err pkcs11_key_make(const struct pkcs11_uri *uri, const struct passphrase *pin,
                         struct fault *fault)
{
    /* The curve by the OID of RFC 8410, or by its name: PKCS#11 3.0 has both. */
    static const uint8_t name[] = {0x13, 12,  'e', 'd', 'w', 'a', 'r',
                                   'd',  's', '2', '5', '5', '1', '9'};
    static const uint8_t oid[] = {0x06, 3, 0x2b, 0x65, 0x70};
    struct pkcs11_key *key = NULL;
    ck_object_handle_t object;
    unsigned long count;
    enum err err = open_token(&key, uri, pin, CKF_RW_SESSION, fault);
    if (err != OK)
        return err;
    ck_rv_t rv = find_object(key, key->session, CKO_PRIVATE_KEY, &count, &object);
    if (rv != CKR_OK) {
        err = refuse(fault, uri, "C_FindObjects", rv);
    } else if (count > 0) {
        err = fault_set(fault, ERR_EXISTS, 0, uri->object, "on token %s", uri->token);
    } else {
        rv = generate(key, oid, sizeof oid);
        if (rv != CKR_OK)
            rv = generate(key, name, sizeof name);
        if (rv != CKR_OK)
            err = refuse(fault, uri, "C_GenerateKeyPair", rv);
    }
    pkcs11_key_close(&key);
    return err;
}
