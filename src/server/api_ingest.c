/* The sample doors: Influx line protocol and JSON. A batch is answered when its good samples are
 * durable; bad ones are listed. */
#include "device/line_protocol.h"
#include "device/sample_json.h"
#include "server/house.h"

#include <stdatomic.h>
#include <string.h>
#include <zlib.h>

enum {
    LISTED_MAX = 100,
    SHOWN_BYTES = 80,
    BODY_MAX = 8 << 20,
    DEVICE_CACHE_MS = 5000,
    DEVICE_CACHE_MAX = 10000
};

/* ---- who writes ---- */

typedef struct {
    gint64 until_ms;
    gboolean all;
    char device[68];     /* code; packs/core allows 64 characters */
    char enterprise[64]; /* code; packs/core allows 18 characters */
} DeviceEntry;

static char *device_token(Request *request) {
    static const char *const schemes[] = {"Token ", "Bearer "};
    const char *header = request_header(request, "Authorization");
    for (gsize i = 0; header && i < G_N_ELEMENTS(schemes); i++)
        if (g_ascii_strncasecmp(header, schemes[i], strlen(schemes[i])) == 0)
            return g_strdup(header + strlen(schemes[i]));
    g_autofree char *login = NULL;
    char *password = NULL;
    basic_read(header, &login, &password);
    return password ? password : g_strdup(request_query(request, "p"));
}

/* The device behind the token. What was looked up is believed for five seconds. */
static const DeviceEntry *find_device(Request *request, GError **error) {
    HouseWorker *worker = worker_of(request);
    g_autofree char *token = device_token(request);
    gint64 now_ms = house_now(request);
    const DeviceEntry *known = token ? g_hash_table_lookup(worker->devices, token) : NULL;
    if (known && known->until_ms > now_ms)
        return known;
    g_autofree char *device = NULL, *enterprise = NULL;
    if (token == NULL) {
        error_set(error, ERROR_TOKEN, NULL, NULL);
        return NULL;
    }
    if (!device_token_find(worker->records, house_of(request)->packs, token, &device, &enterprise,
                           error))
        return NULL;
    if (g_hash_table_size(worker->devices) >= DEVICE_CACHE_MAX)
        g_hash_table_remove_all(worker->devices);
    DeviceEntry *entry = g_new0(DeviceEntry, 1);
    entry->until_ms = now_ms + DEVICE_CACHE_MS;
    entry->all = enterprise == NULL;
    g_strlcpy(entry->device, device, sizeof entry->device);
    g_strlcpy(entry->enterprise, enterprise ? enterprise : "", sizeof entry->enterprise);
    g_hash_table_insert(worker->devices, g_steal_pointer(&token), entry);
    return entry;
}

/* ---- one batch ---- */

typedef struct {
    Request *request;
    char device[68]; /* "": not known */
    gint64 received_ms, newest_ms;
    json_t *listed;
    guint64 refused, accepted;
} Ingest;

static void note_refusal(gpointer data, const Refusal *refusal) {
    Ingest *ingest = data;
    atomic_fetch_add(&house_of(ingest->request)->sample_refusals[error_kind(refusal->error)], 1);
    if (json_array_size(ingest->listed) >= LISTED_MAX)
        return;
    g_autofree char *detail = error_detail(refusal->error, LANG_ZH),
                    *detail_en = error_detail(refusal->error, LANG_EN);
    g_autofree char *hint = error_hint(refusal->error, LANG_ZH);
    g_autofree char *cut =
                        g_strndup(refusal->text ? refusal->text : "", MIN(refusal->n, SHOWN_BYTES)),
                    *shown = g_utf8_make_valid(cut, -1);
    json_array_append_new(ingest->listed,
                          json_pack("{s:i, s:s, s:s*, s:s, s:s, s:s, s:s}", "line",
                                    (int)refusal->line, "id", error_id(refusal->error), "field",
                                    error_field(refusal->error), "detail", detail, "detail_en",
                                    detail_en, "hint", hint, "text", shown));
}

static void answer_partial(Ingest *ingest) {
    g_autoptr(GError) error = NULL;
    g_autofree char *accepted = g_strdup_printf("%" G_GUINT64_FORMAT, ingest->accepted);
    g_autofree char *refused = g_strdup_printf("%" G_GUINT64_FORMAT, ingest->refused);
    error_set(&error, ERROR_PARTIAL, NULL, accepted, refused, NULL);
    /* "error" is where Influx clients look: with "partial write" in it they do not send the batch
     * again. */
    respond_problem(ingest->request, error,
                    json_pack("{s:I, s:I, s:o, s:s}", "accepted", (json_int_t)ingest->accepted,
                              "refused_count", (json_int_t)ingest->refused, "refused",
                              g_steal_pointer(&ingest->listed), "error", error->message));
}

