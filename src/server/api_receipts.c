/* /api/receipts/CODE: what the holder of a receipt sees and does. The code is the only key; who
 * asks is neither asked nor kept. Looks and moves are counted per address (rate_limit.h). */
#include "record/receipt.h"
#include "server/house.h"

static json_t *find(Sql *sql, const Packs *packs, const char *code, gint64 now_ms, GError **error) {
    json_t *moves = receipt_moves(sql, packs, code, now_ms, error);
    json_t *receipt = moves ? receipt_find(sql, packs, code, error) : NULL;
    if (receipt)
        json_object_set(receipt, "moves", moves);
    json_decref(moves);
    return receipt;
}

void api_receipt(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *receipt = find(worker_of(request)->records, house_of(request)->packs,
                           request_part(request, 0), house_now(request), &error);
    if (receipt)
        respond_json(request, 200, receipt);
    else
        respond_error(request, error);
}

typedef struct {
    char *code, *move, *comment;
    json_t *fields;
} HoldersMove;

static void holders_move_free(gpointer data) {
    HoldersMove *asked = data;
    g_free(asked->code);
    g_free(asked->move);
    g_free(asked->comment);
    json_decref(asked->fields);
    g_free(asked);
}

static gboolean move_job(Sql *sql, const House *house, const Identity *identity, gint64 now_ms,
                         gpointer data, json_t **answer, GError **error) {
    const HoldersMove *asked = data;
    (void)identity;
    json_t *receipt = receipt_move(sql, house->packs, asked->code, asked->move, asked->fields,
                                   asked->comment, now_ms, error);
    json_decref(receipt);
    *answer = receipt ? find(sql, house->packs, asked->code, now_ms, error) : NULL;
    return *answer != NULL;
}

/* Counts the files before the code is looked at, so it tells nothing of codes. */
static gboolean few_files(json_t *fields, GError **error) {
    enum { FILES_MAX = 3 };
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value) if (json_array_size(value) >
                                                 FILES_MAX) return error_set(error,
                                                                             ERROR_FIELD_RANGE,
                                                                             name, "0..3", NULL);
    return TRUE;
}

void api_receipt_move(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *body = request_json(request, &error), *fields;
    const char *comment;
    if (body && read_move(body, &fields, &comment, &error) && few_files(fields, &error)) {
        HoldersMove *asked = g_new0(HoldersMove, 1);
        *asked =
            (HoldersMove){g_strdup(request_part(request, 0)), g_strdup(request_part(request, 1)),
                          g_strdup(comment), fields ? json_incref(fields) : json_object()};
        house_write_once(request, NULL, NULL, 200, move_job, asked, holders_move_free);
    } else {
        respond_error(request, error);
    }
    json_decref(body);
}
