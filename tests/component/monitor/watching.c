/* watching.c - a real monitor, and all that it has said */
#include "watching.h"

#include <string.h>

static void
told_free (gpointer data) {
  Told *told = data;
  g_free (told->stream);
  g_free (told->text);
  g_free (told);
}

static void
on_event (const UsEvent *event, gpointer user_data) {
  Watching *watching = user_data;
  g_assert_nonnull (event->text);
  g_assert_true (g_utf8_validate (event->text, -1, NULL));
  g_assert_cmpuint (strlen (event->text), <=, US_EVENT_MAX_TEXT);
  g_assert_false (g_str_has_suffix (event->text, "."));
  g_ptr_array_add (watching->events, us_event_copy (event));
}

static void
on_finding (const char *stream, const UsFinding *finding, UsFindingChange change,
            gpointer user_data) {
  Watching *watching = user_data;
  Told *told = g_new (Told, 1);
  *told = (Told){ g_strdup (stream), g_strdup (finding->text), finding->check,
                  finding->severity, finding->rendition,       change };
  g_ptr_array_add (watching->told, told);
  g_test_message ("%s %d: %s %s %s: %s", stream, finding->rendition,
                  change == US_FINDING_OPENED      ? "opened"
                  : change == US_FINDING_ESCALATED ? "escalated"
                                                   : "closed",
                  us_check_info (finding->check)->word, us_severity_word (finding->severity),
                  finding->text);
}

static void
on_verdict (const char *stream, const UsVerdict *verdict, gboolean changed, gpointer user_data) {
  Watching *watching = user_data;
  guint worst = GPOINTER_TO_UINT (g_hash_table_lookup (watching->worst, stream));
  g_hash_table_insert (watching->worst, g_strdup (stream),
                       GUINT_TO_POINTER (MAX (worst, verdict->health + 1)));
  watching->n_verdicts++;
  if (changed)
    g_test_message ("%s is %s: %s", stream, us_health_word (verdict->health),
                    verdict->reasons[0] != NULL ? verdict->reasons[0] : "");
  if (g_strcmp0 (watching->remove_on_verdict, stream) == 0)
    us_monitor_remove (watching->monitor, stream);
}

static void
on_minute (const char *stream, const UsMinute *minute, gpointer user_data) {
  ((Watching *)user_data)->n_minutes++;
}

static void
on_sample (const char *stream, const UsSample *sample, gpointer user_data) {
  ((Watching *)user_data)->n_samples++;
}

static void
on_thumbnail (const char *stream, gint64 wall_us, GBytes *jpeg, guint width, guint height,
              const char *reason, gpointer user_data) {
  Watching *watching = user_data;
  watching->n_thumbnails++;
  watching->reason = reason;
  if (jpeg == NULL)
    return;
  const guint8 *bytes = g_bytes_get_data (jpeg, NULL);
  g_assert_cmpuint (g_bytes_get_size (jpeg), >, 100);
  g_assert_true (bytes[0] == 0xff && bytes[1] == 0xd8);
  g_assert_cmpuint (width, >, 0);
  watching->n_pictures++;
}

void
watching_open (Watching *watching) {
  UsMonitorHandler handler = { .on_event = on_event,
                               .on_finding = on_finding,
                               .on_verdict = on_verdict,
                               .on_minute = on_minute,
                               .on_sample = on_sample,
                               .on_thumbnail = on_thumbnail };
  if (watching->settings.max_requests == 0) {
    us_monitor_settings_default (&watching->settings);
    watching->settings.allow_loopback = TRUE;
    watching->settings.max_decodes = 0;
  }
  watching->events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  watching->told = g_ptr_array_new_with_free_func (told_free);
  watching->worst = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  watching->monitor = us_monitor_new (&watching->settings, &handler, watching);
}

void
watching_close (Watching *watching) {
  us_monitor_free (watching->monitor);
  guint n_verdicts = watching->n_verdicts;
  /* What libsoup still holds is let go in the next rounds of the loop; nobody is called. */
  watching_run (0.1);
  g_assert_cmpuint (watching->n_verdicts, ==, n_verdicts);
  g_ptr_array_unref (watching->events);
  g_ptr_array_unref (watching->told);
  g_hash_table_unref (watching->worst);
}

void
watching_put (Watching *watching, const char *id, const char *url) {
  g_autoptr (UsStreamConfig) config = us_stream_config_new (id, id, url);
  us_monitor_put (watching->monitor, config);
}

static gboolean
on_time (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
watching_run (double seconds) {
  gboolean is_over = FALSE;
  g_timeout_add ((guint)(seconds * 1000), on_time, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}

UsHealth
watching_health (const Watching *watching, const char *id) {
  UsWatchView view;
  g_assert_true (us_monitor_view (watching->monitor, id, &view));
  return view.verdict->health;
}

UsHealth
watching_worst (const Watching *watching, const char *id) {
  guint worst = GPOINTER_TO_UINT (g_hash_table_lookup (watching->worst, id));
  return worst > 0 ? (UsHealth)(worst - 1) : US_HEALTH_NO_DATA;
}

const Told *
watching_find (const Watching *watching, const char *id, UsCheck check) {
  for (guint i = watching->told->len; i > 0; i--) {
    const Told *told = watching->told->pdata[i - 1];
    if (told->check == check && strcmp (told->stream, id) == 0)
      return told;
  }
  return NULL;
}

gboolean
watching_is_open (const Watching *watching, const char *id, UsCheck check) {
  const Told *told = watching_find (watching, id, check);
  return told != NULL && told->change != US_FINDING_CLOSED;
}

guint
watching_count (const Watching *watching, const char *id, UsEventKind kind) {
  guint n = 0;
  for (guint i = 0; i < watching->events->len; i++) {
    const UsEvent *event = watching->events->pdata[i];
    n += event->kind == kind && strcmp (event->stream, id) == 0;
  }
  return n;
}

void
watching_assert_clean (const Watching *watching, const char *id) {
  for (guint i = 0; i < watching->told->len; i++) {
    const Told *told = watching->told->pdata[i];
    if (strcmp (told->stream, id) == 0 && told->severity > US_SEVERITY_INFO)
      g_error ("%s was found ill: %s: %s", id, us_check_info (told->check)->word, told->text);
  }
  g_assert_cmpint (watching_worst (watching, id), ==, US_HEALTH_HEALTHY);
}