static void ingest_done(gpointer data, const GError *error) {
    Ingest *ingest = data;
    if (ingest->device[0])
        gateways_heard(house_of(ingest->request)->gateways, ingest->device, ingest->received_ms,
                       ingest->newest_ms, error ? 0 : (guint)ingest->accepted,
                       (guint)ingest->refused);
    atomic_fetch_add(house_of(ingest->request)->samples_refused, ingest->refused);
    if (error)
        respond_error(ingest->request, error);
    else if (ingest->refused)
        answer_partial(ingest);
    else
        respond_empty(ingest->request, 204);
    json_decref(ingest->listed);
    g_free(ingest);
}

/* Inflates a gzip body, never beyond the limit of plain ones. It may have several members (RFC
 * 1952): each is read, or what stands in the later ones would be acknowledged and lost. */
static gboolean inflate_body(const char *bytes, gsize n, GByteArray *out, GError **error) {
    z_stream z = {0};
    enum { GZIP = 15 + 16, STEP = 256 * 1024 };
    int code = inflateInit2(&z, GZIP);
    g_assert(code == Z_OK);
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)n;
    while (code == Z_OK && out->len <= BODY_MAX) {
        guint had = out->len;
        g_byte_array_set_size(out, had + STEP);
        z.next_out = out->data + had;
        z.avail_out = STEP;
        code = inflate(&z, Z_NO_FLUSH);
        g_byte_array_set_size(out, had + STEP - z.avail_out);
        if (code == Z_STREAM_END && z.avail_in > 0)
            code = inflateReset(&z);
    }
    inflateEnd(&z);
    if (out->len > BODY_MAX)
        return error_set(error, ERROR_BODY_TOO_LARGE, NULL, "8388608", NULL);
    return code == Z_STREAM_END || error_set(error, ERROR_REQUEST, "Content-Encoding",
                                             "the gzip body is broken", "send it again", NULL);
}

static gboolean read_precision(Request *request, gint64 *unit_ns, GError **error) {
    static const struct {
        const char *name;
        gint64 unit_ns;
    } units[] = {{"ns", 1},   {"n", 1},        {"us", 1000},
                 {"u", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    const char *name = request_query(request, "precision");
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (name == NULL || g_str_equal(units[i].name, name)) {
            *unit_ns = units[i].unit_ns;
            return TRUE;
        }
    return error_set(error, ERROR_REQUEST, "precision", "unknown precision", "ns, us, ms or s",
                     NULL);
}

typedef enum { FORMAT_LINE, FORMAT_JSON } Format;

static gboolean read_samples(Ingest *ingest, const SampleDoor *door, Format format,
                             const char *bytes, gsize n, SampleBatch *batch, GError **error) {
    if (format == FORMAT_JSON)
        return sample_json_read(door, bytes, n, batch, &ingest->refused, error);
    ingest->refused = line_protocol_read(door, bytes, n, batch);
    return TRUE;
}

static void give_batch(Ingest *ingest, SampleBatch *batch_take) {
    g_autoptr(GError) error = NULL;
    ingest->accepted = batch_take->n;
    ingest->newest_ms = sample_batch_newest(batch_take);
    batch_take->backlog = batch_take->n > 0 &&
                          gateways_is_backlog(house_of(ingest->request)->gateways, ingest->device,
                                              ingest->received_ms, ingest->newest_ms);
    if (batch_take->n == 0) {
        sample_batch_free(batch_take);
        ingest_done(ingest, NULL);
    } else if (!pipeline_push(house_of(ingest->request)->pipeline, batch_take, ingest_done, ingest,
                              &error)) {
        ingest_done(ingest, error);
    }
}

static void ingest(Request *request, Format format) {
    g_autoptr(GError) error = NULL;
    gint64 began_us = g_get_monotonic_time();
    Ingest *job = g_new0(Ingest, 1);
    job->request = request;
    job->listed = json_array();
    SampleBatch *batch = sample_batch_new(1024);
    g_autoptr(GByteArray) plain = g_byte_array_new();
    gsize n;
    const char *bytes = request_body(request, &n);
    const char *encoding = request_header(request, "Content-Encoding");
    const DeviceEntry *device = find_device(request, &error);
    SampleDoor door = {.table = house_of(request)->points,
                       .enterprise = device && !device->all ? device->enterprise : NULL,
                       .now_ms = house_now(request),
                       .refused = note_refusal,
                       .data = job};
    gboolean good = device && read_precision(request, &door.unit_ns, &error);
    if (good && encoding && g_ascii_strcasecmp(encoding, "gzip") == 0) {
        good = inflate_body(bytes, n, plain, &error);
        bytes = (const char *)plain->data;
        n = plain->len;
    }
    batch->received_ms = job->received_ms = door.now_ms;
    g_strlcpy(job->device, device ? device->device : "", sizeof job->device);
    if (good && read_samples(job, &door, format, bytes, n, batch, &error)) {
        histogram_add(&house_of(request)->read_time, g_get_monotonic_time() - began_us, 1);
        give_batch(job, batch);
        return;
    }
    sample_batch_free(batch);
    ingest_done(job, error);
}

void api_write_line(Request *request) { ingest(request, FORMAT_LINE); }

void api_write_json(Request *request) { ingest(request, FORMAT_JSON); }
