/* ctl-desk.h - what `understudy ctl` asks of the operations desk */
#pragma once

#include "commands/ctl-http.h"

G_BEGIN_DECLS

/* UsCtlDeskOrder: plain; strings borrowed.
 * @subject: (nullable): a URL or an id, as the verb wants
 * @name: "": none; @why: "": none */
typedef struct {
  const char *verb, *subject, *name, *why;
  gboolean is_json;
} UsCtlDeskOrder;

gboolean us_ctl_desk_knows (const char *verb);
char *us_ctl_desk_give (UsCtlHttp *http, const UsCtlDeskOrder *order,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Pure: texts in, texts out. */
char *us_ctl_desk_print (const char *verb, const char *json, gint64 now_us);
GBytes *us_ctl_desk_body (const UsCtlDeskOrder *order);

G_END_DECLS
