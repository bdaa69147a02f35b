/* pending.h - an answer that comes later: between a handler and the job that waits for it */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

/* Called once, in the main context, when there is something to send: see
 * us_http_pending_take(). */
typedef void (*UsHttpPendingDone) (UsHttpPending *pending, gpointer user_data);

void us_http_pending_watch (UsHttpPending *pending, GMainContext *context, UsHttpPendingDone done,
                            gpointer user_data);
void us_http_pending_take (UsHttpPending *pending, UsHttpResponse *response);
void us_http_pending_unref (UsHttpPending *pending);

G_END_DECLS
