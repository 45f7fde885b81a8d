/* Checks keys/pkcs11.h and key_token.h against a token that fails: SoftHSM behind a module that
 * refuses one call after the other, or answers what no token should. Nothing is signed then,
 * nothing leaks, and the next attempt serves. */
#include "keys/init.h"
#include "keys/key_token.h"
#include "keys/keyfile.h"
#include "keys/pkcs11.h"

#include "fault/memory.h"
#include "fault/places.h"
#include "fault/refusal.h"

#include "folder.h"
#include "t.h"
#include "token.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define AT  "?module-path=" TOKEN_MODULE
#define REG "pkcs11:token=reg;object=registrar.445100:registrar" AT

enum { POINT_LEN = 2 + KEY_PUBLIC_LEN };

static char place[FOLDER_MAX];
static struct passphrase *pin;
static struct fault fault;
static struct ck_function_list shim;
static struct ck_function_list *real;

/* What the module answers in the place of what the token said. Zeros: nothing. */
static struct {
    ck_rv_t login;
    bool any_pin;       /* every PIN is the right one */
    bool no_info;       /* no token says what it is called */
    bool no_list;       /* a module without functions */
    bool no_symbol;     /* and a file that is no module */
    bool no_library;    /* nor can be loaded */
    bool any_module;    /* whatever its name, it is this one */
    bool without_curve; /* the OID of the curve is not known to it */
    bool raw_point;     /* the public half without its DER */
    uint8_t point_head; /* another tag */
    uint8_t point_len;  /* another length inside */
    size_t point_short; /* bytes fewer */
    bool weak_point;
    bool other_signature;
    unsigned long signature_len;
    unsigned long found; /* so many objects */
    bool gone;           /* the private half, once it has been looked at */
    bool no_public;      /* the private half alone is there */
    bool leaves;         /* it may be taken out of the token */
    bool in_clear;       /* or read within it */
    unsigned finds;
    mode_t mode;     /* of the module's file */
    mode_t dir_mode; /* of its directory */
    bool no_dir;
} says;

static void plainly(void)
{
    memset(&says, 0, sizeof says);
}

static bool is_refused(const void *at)
{
    return places_refused(PLACES_REFUSAL, at);
}

#define REFUSE_AT(args)                                                                            \
    if (is_refused(__builtin_return_address(0)))                                                   \
        return CKR_FUNCTION_FAILED;                                                                \
    return real->args

static ck_rv_t slot_list(unsigned char present, ck_slot_id_t *slots, unsigned long *count)
{
    REFUSE_AT(C_GetSlotList(present, slots, count));
}

static ck_rv_t token_info(ck_slot_id_t slot, struct ck_token_info *info)
{
    return says.no_info ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(slot, info);
}

static ck_rv_t open_session(ck_slot_id_t slot, ck_flags_t flags, void *app, ck_notify_t notify,
                            ck_session_handle_t *session)
{
    REFUSE_AT(C_OpenSession(slot, flags, app, notify, session));
}

static ck_rv_t login(ck_session_handle_t session, ck_user_type_t user, unsigned char *text,
                     unsigned long len)
{
    if (says.login != CKR_OK)
        return says.login;
    if (says.any_pin) {
        text = (unsigned char *)TOKEN_PIN;
        len = strlen(TOKEN_PIN);
    }
    REFUSE_AT(C_Login(session, user, text, len));
}

static ck_rv_t find_init(ck_session_handle_t session, struct ck_attribute *match,
                         unsigned long count)
{
    REFUSE_AT(C_FindObjectsInit(session, match, count));
}

static ck_rv_t find(ck_session_handle_t session, ck_object_handle_t *found, unsigned long max,
                    unsigned long *count)
{
    if (is_refused(__builtin_return_address(0)))
        return CKR_FUNCTION_FAILED;
    const ck_rv_t rv = real->C_FindObjects(session, found, max, count);
    if (says.found != 0)
        *count = says.found;
    if (says.gone && ++says.finds > 2)
        *count = 0;
    if (says.no_public && ++says.finds > 1)
        *count = 0;
    return rv;
}

