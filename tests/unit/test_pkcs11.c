/* Checks the promises in keys/pkcs11.h, against SoftHSM; and that a key on a token serves behind
 * the functions of key.h, keyfile.h and document.h. */
#include "keys/document.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "keys/pkcs11.h"

#include "folder.h"
#include "t.h"
#include "token.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT      "?module-path=" TOKEN_MODULE
#define REG     "pkcs11:token=reg;object=registrar.445100:registrar" AT
#define REG_TWO "pkcs11:token=reg;object=registrar.445100:log" AT
#define ROOT    "pkcs11:token=root;object=root.000000:root" AT

static struct passphrase *pin;
static struct passphrase *wrong;
static struct fault fault;
static char place[FOLDER_MAX];

static enum err make(const char *uri)
{
    struct pkcs11_uri parsed;
    assert_int_equal(pkcs11_uri_parse(&parsed, uri, &fault), OK);
    return pkcs11_key_make(&parsed, pin, &fault);
}

static int setup(void **state)
{
    (void)state;
    folder_make(place, "token");
    token_place(place);
    token_make("reg");
    token_make("root");
    token_make("twin");
    token_make("twin");
    assert_int_equal(passphrase_of(&pin, span_str(TOKEN_PIN)), OK);
    assert_int_equal(passphrase_of(&wrong, span_str("not the pin")), OK);
    assert_int_equal(make(REG), OK);
    assert_int_equal(make(REG_TWO), OK);
    assert_int_equal(make(ROOT), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    passphrase_close(&pin);
    passphrase_close(&wrong);
    folder_remove(place);
    return 0;
}

static enum err ring_of(struct keyring **ring, const char *uri)
{
    const enum err err = keyfile_read(ring, uri, pin, &fault);
    assert_true((err == OK) == (*ring != NULL));
    return err;
}

static void a_uri_names_token_key_and_module_and_nothing_else(void **state)
{
    static const struct {
        const char *uri;
        enum err want;
    } rows[] = {
        {REG, OK},
        {"pkcs11:object=registrar.445100%3Aregistrar;token=%72eg" AT, OK},
        {"pkcs11:object=registrar.4451%30%30%3aregistrar;token=reg" AT, OK},
        {"pkcs11:", ERR_SYNTAX},
        {"pkcs11:token=reg;object=registrar.445100:registrar", ERR_SYNTAX},
        {"pkcs11:token=reg" AT, ERR_SYNTAX},
        {"pkcs11:object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=reg;token=reg;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=reg;object=registrar.445100:registrar;type=private" AT, ERR_SYNTAX},
        {REG "&pin-value=1234", ERR_SYNTAX},
        {REG "&pin-source=/etc/pin", ERR_SYNTAX},
        {"pkcs11:token=;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=%zz;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=%7z;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:t;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"file:token=reg;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=%7;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=%00;object=registrar.445100:registrar" AT, ERR_SYNTAX},
        {"pkcs11:token=0123456789012345678901234567890123;object=registrar.445100:registrar" AT,
         ERR_SYNTAX},
        {"pkcs11:token=reg;object=registrar.445100" AT, ERR_KEY_USE},
        {"pkcs11:token=reg;object=registrar:registrar" AT, ERR_KEY_USE},
        {"pkcs11:token=reg;object=registrar.445100:seal" AT, ERR_KEY_USE},
        {"pkcs11:token=reg;object=registrar.445100:storage" AT, ERR_KEY_USE},
        {"pkcs11:token=reg;object=registrar.445100:master" AT, ERR_KEY_USE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct pkcs11_uri uri;
        print_message("row %zu\n", i);
        assert_int_equal(pkcs11_uri_parse(&uri, rows[i].uri, &fault), rows[i].want);
        if (rows[i].want != OK)
            continue;
        assert_string_equal(uri.token, "reg");
        assert_string_equal(uri.member, "registrar.445100");
        assert_int_equal(uri.use, KEY_USE_REGISTRAR);
        assert_string_equal(uri.module, TOKEN_MODULE);
    }
}

static void a_key_on_a_token_signs_like_any_other(void **state)
{
    struct keyring *ring = NULL;
    uint8_t signature[64];
    const struct span message = span_str("so ordered");
    (void)state;
    assert_int_equal(ring_of(&ring, REG), OK);
    assert_string_equal(keyring_owner(ring), "registrar.445100");
    const struct key *key = keyring_find(ring, KEY_USE_REGISTRAR);
    assert_non_null(key);
    assert_int_equal(key_sign(key, message, signature), OK);
    assert_int_equal(key_verify(key_public(key), message, signature), OK);
    uint8_t again[64];
    assert_int_equal(key_sign(key, message, again), OK);
    assert_memory_equal(again, signature, sizeof again); /* RFC 8032: no randomness */
    uint8_t kid[KID_LEN];
    kid_of(kid, ALG_ED25519, key_public(key));
    assert_memory_equal(kid, key_kid(key), KID_LEN);
    keyring_close(&ring);
}

static void it_signs_documents(void **state)
{
    struct keyring *ring = NULL;
    uint8_t bytes[4096];
    uint8_t hash[HASH_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct frame_document frame;
    struct verifier *verifier = NULL;
    merkle_hash leaf;
    const struct entropy entropy = entropy_system();
    (void)state;
    assert_int_equal(ring_of(&ring, REG), OK);
    const struct key *key = keyring_find(ring, KEY_USE_REGISTRAR);
    lianshu_Document *d = calloc(1, sizeof *d);
    d->type = lianshu_DocumentType_TYPE_REGISTRY;
    document_prepare(d, "test", keyring_owner(ring), key, 1, &entropy);
    assert_int_equal(document_make(d, key, &w, hash), OK);
    assert_int_equal(frame_parse_document(writer_span(&w), &frame), OK);
    document_leaf(leaf, hash);
    assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
    assert_int_equal(verifier_check(verifier, key_public(key), leaf, frame.signatures[0]), OK);
    verifier_close(&verifier);
    free(d);
    keyring_close(&ring);
}

static void the_secret_stays_in_the_token(void **state)
{
    struct keyring *ring = NULL;
    const struct entropy entropy = entropy_system();
    const struct keyfile_cost cheap = {1, KEYFILE_MEMORY_MIN};
    uint8_t shared[32];
    char path[FOLDER_PATH_MAX];
    (void)state;
    assert_int_equal(ring_of(&ring, REG), OK);
    const struct key *key = keyring_at(ring, 0);
    assert_null(key_secret(key));
    assert_int_equal(key_agree(key, key_public(key), shared), ERR_KEY_USE);
    snprintf(path, sizeof path, "%s/out", place);
    assert_int_equal(keyfile_write(ring, path, false, pin, cheap, &entropy, &fault), ERR_KEY_USE);
    assert_int_not_equal(access(path, F_OK), 0);
    keyring_close(&ring);
}

static void a_wrong_pin_opens_nothing_also_beside_a_right_one(void **state)
{
    struct keyring *right = NULL;
    struct keyring *ring = NULL;
    uint8_t signature[64];
    (void)state;
    assert_int_equal(keyfile_read(&ring, ROOT, wrong, &fault), ERR_PASSPHRASE);
    assert_null(ring);
    assert_null(strstr(fault.detail, "not the pin"));
    assert_int_equal(ring_of(&right, REG), OK);
    assert_int_equal(keyfile_read(&ring, REG_TWO, wrong, &fault), ERR_PASSPHRASE);
    assert_null(ring);
    /* The same token with the right PIN again, and both keys serve. */
    assert_int_equal(ring_of(&ring, REG_TWO), OK);
    assert_int_equal(key_sign(keyring_at(right, 0), span_str("x"), signature), OK);
    assert_int_equal(key_sign(keyring_at(ring, 0), span_str("x"), signature), OK);
    keyring_close(&ring);
    keyring_close(&right);
}

static void what_is_not_there_is_refused(void **state)
{
    static const struct {
        const char *uri;
        enum err want;
        const char *says;
    } rows[] = {
        {"pkcs11:token=none;object=registrar.445100:registrar" AT, ERR_PKCS11, "0 tokens"},
        {"pkcs11:token=twin;object=registrar.445100:registrar" AT, ERR_PKCS11, "2 tokens"},
        {"pkcs11:token=re;object=registrar.445100:registrar" AT, ERR_PKCS11, "0 tokens"},
        {"pkcs11:token=reg;object=registrar.440000:registrar" AT, ERR_PKCS11, "no private key"},
        {"pkcs11:token=reg;object=registrar.445100:root" AT, ERR_PKCS11, "no private key"},
        {"pkcs11:token=reg;object=registrar.445100:registrar?module-path=/usr/lib/softhsm/none.so",
         ERR_NOT_FOUND, "module"},
    };
    struct keyring *ring = NULL;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(ring_of(&ring, rows[i].uri), rows[i].want);
        assert_non_null(strstr(fault.detail, rows[i].says));
    }
}

static void modules_come_from_the_list_only(void **state)
{
    static const char *const paths[] = {
        "/tmp/evil.so",
        "libsofthsm2.so",
        "/usr/lib/softhsm/../softhsm/libsofthsm2.so",
        "/usr/lib/softhsm/x/libsofthsm2.so",
        "/usr/lib/sofths/libsofthsm2.so",
        "/libsofthsm2.so",
    };
    struct keyring *ring = NULL;
    char uri[256];
    (void)state;
    for (size_t i = 0; i < T_COUNT(paths); i++) {
        snprintf(uri, sizeof uri,
                 "pkcs11:token=reg;object=registrar.445100:registrar?module-path=%s", paths[i]);
        assert_int_equal(ring_of(&ring, uri), ERR_PERMISSION);
    }
    /* On the list, but no module. */
    snprintf(uri, sizeof uri,
             "pkcs11:token=reg;object=registrar.445100:registrar?module-path=/usr/lib/softhsm");
    assert_int_equal(ring_of(&ring, uri), ERR_PERMISSION);
}

static void a_key_is_made_once(void **state)
{
    (void)state;
    assert_int_equal(make(REG), ERR_EXISTS);
}

static void one_ring_holds_several_and_none_twice(void **state)
{
    struct keyring *ring = NULL;
    struct pkcs11_uri uri;
    static const char *const uris[] = {REG, REG_TWO, REG};
    static const enum err want[] = {OK, OK, ERR_KEY_REUSED};
    (void)state;
    assert_int_equal(keyring_open(&ring, "registrar.445100", ""), OK);
    for (size_t i = 0; i < T_COUNT(uris); i++) {
        struct pkcs11_key *token = NULL;
        struct key *key = NULL;
        assert_int_equal(pkcs11_uri_parse(&uri, uris[i], &fault), OK);
        assert_int_equal(pkcs11_key_open(&token, &uri, pin, &fault), OK);
        assert_int_equal(key_of_token(&key, uri.use, &token), OK);
        assert_null(token);
        assert_int_equal(keyring_add(ring, &key), want[i]);
        key_close(&key);
    }
    assert_int_equal(keyring_count(ring), 2);
    keyring_close(&ring);
}

/* Whoever has the PIN could carry this one away: made with the module's own functions. */
static void a_key_that_may_leave_the_token_is_refused(void **state)
{
    static const char label[] = "root.000000:sign";
    static const uint8_t curve[] = {0x13, 12,  'e', 'd', 'w', 'a', 'r',
                                    'd',  's', '2', '5', '5', '1', '9'};
    struct ck_mechanism mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    unsigned char yes = 1;
    unsigned char no = 0;
    struct ck_attribute open_half[] = {{CKA_TOKEN, &yes, 1},
                                       {CKA_LABEL, (char *)label, sizeof label - 1},
                                       {CKA_EC_PARAMS, (void *)curve, sizeof curve}};
    struct ck_attribute loose[] = {{CKA_TOKEN, &yes, 1},
                                   {CKA_SENSITIVE, &no, 1},
                                   {CKA_EXTRACTABLE, &yes, 1},
                                   {CKA_SIGN, &yes, 1},
                                   {CKA_LABEL, (char *)label, sizeof label - 1}};
    struct ck_function_list *f = NULL;
    ck_rv_t (*get)(struct ck_function_list * *list) = NULL;
    ck_slot_id_t slots[16];
    unsigned long count = T_COUNT(slots);
    struct keyring *ring = NULL;
    bool made = false;
    (void)state;
    void *symbol = dlsym(dlopen(TOKEN_MODULE, RTLD_NOW), "C_GetFunctionList");
    assert_non_null(symbol);
    memcpy(&get, &symbol, sizeof get);
    assert_int_equal(get(&f), CKR_OK);
    assert_int_equal(f->C_GetSlotList(1, slots, &count), CKR_OK);
    for (unsigned long i = 0; i < count; i++) {
        struct ck_token_info info;
        ck_session_handle_t session;
        ck_object_handle_t halves[2];
        assert_int_equal(f->C_GetTokenInfo(slots[i], &info), CKR_OK);
        if (memcmp(info.label, "root ", 5) != 0)
            continue;
        assert_int_equal(
            f->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
            CKR_OK);
        assert_int_equal(
            f->C_Login(session, CKU_USER, (unsigned char *)TOKEN_PIN, sizeof TOKEN_PIN - 1),
            CKR_OK);
        assert_int_equal(f->C_GenerateKeyPair(session, &mechanism, open_half, T_COUNT(open_half),
                                              loose, T_COUNT(loose), &halves[0], &halves[1]),
                         CKR_OK);
        assert_int_equal(f->C_CloseSession(session), CKR_OK);
        made = true;
    }
    assert_true(made);
    assert_int_equal(ring_of(&ring, "pkcs11:token=root;object=root.000000:sign" AT), ERR_PKCS11);
    assert_non_null(strstr(fault.detail, "taken out"));
}

enum { THREADS = 4, ROUNDS = 25 };

static void *sign_many(void *ctx)
{
    const struct key *key = ctx;
    uint8_t signature[64];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct span message = span_of(&i, sizeof i);
        if (key_sign(key, message, signature) != OK ||
            key_verify(key_public(key), message, signature) != OK)
            return NULL;
    }
    return ctx;
}

static void several_threads_sign_with_one_key(void **state)
{
    struct keyring *ring = NULL;
    pthread_t thread[THREADS];
    (void)state;
    assert_int_equal(ring_of(&ring, REG), OK);
    void *key = (void *)keyring_at(ring, 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, sign_many, key), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(thread[i], &done), 0);
        assert_ptr_equal(done, key);
    }
    keyring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uri_names_token_key_and_module_and_nothing_else),
        cmocka_unit_test(a_key_on_a_token_signs_like_any_other),
        cmocka_unit_test(it_signs_documents),
        cmocka_unit_test(the_secret_stays_in_the_token),
        cmocka_unit_test(a_wrong_pin_opens_nothing_also_beside_a_right_one),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(modules_come_from_the_list_only),
        cmocka_unit_test(a_key_is_made_once),
        cmocka_unit_test(one_ring_holds_several_and_none_twice),
        cmocka_unit_test(a_key_that_may_leave_the_token_is_refused),
        cmocka_unit_test(several_threads_sign_with_one_key),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("pkcs11", tests, setup, teardown);
}
