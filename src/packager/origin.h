/* origin.h - serves the HLS of one packager over HTTP, from memory */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

typedef struct UsOrigin UsOrigin;

typedef struct {
  UsHttpServerSettings http;
  const char *default_stream; /* also served right under /hls/ */
  guint unknown_stream_ms;    /* how long a request for an unknown stream is held */
} UsOriginSettings;

void us_origin_settings_default (UsOriginSettings *settings);

/* UsOriginStream: what is served of one stream; everything is copied or referenced. */
typedef struct {
  const char *name;
  const char *playlist_name; /* "index.m3u8" */
  GBytes *playlist;          /* (nullable) */
  const GPtrArray *segments; /* element-type UsSegment: all that must answer */
  guint64 last_number;
  guint target_duration_s;
  const char *unavailable; /* (nullable) self-verdict, a static sentence */
} UsOriginStream;

UsOrigin *us_origin_new (const UsOriginSettings *settings,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For routes of the owner (health, metrics), before us_origin_start(). */
UsHttpServer *us_origin_get_server (UsOrigin *origin);
gboolean us_origin_start (UsOrigin *origin, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_origin_set_stream (UsOrigin *origin, const UsOriginStream *stream);
void us_origin_remove_stream (UsOrigin *origin, const char *name, const char *playlist_name);
void us_origin_free (UsOrigin *origin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsOrigin, us_origin_free)

G_END_DECLS
