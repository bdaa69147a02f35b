/* settings.h - what the switcher's parts share: addresses, patience, clock and clients */
#pragma once

#include <string.h>

#include "base/clock.h"
#include "http/client.h"
#include "switcher/policy.h"

G_BEGIN_DECLS

/* UsOriginAccess: how the two origins are reached. Owned by the UsSwitcher, outlives its streams.
 */
typedef struct {
  UsHttpClient *client;
  const UsClock *clock;
  char *base_url[US_N_ORIGINS]; /* "http://host:8081/hls", no slash at the end */
  char *playlist_path; /* "index.m3u8" or "live/index.m3u8", below these or a stream's name */
  UsPolicySettings policy;
  guint playlist_length;
  gsize max_segment_bytes;   /* of one segment; a larger one is refused before it is in memory */
  gboolean has_self_verdict; /* playlists answer 503 while no origin can be reached */
  gboolean is_standby_off;   /* a foreign twin's segments are not fetched before its turn */
} UsOriginAccess;

/* The playlist's own name, without the folder that it is in. */
static inline const char *
us_origin_playlist_name (const UsOriginAccess *access) {
  const char *slash = strrchr (access->playlist_path, '/');
  return slash != NULL ? slash + 1 : access->playlist_path;
}

G_END_DECLS
