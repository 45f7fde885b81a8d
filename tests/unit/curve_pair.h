/* A CURVE key pair of libzmq, as bytes. */
#ifndef TESTS_UNIT_CURVE_PAIR_H
#define TESTS_UNIT_CURVE_PAIR_H

#include "t.h"

#include <zmq.h>

enum { CURVE_KEY_LEN = 32, CURVE_TEXT_CAP = 41 };

static inline void curve_pair(uint8_t public[static CURVE_KEY_LEN],
                              uint8_t secret[static CURVE_KEY_LEN])
{
    char public_text[CURVE_TEXT_CAP];
    char secret_text[CURVE_TEXT_CAP];
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_non_null(zmq_z85_decode(public, public_text));
    assert_non_null(zmq_z85_decode(secret, secret_text));
}

#endif
