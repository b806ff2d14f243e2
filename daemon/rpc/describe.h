/* describe.h: everything that a client can ask for, as data: from the same tables that check it. */
#ifndef RPC_DESCRIBE_H
#define RPC_DESCRIBE_H

#include "daemon/rpc/rpc.h"

/* describe_write: {api, methods, kernels, plan}.
 *   kernels  a list of {name, role, kind, version, help, params}; a parameter is {name, type, unit, default, min, max,
 *            step, choices, help, required, since}
 *   plan     a list of {name, fields}: plan, canvas, layer, node */
void describe_write(const struct rpc *rpc, struct px_writer *writer);

#endif
