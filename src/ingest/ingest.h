/* ingest.h - the role: RTMP publishers in, numbered segments out to packagers */
#pragma once

#include "http/server.h"
#include "ingest/gate.h"
#include "ingest/stream.h"
#include "rtmp/listener.h"

G_BEGIN_DECLS

#define US_INGEST_DRAIN_MS 3000

typedef struct {
  UsRtmpListenerSettings rtmp;
  guint segment_duration_ms;     /* wanted; real ones end at key frames */
  guint target_duration_s;       /* EXT-X-TARGETDURATION, 0: measured from the first segment */
  guint playlist_length;         /* segments in a playlist: what must stay in the ring */
  const char *state_dir;         /* (nullable): where numbering is kept */
  const char *const *relay_urls; /* (nullable): packagers, rtmp://host:port[/app] */
  const char *const *push_urls;  /* (nullable): other RTMP servers, as routes (base/route.h) */
  GTlsDatabase
      *push_authorities;       /* (nullable): of rtmps:// servers among them; NULL: the system's */
  guint takeover_silence_ms;   /* an old session silent so long loses its key to a new one */
  guint max_publishers;        /* of one stream at the same time */
  guint patience_ms;           /* how far behind the one that feeds a stream may be */
  UsContestSettings contest;   /* between the publishers of one stream */
  guint max_streams;           /* published or lingering at the same time */
  const char *default_stream;  /* for a publisher that names none */
  UsGateSettings gate;         /* its default_stream is filled in */
  const char *certificate;     /* (nullable): file; RTMPS is served at rtmp.tls_address */
  const char *certificate_key; /* file */
  gsize max_memory_bytes;      /* of all streams and connections, 0: no limit */
  gsize ring_max_bytes;        /* per stream */
  UsHttpServerSettings status; /* /healthz and /metrics */
} UsIngestSettings;

typedef struct UsIngest UsIngest;

void us_ingest_settings_default (UsIngestSettings *settings);
UsIngest *us_ingest_new (const UsIngestSettings *settings, const UsClock *clock,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_ingest_get_rtmp_port (UsIngest *ingest);
guint16 us_ingest_get_rtmps_port (UsIngest *ingest);
guint16 us_ingest_get_status_port (UsIngest *ingest);
void us_ingest_reload (UsIngest *ingest);
void us_ingest_drain (UsIngest *ingest, void (*done) (gpointer user_data), gpointer user_data);
void us_ingest_free (UsIngest *ingest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsIngest, us_ingest_free)

G_END_DECLS
