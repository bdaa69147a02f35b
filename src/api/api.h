/* api.h - the REST interface of the operations desk: data/openapi.yaml is its contract */
#pragma once

#include "desk/desk.h"
#include "http/server.h"

G_BEGIN_DECLS

/* UsApiSettings: strings are copied.
 * @token_file: (nullable): tokens as [control] reads them; without: writing from loopback only
 * @is_reading_open: reading needs no token, wherever it comes from; else as writing does
 * @cors_origin: (nullable): "*" or one origin that browsers may call from */
typedef struct {
  const char *token_file;
  gboolean is_reading_open;
  const char *cors_origin;
  const char *web_dir;  /* nullable: folder that takes the place of the built-in web interface */
  const char *desk_url; /* nullable: where people find the desk; its host may be asked for */
} UsApiSettings;

typedef struct UsApi UsApi;
/* Adds its routes to @server, which is not started yet. */
UsApi *us_api_new (const UsApiSettings *settings, UsDesk *desk, UsHttpServer *server,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_api_free (UsApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsApi, us_api_free)

G_END_DECLS
