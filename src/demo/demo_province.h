/* Makes the demo province in a data directory: regions, organisations, enterprises with their
 * units, equipment, points and gateways, people, and hidden hazards in every state, all through the
 * doors of record/, so rights, rules, clocks and journal are those of real records.
 *
 * Everything but the regions is made up. It takes a few seconds, once: what is complete is left
 * alone, what was broken off is completed at the next start. */
#pragma once
#include "app/app.h"

/* Every demo login has this password; it is printed, shown on the log-in page and meant for nothing
 * else. */
#define DEMO_PASSWORD "anlan-demo"

/* After app_open, before app_start. *logins: JSON array of
 * {"login","password","title","role","enterprise"}, new reference. Refuses a directory made with
 * another seed. */
gboolean demo_build(App *app, const char *demo_dir, guint64 seed, json_t **logins, GError **error);
