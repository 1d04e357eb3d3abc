/* The thread that saves what is known of the gateways (signal/gateways.h) every half minute and at
 * the end. */
#pragma once
#include "signal/gateways.h"
#include "store/writer.h"

typedef struct GatewayKeeper GatewayKeeper;
GatewayKeeper *gateway_keeper_start(Gateways *gateways, Writer *samples, Clock *clock);
void gateway_keeper_stop(GatewayKeeper *keeper); /* saves once more; before the writer is freed */