static ck_rv_t find_final(ck_session_handle_t session)
{
    const ck_rv_t rv = real->C_FindObjectsFinal(session);
    return is_refused(__builtin_return_address(0)) ? CKR_FUNCTION_FAILED : rv;
}

static void spoil_point(struct ck_attribute *ask)
{
    uint8_t *point = ask->value;
    if (says.point_head != 0)
        point[0] = says.point_head;
    if (says.point_len != 0)
        point[1] = says.point_len;
    if (says.weak_point) { /* the neutral element */
        memset(point + 2, 0, KEY_PUBLIC_LEN);
        point[2] = 1;
    }
    if (says.raw_point) {
        memmove(point, point + 2, KEY_PUBLIC_LEN);
        ask->value_len = KEY_PUBLIC_LEN;
    }
    ask->value_len -= says.point_short;
}

static ck_rv_t attributes(ck_session_handle_t session, ck_object_handle_t object,
                          struct ck_attribute *ask, unsigned long count)
{
    if (is_refused(__builtin_return_address(0)))
        return CKR_FUNCTION_FAILED;
    const ck_rv_t rv = real->C_GetAttributeValue(session, object, ask, count);
    if (ask[0].type == CKA_EC_POINT && ask[0].value_len == POINT_LEN)
        spoil_point(ask);
    if (ask[0].type == CKA_SENSITIVE && says.in_clear)
        *(unsigned char *)ask[0].value = 0;
    if (ask[0].type == CKA_SENSITIVE && says.leaves)
        *(unsigned char *)ask[1].value = 1;
    return rv;
}

static ck_rv_t sign_init(ck_session_handle_t session, struct ck_mechanism *m,
                         ck_object_handle_t key)
{
    REFUSE_AT(C_SignInit(session, m, key));
}

static ck_rv_t sign(ck_session_handle_t session, unsigned char *data, unsigned long data_len,
                    unsigned char *out, unsigned long *len)
{
    if (is_refused(__builtin_return_address(0)))
        return CKR_FUNCTION_FAILED;
    const ck_rv_t rv = real->C_Sign(session, data, data_len, out, len);
    if (says.other_signature)
        out[0] ^= 1;
    if (says.signature_len != 0)
        *len = says.signature_len;
    return rv;
}

static ck_rv_t generate(ck_session_handle_t session, struct ck_mechanism *m,
                        struct ck_attribute *public_half, unsigned long public_count,
                        struct ck_attribute *private_half, unsigned long private_count,
                        ck_object_handle_t *public_key, ck_object_handle_t *private_key)
{
    const struct ck_attribute *curve = &public_half[public_count - 1];
    if (says.without_curve && ((const uint8_t *)curve->value)[0] == 0x06)
        return CKR_CURVE_NOT_SUPPORTED;
    REFUSE_AT(C_GenerateKeyPair(session, m, public_half, public_count, private_half, private_count,
                                public_key, private_key));
}

static ck_rv_t initialize(void *args)
{
    REFUSE_AT(C_Initialize(args));
}

void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name);
void *__real_dlopen(const char *path, int flags);
void *__wrap_dlopen(const char *path, int flags);
int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st);

static ck_rv_t function_list(struct ck_function_list **list)
{
    *list = says.no_list ? NULL : &shim;
    return is_refused(__builtin_return_address(0)) ? CKR_FUNCTION_FAILED : CKR_OK;
}

