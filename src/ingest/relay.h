/* relay.h - pushes one stream to one RTMP server at that server's own pace */
#pragma once

#include <gio/gio.h>

#include "ingest/segmenter.h"

G_BEGIN_DECLS

#define US_RELAY_TIMEOUT_MS 5000

typedef enum {
  US_RELAY_IDLE,       /* nothing published, nothing owed */
  US_RELAY_CONNECTING, /* until the server lets us publish */
  US_RELAY_STREAMING,
  US_RELAY_FINISHING, /* all sent, orderly end under way */
  US_RELAY_WAITING,   /* for the next try */
} UsRelayState;

typedef struct {
  UsRelayState state;
  guint queue_segments; /* in the ring but not sent yet */
  guint64 lost_segments, reconnects, sent_segments;
} UsRelayStats;

/* UsRelayTarget: where a stream goes.
 * @url: as it is set; for all streams it is filled in, or their name appended
 * @name: under which status and metrics know it, without anything secret */
typedef struct {
  const char *url, *name;
  gboolean has_marks;        /* a packager of ours */
  gboolean is_complete;      /* @url names one stream's place: nothing is appended */
  GTlsDatabase *authorities; /* (nullable): who may sign an rtmps:// server's certificate */
} UsRelayTarget;

typedef struct UsRelay UsRelay;

UsRelay *us_relay_new (const UsRelayTarget *target, const char *stream, UsSegmenter *segmenter);
void us_relay_begin (UsRelay *relay);
void us_relay_pump (UsRelay *relay);
void us_relay_end (UsRelay *relay);
void us_relay_stop (UsRelay *relay);
const char *us_relay_get_name (const UsRelay *relay);
void us_relay_get_stats (const UsRelay *relay, UsRelayStats *stats);
const char *us_relay_state_to_string (UsRelayState state);
void us_relay_free (UsRelay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRelay, us_relay_free)

G_END_DECLS
