/* stream.h - one published stream: who publishes it, its segments, and where they go */
#pragma once

#include "ingest/contender.h"
#include "ingest/rates.h"
#include "ingest/relay.h"
#include "ingest/truth-watch.h"
#include "rtmp/connection.h"

G_BEGIN_DECLS

#define US_STREAM_LINGER_MS 60000   /* kept after its end, for targets that come back late */
#define US_STREAM_GATHER_MS 100     /* relays write at most so often between segment boundaries */
#define US_STREAM_MAX_PUBLISHERS 16 /* of one stream, whatever the setting says */

typedef struct {
  UsSegmenterSettings segmenter;
  const char *const *relay_urls;  /* (nullable): packagers, with marks */
  const char *const *push_urls;   /* (nullable): any other server, as routes (base/route.h) */
  GTlsDatabase *push_authorities; /* (nullable): of rtmps:// servers among them */
  guint takeover_silence_ms;
  guint max_publishers; /* connected at the same time, one of which feeds the stream */
  guint patience_ms;    /* how far behind the one that feeds may be, while another is in time */
  UsContestSettings contest;
} UsStreamSettings;

typedef struct UsStream UsStream;

/* UsSession: one RTMP connection; owned by the role, which frees it when the connection closed. */
typedef struct {
  UsRtmpConnection *connection;
  UsStream *stream; /* nullable: publishing or held on it */
  char *peer, *encoder;
  char *enhanced;       /* what the encoder knows of Enhanced RTMP, for people; "": nothing */
  guint priority;       /* of its key: 0 is best, and what everybody has without keys */
  char *key_id;         /* (nullable): which key; fit for logs, the key itself is not */
  gint64 arrived_us;    /* publish asked for */
  gint64 since_us;      /* publish accepted, 0: not yet */
  gint64 last_media_us; /* on the role's clock */
  gpointer owner;       /* the role */
} UsSession;

typedef struct {
  guint64 publishes_total, takeovers_total, refused_total, faults_total;
  guint64 switches_total[US_CONTEST_N]; /* by reason */
} UsStreamCounts;

/* UsStreamPublisher: what status says of one of a stream's publishers. */
typedef struct {
  const UsSession *session;
  gboolean is_active; /* feeds the stream; else it stands by */
  gint64 silent_ms, behind_ms;
  gsize kept_bytes; /* received and kept for a change of sides */
  const UsRates *rates;
} UsStreamPublisher;

UsStream *us_stream_new (const char *name, const UsStreamSettings *settings, UsState *state,
                         const UsClock *clock);
void us_stream_publish (UsStream *stream, UsSession *session);
void us_stream_media (UsStream *stream, UsSession *session, UsRtmpMessage *message);
void us_stream_session_closed (UsStream *stream, UsSession *session, const char *reason);
void us_stream_close_publisher (UsStream *stream, const char *reason);
void us_stream_tick (UsStream *stream);
gboolean us_stream_is_expired (UsStream *stream);
gboolean us_stream_is_drained (UsStream *stream);
const char *us_stream_get_name (UsStream *stream);
UsSegmenter *us_stream_get_segmenter (UsStream *stream);
const UsSession *us_stream_get_session (UsStream *stream);
guint us_stream_get_n_publishers (UsStream *stream);
void us_stream_get_publisher (UsStream *stream, guint index, UsStreamPublisher *publisher);
char *us_stream_explain_publisher (UsStream *stream, guint index);
gsize us_stream_get_kept_bytes (UsStream *stream);
GPtrArray *us_stream_get_relays (UsStream *stream);
void us_stream_get_truth (UsStream *stream, UsTruthReport *report);
void us_stream_get_counts (UsStream *stream, UsStreamCounts *counts);
void us_stream_free (UsStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStream, us_stream_free)

G_END_DECLS
