/* The shifts in the control rooms, played: a thread that looks at the alarm desk every ten seconds
 * and acknowledges most alarms some minutes after they came, each as the operator of its own plant,
 * through the public API. Without it nobody would, and every alarm of the demo would stay on the
 * desk. The plants of the demo's own logins are left to the visitor for an hour; some alarms are
 * left lying everywhere. */
#pragma once
#include "base/clock.h"
#include "demo/demo_key.h"
#include "demo/province_plan.h"

typedef struct Crew Crew;
/* Borrows the plan and the clock; copies the key. */
Crew *crew_start(const char *url, const ProvincePlan *plan, const DemoKey *key, Clock *clock,
                 GError **error);
void crew_stop(Crew *crew);

/* How long an alarm waits for its acknowledgement; a function of its id. G_MAXINT64: nobody comes.
 */
gint64 crew_patience_ms(const char *alarm_id, gboolean visitors_plant);
