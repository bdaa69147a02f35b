/* inside-diff.c - what happened between two answers of one role
 *
 * Pure: two status pages in, lines of the timeline out. What a page counts (publishes, changes of
 * sides, orders) is told even when it came and went between two answers. States that mean nothing
 * to an operator (a soft sign against an origin, a packager that starts) are not told.
 */
#include "incident/inside-diff.h"

#include "http/json.h"

#include <string.h>

static const struct {
  const char *source, *title;
  UsEventKind kind;
} roles[US_N_INSIDE_ROLES] = {
  [US_INSIDE_INGEST] = { "ingest", "The ingest", US_EVENT_PUBLISHER },
  [US_INSIDE_PRIMARY] = { "packager-primary", "The primary packager", US_EVENT_PACKAGER },
  [US_INSIDE_BACKUP] = { "packager-backup", "The backup packager", US_EVENT_PACKAGER },
  [US_INSIDE_SWITCHER] = { "switcher", "The switcher", US_EVENT_ORIGIN },
};

const char *
us_inside_source (UsInsideRole role) {
  return roles[role].source;
}

/* Takes @event, so that its data can be set. */
static UsEvent *
add (GPtrArray *events, UsEvent *event) {
  g_ptr_array_add (events, event);
  return event;
}

#define TELL(events, role, stream, wall_us, kind, severity, ...)                                   \
  add (events, us_event_new (stream, wall_us, kind, severity, us_inside_source (role), __VA_ARGS__))

void
us_inside_tell_gone (UsInsideRole role, const char *why, gint64 wall_us, GPtrArray *events) {
  TELL (events, role, "", wall_us, roles[role].kind, US_SEVERITY_DEGRADED,
        "%s does not answer any more: %s", roles[role].title, why);
}

void
us_inside_tell_back (UsInsideRole role, gboolean is_restarted, gint64 wall_us, GPtrArray *events) {
  TELL (events, role, "", wall_us, roles[role].kind, US_SEVERITY_INFO, "%s %s", roles[role].title,
        is_restarted ? "was restarted and answers" : "answers again");
}

/* Whether another process answers. A role of a version that does not say is never restarted. */
gboolean
us_inside_is_restarted (const UsPage *before, const UsPage *now) {
  return before != NULL && before->started_ms != 0 && now->started_ms != 0
         && before->started_ms != now->started_ms;
}

/* ---- ingest ---- */

static void
tell_encoder (GPtrArray *events, const UsPageStream *stream, gint64 wall_us, const char *what) {
  TELL (events, US_INSIDE_INGEST, stream->name, wall_us, US_EVENT_PUBLISHER, US_SEVERITY_INFO,
        "%s%s%s%s%s", what, stream->encoder != NULL ? ": " : "",
        stream->encoder != NULL ? stream->encoder : "", stream->peer != NULL ? " from " : "",
        stream->peer != NULL ? stream->peer : "");
}

static void
diff_publisher (const UsPageStream *before, const UsPageStream *now, gboolean is_same_process,
                gint64 wall_us, GPtrArray *events) {
  gboolean had = before != NULL && before->has_publisher;
  gint64 published = is_same_process && before != NULL ? now->publishes - before->publishes : 0;
  gint64 taken = is_same_process && before != NULL ? now->takeovers - before->takeovers : 0;

  if (now->has_publisher && taken > 0)
    tell_encoder (events, now, wall_us, "Another encoder took over");
  else if (now->has_publisher && had && published > 0)
    tell_encoder (events, now, wall_us, "The encoder left and came back");
  else if (now->has_publisher && !had)
    tell_encoder (events, now, wall_us, "An encoder publishes");
  else if (now->has_publisher && now->is_silent && !before->is_silent)
    TELL (events, US_INSIDE_INGEST, now->name, wall_us, US_EVENT_PUBLISHER, US_SEVERITY_DEGRADED,
          "The encoder is connected, but has sent nothing for %d s", US_PAGE_SILENT_MS / 1000);
  else if (now->has_publisher && !now->is_silent && before->is_silent)
    tell_encoder (events, now, wall_us, "The encoder sends again");
  else if (!now->has_publisher && (had || published > 0))
    TELL (events, US_INSIDE_INGEST, now->name, wall_us, US_EVENT_PUBLISHER, US_SEVERITY_DEGRADED,
          "%s", had ? "The encoder left" : "An encoder came and left");
}

/* Returns: (nullable): the warning @id of @stream, which may be NULL */
static const UsPageWarning *
find_warning (const UsPageStream *stream, const char *id) {
  for (guint i = 0; stream != NULL && i < stream->warnings->len; i++) {
    const UsPageWarning *warning = stream->warnings->pdata[i];
    if (strcmp (warning->id, id) == 0)
      return warning;
  }
  return NULL;
}

