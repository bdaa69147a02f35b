/* rows.h - what the database keeps, as plain values */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Times are microseconds since the epoch; 0: not yet. Text is owned by its row; words of states,
 * kinds and checks are the modules' business. */

typedef struct {
  char *id; /* "INC-1A2B3C4D" */
  char *stream, *stream_name;
  char *state;       /* "open", "acknowledged", "recovering", "resolved" */
  char *fingerprint; /* stream and leading check */
  char *health;      /* the worst it came to */
  char *reason;      /* when it opened */
  char *cause;       /* JSON object, see incident/cause.h */
  char *snapshot;    /* JSON object: the state of the stream when it opened */
  char *acknowledged_by;
  gint64 opened_us, acknowledged_us, recovering_us, resolved_us, updated_us;
  guint n_reopened;
  gboolean is_flapping;
} UsIncidentRow;

typedef struct {
  gint64 id; /* 0 before it is written */
  char *stream, *kind, *severity, *source, *text;
  char *data, *incident, *thumbnail; /* nullable */
  int rendition;
  gint64 wall_us;
} UsEventRow;

typedef struct {
  gint64 id;
  char *stream, *check, *severity, *text;
  int rendition;
  double value, limit; /* NAN: none */
  gint64 first_us, last_us, closed_us;
  guint count;
} UsFindingRow;

typedef struct {
  gint64 id;
  char *incident, *author, *text;
  gint64 wall_us;
} UsNoteRow;

/* UsRollupRow: one minute of one stream; times in seconds, NAN: no sample. */
typedef struct {
  char *stream;
  gint64 minute_us; /* its beginning */
  guint n_segments, n_segment_errors, n_playlists, n_playlist_errors;
  double ttfb_avg, ttfb_p95, ttfb_max, ratio_avg, ratio_min, latency_avg;
  guint64 bytes;
  char *health;                                         /* the worst of the minute */
  double healthy_s, degraded_s, unhealthy_s, no_data_s; /* of the minute */
  gboolean is_maintenance;
} UsRollupRow;

/* UsRollupSum: the minutes of a stretch of time, taken together; times in seconds, NAN: no sample.
 * Means are weighted by the segments that came, at least one in each minute; extremes are kept. */
typedef struct {
  gint64 at_us, last_us; /* begin of the stretch, and of its last minute */
  guint n_segments, n_segment_errors, n_playlists, n_playlist_errors;
  guint64 bytes;
  double ttfb_avg, ttfb_min, ttfb_max, ratio_avg, ratio_min, ratio_max, latency_avg;
  guint n_ttfb, n_ratio, n_latency; /* the weights behind the means */
  double healthy_s, degraded_s, unhealthy_s, no_data_s;
} UsRollupSum;

typedef struct {
  char *id;
  char *stream;
  gint64 wall_us;
  guint width, height;
  char *reason; /* "interval", "finding", "switch-before", "switch-after" ... */
  GBytes *jpeg; /* nullable in lists */
} UsThumbnailRow;

typedef struct {
  gint64 id;
  char *message; /* webhook-id: the same on every try */
  char *channel, *target, *event, *incident;
  guint attempt, status; /* HTTP status; 0: none */
  char *outcome;         /* "delivered", "failed: refused", "gave up", "disabled" */
  gint64 wall_us;
} UsDeliveryRow;

/* UsOutgoingRow: a message that its receiver has not taken yet. */
typedef struct {
  char *message; /* webhook-id: the same on every try, over restarts too */
  char *target;  /* digest of the receiver's URL, which may be a secret */
  char *event, *incident;
  char *body;
  guint attempt;  /* tries up to now */
  gint64 wall_us; /* when it was to be told first */
} UsOutgoingRow;

void us_incident_row_copy (UsIncidentRow *to, const UsIncidentRow *from);
void us_incident_row_clear (UsIncidentRow *row);
void us_event_row_clear (UsEventRow *row);
void us_finding_row_clear (UsFindingRow *row);
void us_note_row_clear (UsNoteRow *row);
void us_rollup_row_clear (UsRollupRow *row);
void us_thumbnail_row_clear (UsThumbnailRow *row);
void us_delivery_row_clear (UsDeliveryRow *row);
void us_outgoing_row_clear (UsOutgoingRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsIncidentRow, us_incident_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsEventRow, us_event_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsFindingRow, us_finding_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsNoteRow, us_note_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsRollupRow, us_rollup_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsThumbnailRow, us_thumbnail_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsDeliveryRow, us_delivery_row_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsOutgoingRow, us_outgoing_row_clear)

G_END_DECLS
