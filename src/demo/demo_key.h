/* The demo's secret: 32 random bytes in the data directory (demo-key.json, mode 0600), from which
 * the tokens of the gateways and the password of the simulated crews are derived, so that a restart
 * can go on. The file also remembers the seed that made the province. */
#pragma once
#include "base/error.h"
#include "base/hash.h"

typedef struct {
    guint64 seed;
    guint8 secret[HASH_BYTES];
} DemoKey;

/* *found false (and no error): there is no file yet. */
gboolean demo_key_read(const char *data_dir, DemoKey *key, gboolean *found, GError **error);
/* Makes a new secret and writes it, durably. */
gboolean demo_key_make(const char *data_dir, guint64 seed, DemoKey *key, GError **error);
/* 43 characters that only who has the secret can know. Returns out. */
enum { DEMO_TOKEN = 44 };
char *demo_key_token(const DemoKey *key, const char *name, char out[static DEMO_TOKEN]);