static char *
warning_data (const UsPageWarning *warning, gboolean is_over) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "warning", warning->id);
  us_json_add_text (json, "remedy", warning->remedy);
  us_json_add_flag (json, "is_over", is_over);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}

/* They end with their publisher, which is told by itself. */
static void
diff_warnings (const UsPageStream *before, const UsPageStream *now, gint64 wall_us,
               GPtrArray *events) {
  for (guint i = 0; i < now->warnings->len; i++) {
    const UsPageWarning *warning = now->warnings->pdata[i];
    if (find_warning (before, warning->id) != NULL)
      continue;
    UsEvent *event
        = TELL (events, US_INSIDE_INGEST, now->name, wall_us, US_EVENT_PUBLISHER,
                warning->is_severe ? US_SEVERITY_DEGRADED : US_SEVERITY_INFO,
                "The ingest warns: %s%s%s", warning->text, warning->remedy != NULL ? "; " : "",
                warning->remedy != NULL ? warning->remedy : "");
    event->data = warning_data (warning, FALSE);
  }
  for (guint i = 0; before != NULL && now->has_publisher && i < before->warnings->len; i++) {
    const UsPageWarning *warning = before->warnings->pdata[i];
    if (find_warning (now, warning->id) != NULL)
      continue;
    UsEvent *event = TELL (events, US_INSIDE_INGEST, now->name, wall_us, US_EVENT_PUBLISHER,
                           US_SEVERITY_INFO, "No longer so: %s", warning->text);
    event->data = warning_data (warning, TRUE);
  }
}

void
us_inside_tell_warnings (const UsPageStream *stream, gint64 wall_us, GPtrArray *events) {
  diff_warnings (NULL, stream, wall_us, events);
}

/* ---- packagers ---- */

static void
diff_packaging (UsInsideRole role, const UsPageStream *before, const UsPageStream *now,
                gint64 wall_us, GPtrArray *events) {
  static const struct {
    const char *state, *text;
    UsSeverity severity;
  } told[] = {
    { "fresh", "makes segments again", US_SEVERITY_INFO },
    { "stale", "has input, but makes no segments", US_SEVERITY_DEGRADED },
    { "no-input", "has lost its input", US_SEVERITY_DEGRADED },
    { "no-publisher", "makes no segments: the encoder has left", US_SEVERITY_DEGRADED },
  };
  const char *was = before != NULL ? before->state : NULL;
  if (was == NULL || g_strcmp0 (was, now->state) == 0 || strcmp (was, "starting") == 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (g_strcmp0 (now->state, told[i].state) == 0)
      TELL (events, role, now->name, wall_us, US_EVENT_PACKAGER, told[i].severity, "%s %s",
            roles[role].title, told[i].text);
}

/* ---- switcher ---- */

/* What an operator would call a change: a soft sign is still up, recovering still failed. */
static const char *
settled (const char *state) {
  if (g_strcmp0 (state, "suspect") == 0)
    return "up";
  return state;
}

static void
diff_origin (const char *name, const char *stream, const UsPageOrigin *before,
             const UsPageOrigin *now, gboolean is_full, gint64 wall_us, GPtrArray *events) {
  const char *was = settled (before->state), *is = settled (now->state);
  if (is_full && before->is_drained != now->is_drained)
    TELL (events, US_INSIDE_SWITCHER, stream, wall_us, US_EVENT_ORIGIN, US_SEVERITY_INFO,
          now->is_drained ? "Maintenance of origin %s begins" : "Maintenance of origin %s ends",
          name);
  if (was == NULL || is == NULL || strcmp (was, is) == 0 || strcmp (is, "unknown") == 0
      || (strcmp (was, "unknown") == 0 && strcmp (is, "up") == 0))
    return;
  if (strcmp (is, "failed") == 0)
    TELL (events, US_INSIDE_SWITCHER, stream, wall_us, US_EVENT_ORIGIN, US_SEVERITY_DEGRADED,
          "Origin %s failed: %s", name, now->reason != NULL ? now->reason : "no reason given");
  else
    TELL (events, US_INSIDE_SWITCHER, stream, wall_us, US_EVENT_ORIGIN, US_SEVERITY_INFO,
          "Origin %s is %s", name, strcmp (is, "recovering") == 0 ? "recovering" : "up again");
}

static gboolean
is_same_switch (const UsPageSwitch *a, const UsPageSwitch *b) {
  return a->wall_ms == b->wall_ms && strcmp (a->to, b->to) == 0 && strcmp (a->from, b->from) == 0;
}

static gboolean
is_among (const UsPageSwitch *change, const GPtrArray *switches) {
  for (guint i = 0; i < switches->len; i++)
    if (is_same_switch (change, switches->pdata[i]))
      return TRUE;
  return FALSE;
}

static char *
switch_data (const UsPageSwitch *change) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "from", change->from);
  us_json_add_text (json, "to", change->to);
  us_json_add_text (json, "reason", change->reason);
  us_json_add_integer (json, "gap_ms", change->gap_ms);
  us_json_add_integer (json, "overlap_ms", change->overlap_ms);
  us_json_add_text (json, "who", change->who);
  us_json_add_text (json, "why", change->why);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}

