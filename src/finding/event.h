/* event.h - one line of a stream's timeline */
#pragma once

#include "finding/check.h"

G_BEGIN_DECLS

/* The words of the first five are those that programs of the first generation know. */
typedef enum {
  US_EVENT_SEGMENT_OK,
  US_EVENT_SEGMENT_ERROR,
  US_EVENT_HEALTH_CHANGE,
  US_EVENT_INCIDENT_OPENED,
  US_EVENT_INCIDENT_ACKNOWLEDGED,
  US_EVENT_INCIDENT_RECOVERING,
  US_EVENT_INCIDENT_RESOLVED,
  US_EVENT_INCIDENT_REOPENED,
  US_EVENT_CAUSE_CHANGED,
  US_EVENT_NOTE,
  US_EVENT_PLAYLIST_ERROR,
  US_EVENT_FINDING_OPENED,
  US_EVENT_FINDING_CLOSED,
  US_EVENT_LADDER_CHANGED,
  US_EVENT_THUMBNAIL,
  US_EVENT_STREAM_ADDED,
  US_EVENT_STREAM_PAUSED,
  US_EVENT_STREAM_RESUMED,
  US_EVENT_MAINTENANCE,
  US_EVENT_PUBLISHER, /* came, went, took over: our own streams, as the next three */
  US_EVENT_PACKAGER,  /* started, restarted, gone, without input */
  US_EVENT_ORIGIN,    /* changed its state at the switcher */
  US_EVENT_SWITCHED,  /* viewers get another origin's segments */
  US_EVENT_ORDER,     /* hold, force, drain ... by a person or program */
  US_N_EVENTS,
} UsEventKind;

const char *us_event_word (UsEventKind kind);
gboolean us_event_from_word (const char *word, UsEventKind *kind);

/* UsEvent: @data is a JSON object as text (kept small), NULL: none. */
typedef struct {
  guint64 id;     /* rising over restarts; given by the store, 0 before */
  char *stream;   /* id of the stream; owned, as all text */
  gint64 wall_us; /* when it happened, since the epoch */
  UsEventKind kind;
  UsSeverity severity;
  int rendition;   /* US_FINDING_WHOLE: none */
  char *source;    /* "probe", "ingest", "packager-primary", "switcher", "operator", "desk" */
  char *text;      /* one plain sentence */
  char *data;      /* nullable */
  char *incident;  /* nullable */
  char *thumbnail; /* nullable: id of a picture of about that time */
} UsEvent;

#define US_EVENT_MAX_TEXT 1024
#define US_EVENT_MAX_DATA 8192

UsEvent *us_event_new (const char *stream, gint64 wall_us, UsEventKind kind, UsSeverity severity,
                       const char *source, const char *text_format, ...) G_GNUC_PRINTF (6, 7);
UsEvent *us_event_copy (const UsEvent *event);
void us_event_free (UsEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsEvent, us_event_free)

G_END_DECLS