void *__wrap_dlsym(void *handle, const char *name)
{
    ck_rv_t (*get)(struct ck_function_list * *list) = NULL;
    ck_rv_t (*const ours)(struct ck_function_list * *list) = function_list;
    void *symbol = __real_dlsym(handle, name);
    if (strcmp(name, "C_GetFunctionList") != 0)
        return symbol;
    if (says.no_symbol || is_refused(__builtin_return_address(0)))
        return NULL;
    memcpy(&get, &symbol, sizeof get);
    assert_int_equal(get(&real), CKR_OK);
    shim = *real;
    shim.C_Initialize = initialize;
    shim.C_GetSlotList = slot_list;
    shim.C_GetTokenInfo = token_info;
    shim.C_OpenSession = open_session;
    shim.C_Login = login;
    shim.C_FindObjectsInit = find_init;
    shim.C_FindObjects = find;
    shim.C_FindObjectsFinal = find_final;
    shim.C_GetAttributeValue = attributes;
    shim.C_SignInit = sign_init;
    shim.C_Sign = sign;
    shim.C_GenerateKeyPair = generate;
    memcpy(&symbol, &ours, sizeof symbol);
    return symbol;
}

static bool is_module(const char *path)
{
    const size_t dir = (size_t)(strrchr(TOKEN_MODULE, '/') + 1 - TOKEN_MODULE);
    return strcmp(path, TOKEN_MODULE) == 0 ||
           (says.any_module && strncmp(path, TOKEN_MODULE, dir) == 0);
}

void *__wrap_dlopen(const char *path, int flags)
{
    if (says.no_library)
        return NULL;
    return __real_dlopen(is_module(path) ? TOKEN_MODULE : path, flags);
}

int __wrap_stat(const char *path, struct stat *st)
{
    const bool module = is_module(path);
    if (!module && says.no_dir)
        return -1;
    const int rv = __real_stat(module ? TOKEN_MODULE : path, st);
    if (module && says.mode != 0)
        st->st_mode = says.mode;
    if (!module && says.dir_mode != 0)
        st->st_mode = says.dir_mode;
    return rv;
}