/* Ordered, or a return: nothing had failed. */
static gboolean
is_calm (const char *reason) {
  static const char *const calm[]
      = { "returned", "operator-force", "operator-switchback", "drained", "released", "expired",
          NULL };
  return g_strv_contains (calm, reason);
}

static void
tell_switch (const char *stream, const UsPageSwitch *change, gint64 wall_us, GPtrArray *events) {
  gint64 at_us = change->wall_ms > 0 ? change->wall_ms * 1000 : wall_us;
  UsEvent *event
      = TELL (events, US_INSIDE_SWITCHER, stream, at_us, US_EVENT_SWITCHED,
              is_calm (change->reason) ? US_SEVERITY_INFO : US_SEVERITY_DEGRADED,
              "Viewers get %s instead of %s: %s; gap %" G_GINT64_FORMAT
              " ms, overlap %" G_GINT64_FORMAT " ms%s%s%s%s",
              change->to, change->from, change->reason, change->gap_ms, change->overlap_ms,
              change->who != NULL ? ", ordered by " : "", change->who != NULL ? change->who : "",
              change->why != NULL ? ": " : "", change->why != NULL ? change->why : "");
  event->data = switch_data (change);
}

static void
diff_feed (const UsPageStream *before, const UsPageStream *now, gboolean is_full, gint64 wall_us,
           GPtrArray *events) {
  if (before == NULL)
    return;
  diff_origin ("primary", now->name, &before->primary, &now->primary, is_full, wall_us, events);
  diff_origin ("backup", now->name, &before->backup, &now->backup, is_full, wall_us, events);
  for (guint i = 0; i < now->switches->len; i++)
    if (!is_among (now->switches->pdata[i], before->switches))
      tell_switch (now->name, now->switches->pdata[i], wall_us, events);
}

/* Orders are numbered from 1 in each process. */
static void
diff_orders (const UsPage *before, const UsPage *now, gint64 wall_us, GPtrArray *events) {
  gint64 last = 0;
  for (guint i = 0; i < before->orders->len && !us_inside_is_restarted (before, now); i++)
    last = MAX (last, ((const UsPageOrder *)before->orders->pdata[i])->id);
  for (guint i = 0; i < now->orders->len; i++) {
    const UsPageOrder *order = now->orders->pdata[i];
    if (order->id <= last)
      continue;
    TELL (events, US_INSIDE_SWITCHER, order->stream != NULL ? order->stream : "",
          order->wall_ms > 0 ? order->wall_ms * 1000 : wall_us, US_EVENT_ORDER, US_SEVERITY_INFO,
          "%s by %s%s%s%s%s", order->what, order->who != NULL ? order->who : "nobody known",
          order->why != NULL ? ": " : "", order->why != NULL ? order->why : "",
          order->refused != NULL ? "; refused: " : "",
          order->refused != NULL ? order->refused : "");
  }
}

/**
 * us_inside_diff:
 * @before: an earlier answer of @role
 * @now: the newest one
 * @wall_us: now, since the epoch
 *
 * A stream that is in one of them only tells nothing but its encoder's coming and going.
 */
void
us_inside_diff (UsInsideRole role, const UsPage *before, const UsPage *now, gint64 wall_us,
                GPtrArray *events) {
  gboolean is_same = !us_inside_is_restarted (before, now);
  for (guint i = 0; i < now->streams->len; i++) {
    const UsPageStream *stream = now->streams->pdata[i];
    const UsPageStream *was = us_page_find (before, stream->name);
    if (role == US_INSIDE_INGEST) {
      diff_publisher (was, stream, is_same, wall_us, events);
      diff_warnings (was, stream, wall_us, events);
    } else if (role == US_INSIDE_SWITCHER)
      diff_feed (was, stream, before->is_full && now->is_full, wall_us, events);
    else
      diff_packaging (role, was, stream, wall_us, events);
  }
  for (guint i = 0; role == US_INSIDE_INGEST && i < before->streams->len; i++) {
    const UsPageStream *was = before->streams->pdata[i];
    if (was->has_publisher && us_page_find (now, was->name) == NULL)
      TELL (events, role, was->name, wall_us, US_EVENT_PUBLISHER, US_SEVERITY_DEGRADED,
            "The encoder left");
  }
  if (role == US_INSIDE_SWITCHER && before->is_full && now->is_full)
    diff_orders (before, now, wall_us, events);
}
