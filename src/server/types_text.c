#include "server/types_text.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "server/gzip.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct TypesText {
    const Packs *packs;
    pthread_mutex_t lock;
    GHashTable *answers; /* name of the role -> TypesAnswer */
};

static void answer_free(gpointer data) {
    TypesAnswer *answer = data;
    g_free(answer->etag);
    free(answer->gzip);
    g_free(answer);
}

TypesText *types_text_new(const Packs *packs) {
    TypesText *types = g_new0(TypesText, 1);
    types->packs = packs;
    pthread_mutex_init(&types->lock, NULL);
    types->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
    return types;
}

void types_text_free(TypesText *types) {
    if (types == NULL)
        return;
    g_hash_table_destroy(types->answers);
    pthread_mutex_destroy(&types->lock);
    g_free(types);
}

static TypesAnswer *answer_new(const Packs *packs, const Actor *person) {
    json_t *json = record_types(packs, person);
    char *text = json_text(json, JSON_COMPACT);
    json_decref(json);
    guint8 hash[HASH_BYTES];
    char hex[HASH_HEX];
    hash_sha256(text, strlen(text), hash);
    TypesAnswer *answer = g_new0(TypesAnswer, 1);
    /* weak: packed or not, it says the same */
    answer->etag = g_strdup_printf("W/\"%.32s\"", hex_encode(hash, sizeof hash, hex));
    answer->gzip = gzip_bytes(text, strlen(text), 9, &answer->gzip_n);
    free(text);
    return answer;
}

const TypesAnswer *types_text_of(TypesText *types, const Actor *person) {
    const char *role = person->role ? person->role->name : "";
    pthread_mutex_lock(&types->lock);
    TypesAnswer *answer = g_hash_table_lookup(types->answers, role);
    if (answer == NULL) {
        answer = answer_new(types->packs, person);
        g_hash_table_insert(types->answers, g_strdup(role), answer);
    }
    pthread_mutex_unlock(&types->lock);
    return answer;
}