static int setup(void **state)
{
    (void)state;
    folder_make(place, "torn");
    token_place(place);
    token_make("reg");
    assert_int_equal(passphrase_of(&pin, span_str(TOKEN_PIN)), OK);
    assert_int_equal(keyfile_make_on_token(REG, pin, &fault), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    passphrase_close(&pin);
    folder_remove(place);
    return 0;
}

/* ---- one life of a key on a token ---- */

static enum err signed_once(void)
{
    struct keyring *ring = NULL;
    uint8_t signature[64];
    enum err err = keyfile_read(&ring, REG, pin, &fault);
    assert_true((err == OK) == (ring != NULL));
    if (err == OK)
        err = key_sign(keyring_at(ring, 0), span_str("message"), signature);
    keyring_close(&ring);
    return err;
}

/* A key file that names the token, written and read again. */
static enum err linked(void)
{
    static const struct keyfile_cost cheap = {1, KEYFILE_MEMORY_MIN};
    const struct entropy entropy = entropy_system();
    struct keyring *ring = NULL;
    struct keyring *other = NULL;
    char path[FOLDER_PATH_MAX];
    snprintf(path, sizeof path, "%s/linked", place);
    enum err err = keyring_open(&ring, "registrar.445100", "");
    if (err == OK)
        err = keyring_link_token(ring, REG, pin, &fault);
    if (err == OK)
        err = keyfile_write(ring, path, true, pin, cheap, &entropy, &fault);
    keyring_close(&ring);
    if (err == OK)
        err = keyfile_read_again(&ring, path, pin, NULL, &fault);
    if (err == OK)
        err = keyring_open(&other, "registrar.445100", "");
    if (err == OK)
        err = keyring_link_again(other, ring, &fault);
    keyring_close(&other);
    keyring_close(&ring);
    return err;
}

static void whatever_the_token_refuses_nothing_is_signed(void **state)
{
    (void)state;
    refusal_hold("token", signed_once);
    refusal_hold("link", linked);
}

static void without_memory_no_key_is_opened(void **state)
{
    (void)state;
    memory_hold("token", signed_once);
    memory_hold("link", linked);
}

/* ---- answers that no token should give ---- */

static void expect(enum err want, const char *detail)
{
    fault.detail[0] = '\0';
    const enum err err = signed_once();
    if (err != want || (detail != NULL && strstr(fault.detail, detail) == NULL))
        print_message("%s: %s\n", err_name(err), fault.detail);
    assert_int_equal(err, want);
    if (detail != NULL)
        assert_non_null(strstr(fault.detail, detail));
    plainly();
    assert_int_equal(signed_once(), OK);
}

static void a_login_that_fails_is_told_by_its_reason(void **state)
{
    static const struct {
        ck_rv_t rv;
        enum err want;
        const char *detail;
    } rows[] = {
        {CKR_PIN_INCORRECT, ERR_PASSPHRASE, "PIN"},  {CKR_PIN_INVALID, ERR_PASSPHRASE, "PIN"},
        {CKR_PIN_LEN_RANGE, ERR_PASSPHRASE, "PIN"},  {CKR_PIN_LOCKED, ERR_PKCS11, "locked"},
        {CKR_DEVICE_REMOVED, ERR_PKCS11, "C_Login"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        says.login = rows[i].rv;
        expect(rows[i].want, rows[i].detail);
    }
}

static void a_file_that_is_no_module_is_refused(void **state)
{
    struct keyring *ring = NULL;
    (void)state;
    says.no_library = true;
    expect(ERR_PKCS11, "no PKCS#11 module");
    assert_int_equal(keyfile_read(&ring, "pkcs11:", pin, &fault), ERR_SYNTAX);
    says.no_symbol = true;
    expect(ERR_PKCS11, "no PKCS#11 module");
    says.no_info = true;
    expect(ERR_PKCS11, "0 tokens");
    says.no_list = true;
    expect(ERR_PKCS11, "C_GetFunctionList");
    says.mode = S_IFDIR | 0755;
    expect(ERR_PERMISSION, "of root");
    says.mode = S_IFREG | 0775;
    expect(ERR_PERMISSION, "of root");
    says.dir_mode = S_IFDIR | 0757;
    expect(ERR_PERMISSION, "of root");
    says.no_dir = true;
    expect(ERR_PERMISSION, "of root");
}

static void a_public_half_is_32_bytes_with_der_or_without(void **state)
{
    (void)state;
    says.raw_point = true;
    expect(OK, NULL);
    says.point_head = 0x03;
    expect(ERR_PKCS11, "no Ed25519 public key");
    says.point_len = KEY_PUBLIC_LEN + 1;
    expect(ERR_PKCS11, "no Ed25519 public key");
    says.point_short = 1;
    expect(ERR_PKCS11, "no Ed25519 public key");
    says.weak_point = true;
    expect(ERR_KEY_WEAK, "public key on the token");
}

static void a_key_that_is_there_twice_or_goes_serves_nothing(void **state)
{
    (void)state;
    says.found = 2;
    expect(ERR_PKCS11, "more than one private key");
    says.no_public = true;
    expect(ERR_PKCS11, "no public key");
    says.gone = true; /* the public half is found, and to sign with there is none */
    expect(ERR_PKCS11, "does not sign");
}

static void a_key_that_the_token_gives_out_is_refused(void **state)
{
    (void)state;
    says.leaves = true;
    expect(ERR_PKCS11, "can be taken out");
    says.in_clear = true;
    expect(ERR_PKCS11, "can be taken out");
}

/* Guarantee 3 */
static void a_signature_that_is_none_is_not_given_out(void **state)
{
    (void)state;
    says.other_signature = true;
    expect(ERR_PKCS11, "does not sign");
    says.signature_len = 63;
    expect(ERR_PKCS11, "does not sign");
}

static void a_key_is_made_with_the_curve_by_either_name(void **state)
{
    (void)state;
    says.without_curve = true;
    assert_int_equal(
        keyfile_make_on_token("pkcs11:token=reg;object=root.000000:root" AT, pin, &fault), OK);
    plainly();
    assert_int_equal(
        keyfile_make_on_token("pkcs11:token=reg;object=root.000000:root" AT, pin, &fault),
        ERR_EXISTS);
    assert_int_equal(keyfile_make_on_token("pkcs11:", pin, &fault), ERR_SYNTAX);
}

static enum err made(void)
{
    static unsigned number;
    char uri[160];
    snprintf(uri, sizeof uri, "pkcs11:token=reg;object=registrar-%u.445100:registrar" AT, number++);
    says.without_curve = true; /* one way is left */
    const enum err err = keyfile_make_on_token(uri, pin, &fault);
    plainly();
    return err;
}

static void whatever_the_token_refuses_no_key_is_called_made(void **state)
{
    (void)state;
    refusal_hold("made", made);
}

/* ---- links in key files ---- */

static void a_link_is_of_the_files_member_for_a_use_that_it_lacks(void **state)
{
    char text[KEY_LINK_PIN_MAX + 2];
    char uri[2 * KEY_LINK_URI_MAX];
    struct keyring *ring = NULL;
    struct keyring *none = NULL;
    struct key *own = NULL;
    struct passphrase *longer = NULL;
    const struct entropy entropy = entropy_system();
    (void)state;
    assert_int_equal(keyring_open(&ring, "registrar.440000", ""), OK);
    assert_int_equal(keyring_link_token(ring, REG, pin, &fault), ERR_KEY_FILE);
    assert_int_equal(keyring_link_token(ring, "pkcs11:", pin, &fault), ERR_SYNTAX);
    keyring_close(&ring);
    assert_int_equal(keyring_open(&ring, "registrar.445100", ""), OK);
    assert_int_equal(keyring_open(&none, "registrar.445100", ""), OK);
    assert_int_equal(keyring_link_again(none, ring, &fault), OK); /* it has none */
    assert_int_equal(keyring_count(none), 0);
    assert_int_equal(key_make(&own, KEY_USE_REGISTRAR, 0, &entropy), OK);
    assert_int_equal(keyring_add(none, &own), OK);
    assert_int_equal(keyring_link_token(none, REG, pin, &fault), ERR_KEY_REUSED);
    assert_int_equal(keyring_link_token(ring, REG, pin, &fault), OK);
    assert_int_equal(keyring_link_token(ring, REG, pin, &fault), ERR_EXISTS);
    keyring_close(&none);
    keyring_close(&ring);
    /* what the file has no room for */
    memset(text, 'p', sizeof text);
    assert_int_equal(passphrase_of(&longer, span_of(text, KEY_LINK_PIN_MAX + 1)), OK);
    assert_int_equal(keyring_open(&ring, "registrar.445100", ""), OK);
    says.any_pin = true;
    assert_int_equal(keyring_link_token(ring, REG, longer, &fault), ERR_TOO_LARGE);
    plainly();
    assert_null(keyring_link(ring));
    snprintf(uri, sizeof uri, "pkcs11:token=reg;object=registrar.445100:registrar?module-path=%.*s",
             (int)(strrchr(TOKEN_MODULE, '/') + 1 - TOKEN_MODULE), TOKEN_MODULE);
    while (strlen(uri) <= KEY_LINK_URI_MAX)
        strcat(uri, "%61");
    says.any_module = true;
    assert_int_equal(keyring_link_token(ring, uri, pin, &fault), ERR_TOO_LARGE);
    plainly();
    passphrase_close(&longer);
    keyring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_the_token_refuses_nothing_is_signed),
        cmocka_unit_test(without_memory_no_key_is_opened),
        cmocka_unit_test(a_login_that_fails_is_told_by_its_reason),
        cmocka_unit_test(a_file_that_is_no_module_is_refused),
        cmocka_unit_test(a_public_half_is_32_bytes_with_der_or_without),
        cmocka_unit_test(a_key_that_is_there_twice_or_goes_serves_nothing),
        cmocka_unit_test(a_key_that_the_token_gives_out_is_refused),
        cmocka_unit_test(a_signature_that_is_none_is_not_given_out),
        cmocka_unit_test(a_key_is_made_with_the_curve_by_either_name),
        cmocka_unit_test(whatever_the_token_refuses_no_key_is_called_made),
        cmocka_unit_test(a_link_is_of_the_files_member_for_a_use_that_it_lacks),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("pkcs11_torn", tests, setup, teardown);
}
