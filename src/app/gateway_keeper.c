#include "app/gateway_keeper.h"

#include "base/bell.h"
#include "base/log.h"

enum { SAVE_MS = 30000 };

struct GatewayKeeper {
    Gateways *gateways;
    Writer *samples;
    Clock *clock;
    pthread_t thread;
    Bell bell;
};

static gboolean save_job(Sql *sql, gpointer data, GError **error) {
    GatewayKeeper *keeper = data;
    return gateways_save(keeper->gateways, sql, clock_now(keeper->clock), error);
}

static void save(GatewayKeeper *keeper) {
    g_autoptr(GError) error = NULL;
    gboolean good = writer_run(keeper->samples, save_job, keeper, &error);
    gateways_saved(keeper->gateways, good);
    if (!good)
        log_error("gateway", error, "saving what is known of the gateways (tried again)");
}

static void *keeper_thread(void *data) {
    GatewayKeeper *keeper = data;
    do
        save(keeper);
    while (bell_wait(&keeper->bell, SAVE_MS) != BELL_STOPPED);
    save(keeper);
    return NULL;
}

GatewayKeeper *gateway_keeper_start(Gateways *gateways, Writer *samples, Clock *clock) {
    GatewayKeeper *keeper = g_new0(GatewayKeeper, 1);
    keeper->gateways = gateways;
    keeper->samples = samples;
    keeper->clock = clock;
    bell_init(&keeper->bell);
    int code = pthread_create(&keeper->thread, NULL, keeper_thread, keeper);
    g_assert(code == 0);
    return keeper;
}

void gateway_keeper_stop(GatewayKeeper *keeper) {
    if (keeper == NULL)
        return;
    bell_stop(&keeper->bell);
    pthread_join(keeper->thread, NULL);
    bell_clear(&keeper->bell);
    g_free(keeper);
}
