/* event.c - one line of a stream's timeline
 *
 * A plain value; belongs to who made it. Text comes from peers as well, so it is cut to its limit
 * and made valid UTF-8 here, once.
 */
#include "finding/event.h"

#include "finding/finding.h"

#include <string.h>

static const char *const words[US_N_EVENTS] = {
  [US_EVENT_SEGMENT_OK] = "segment_ok",
  [US_EVENT_SEGMENT_ERROR] = "segment_error",
  [US_EVENT_HEALTH_CHANGE] = "health_change",
  [US_EVENT_INCIDENT_OPENED] = "incident_opened",
  [US_EVENT_INCIDENT_ACKNOWLEDGED] = "incident_acknowledged",
  [US_EVENT_INCIDENT_RECOVERING] = "incident_recovering",
  [US_EVENT_INCIDENT_RESOLVED] = "incident_resolved",
  [US_EVENT_INCIDENT_REOPENED] = "incident_reopened",
  [US_EVENT_CAUSE_CHANGED] = "cause_changed",
  [US_EVENT_NOTE] = "note",
  [US_EVENT_PLAYLIST_ERROR] = "playlist_error",
  [US_EVENT_FINDING_OPENED] = "finding_opened",
  [US_EVENT_FINDING_CLOSED] = "finding_closed",
  [US_EVENT_LADDER_CHANGED] = "ladder_changed",
  [US_EVENT_THUMBNAIL] = "thumbnail",
  [US_EVENT_STREAM_ADDED] = "stream_added",
  [US_EVENT_STREAM_PAUSED] = "stream_paused",
  [US_EVENT_STREAM_RESUMED] = "stream_resumed",
  [US_EVENT_MAINTENANCE] = "maintenance",
  [US_EVENT_PUBLISHER] = "publisher",
  [US_EVENT_PACKAGER] = "packager",
  [US_EVENT_ORIGIN] = "origin",
  [US_EVENT_SWITCHED] = "switch",
  [US_EVENT_ORDER] = "order",
};

/**
 * us_event_word:
 *
 * Returns: its name in API, database and documents: "segment_ok"
 */
const char *
us_event_word (UsEventKind kind) {
  return words[kind];
}

/**
 * us_event_from_word:
 * @word: (nullable)
 * @kind: (out)
 *
 * Returns: %FALSE when there is no such kind
 */
gboolean
us_event_from_word (const char *word, UsEventKind *kind) {
  for (UsEventKind i = 0; i < US_N_EVENTS; i++) {
    if (g_strcmp0 (word, words[i]) == 0) {
      *kind = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* At most @max bytes of valid UTF-8, cut between characters. */
static char *
bounded (char *text, gsize max) {
  g_autofree char *given = text;
  gsize length = strlen (given);
  if (length > max) {
    const char *end = g_utf8_find_prev_char (given, given + max + 1);
    length = end != NULL ? (gsize)(end - given) : max;
  }
  char *valid = g_utf8_make_valid (given, length);
  if (strlen (valid) > max) /* each bad byte has become three */
    return bounded (valid, max);
  return valid;
}

/**
 * us_event_new:
 * @stream: id of the stream
 * @wall_us: when it happened, since the epoch
 * @source: who says so: "probe", "ingest", "switcher"
 * @text_format: one plain sentence; cut to %US_EVENT_MAX_TEXT bytes
 *
 * Of the stream as a whole, without data, incident and thumbnail; the caller fills them in.
 *
 * Returns: (transfer full): an event with id 0
 */
UsEvent *
us_event_new (const char *stream, gint64 wall_us, UsEventKind kind, UsSeverity severity,
              const char *source, const char *text_format, ...) {
  va_list args;
  va_start (args, text_format);
  g_autofree char *text = g_strdup_vprintf (text_format, args);
  va_end (args);

  UsEvent *event = g_new0 (UsEvent, 1);
  event->stream = g_strdup (stream);
  event->wall_us = wall_us;
  event->kind = kind;
  event->severity = severity;
  event->rendition = US_FINDING_WHOLE;
  event->source = g_strdup (source);
  event->text = bounded (g_steal_pointer (&text), US_EVENT_MAX_TEXT);
  return event;
}

/**
 * us_event_copy:
 *
 * Returns: (transfer full)
 */
UsEvent *
us_event_copy (const UsEvent *event) {
  UsEvent *copy = g_memdup2 (event, sizeof *event);
  copy->stream = g_strdup (event->stream);
  copy->source = g_strdup (event->source);
  copy->text = g_strdup (event->text);
  copy->data = g_strdup (event->data);
  copy->incident = g_strdup (event->incident);
  copy->thumbnail = g_strdup (event->thumbnail);
  return copy;
}

/**
 * us_event_free:
 * @event: (transfer full)
 */
void
us_event_free (UsEvent *event) {
  g_free (event->stream);
  g_free (event->source);
  g_free (event->text);
  g_free (event->data);
  g_free (event->incident);
  g_free (event->thumbnail);
  g_free (event);
}
