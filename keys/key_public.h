/*
 * key_public - keys that stand in public documents: nobody may use them. Internal to keys/.
 *
 * Thread rule: const tables.
 */
#ifndef KEYS_KEY_PUBLIC_H
#define KEYS_KEY_PUBLIC_H

#include <stdbool.h>
#include <stdint.h>

/* Zeros, zmq_curve(7), RFC 7748, RFC 8032, RFC 9180: secret or public halves alike. */
bool key_is_published(const uint8_t key[static 32]);

#endif
