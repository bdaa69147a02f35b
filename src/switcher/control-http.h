/* control-http.h - the control API: paths and JSON in, commands and JSON out */
#pragma once

#include "http/door.h"
#include "http/server.h"
#include "switcher/control.h"
#include "switcher/overview.h"

G_BEGIN_DECLS

#define US_CONTROL_HTTP_MAX_BODY 4096
#define US_CONTROL_HTTP_PREFIX "/control/"

/* UsControlHttp: plain, filled by the console, which owns the parts. */
typedef struct {
  UsControl *control;
  UsDoor *door;
  UsOverview overview;
  gint64 refused_us; /* when a refusal at the door was last logged; 0: never */
  guint n_refused;   /* since then */
} UsControlHttp;

void us_control_http_handle (UsControlHttp *self, const UsHttpRequest *request,
                             UsHttpResponse *response);

/* What the body of a POST says; strings point into @json, which is owned. */
typedef struct {
  gpointer json;
  UsControlRequest request;
} UsControlBody;
void us_control_body_clear (UsControlBody *body);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsControlBody, us_control_body_clear)
gboolean us_control_body_read (UsControlBody *body, UsControlVerb verb, GBytes *bytes,
                               UsHttpResponse *response) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
