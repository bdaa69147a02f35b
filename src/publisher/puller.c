/* puller.c - a source that reads a URL, replaced whenever it fails, and an outlet
 *
 * Servers end a stream in every way there is: an error, an orderly end although the show goes on,
 * or nothing at all. So each of them means: try again. Between two tries the outlet's publish ends,
 * so that the ingest knows that there is no publisher and a backup may step in; what comes later is
 * a new publish and one DISCONTINUITY. Everything on one main loop; GStreamer's threads belong to
 * the source.
 */
#define US_LOG_TOPIC "pull"
#include "publisher/puller.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/names.h"
#include "base/route.h"
#include "base/timer.h"
#include "publisher/outlet.h"

#define CHECK_MS 250
/* Sound comes at once from the middle of a stream, pictures with the next key frame. So long sound
 * waits for them, so that the stream does not begin without them and change. */
#define WAIT_FOR_VIDEO_US (5 * G_USEC_PER_SEC)
#define STEADY_US (10 * G_USEC_PER_SEC) /* a stream that came for so long was no failure */

static const UsBackoff backoff = { .first_ms = 250, .step_ms = 500, .cap_ms = 10000 };

struct UsPuller {
  char *url, *shown, *folder, *pipeline;
  guint idle_ms;
  UsPullerFunc stopped;
  gpointer user_data;
  UsOutlet *outlet;
  UsSource *source; /* nullable: between two tries */
  GSource *check, *retry;
  guint failures;
  gint64 first_us, last_us; /* of this source's items; 0: none yet, @last_us is its start then */
  gboolean is_started;      /* items go out */
  GBytes *config[2];        /* audio, video: the latest before @is_started */
  gboolean is_down_told, is_stopping;
};

static void start_source (UsPuller *puller);

static gboolean
on_retry (gpointer data) {
  UsPuller *puller = data;
  us_timer_stop (&puller->retry);
  start_source (puller);
  return G_SOURCE_REMOVE;
}

/* The source stays until the next try: this may be one of its own callbacks. */
static void
try_later (UsPuller *puller, const char *fault) {
  if (puller->retry != NULL || puller->is_stopping)
    return;
  gboolean was_steady = puller->first_us != 0 && puller->last_us - puller->first_us >= STEADY_US;
  puller->failures = was_steady ? 1 : puller->failures + 1;
  g_autofree char *clean = us_route_scrub (fault, puller->url);
  if (!puller->is_down_told || puller->first_us != 0)
    us_event (US_LOG_WARNING, US_EVENT_PULL_DOWN, "%s: %s; trying again", puller->shown, clean);
  puller->is_down_told = TRUE;
  us_outlet_rest (puller->outlet);
  guint delay_ms = us_backoff_delay_ms (&backoff, puller->failures, g_random_double_range (-1, 1));
  us_timer_start (&puller->retry, delay_ms, "puller-retry", on_retry, puller);
}

static void
forget_config (UsPuller *puller) {
  for (guint i = 0; i < G_N_ELEMENTS (puller->config); i++)
    g_clear_pointer (&puller->config[i], g_bytes_unref);
}

static void
start (UsPuller *puller, guint64 time_ms) {
  puller->is_started = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (puller->config); i++) {
    UsSourceItem item = { .type = i == 0 ? US_RTMP_AUDIO : US_RTMP_VIDEO,
                          .is_config = TRUE,
                          .time_ms = time_ms,
                          .payload = puller->config[i] };
    if (item.payload != NULL)
      us_outlet_push (puller->outlet, &item);
  }
  forget_config (puller);
}

/* Returns TRUE when @item may go out. */
static gboolean
may_start (UsPuller *puller, const UsSourceItem *item) {
  gboolean is_video = item->type == US_RTMP_VIDEO;
  if (item->is_config) {
    GBytes **config = &puller->config[is_video ? 1 : 0];
    g_clear_pointer (config, g_bytes_unref);
    *config = g_bytes_ref (item->payload);
    return FALSE;
  }
  gboolean is_sound_only = puller->last_us - puller->first_us >= WAIT_FOR_VIDEO_US;
  if (!(is_video ? item->is_keyframe : is_sound_only))
    return FALSE;
  start (puller, item->time_ms);
  return TRUE;
}

static void
on_item (UsSource *source, const UsSourceItem *item, gpointer data) {
  UsPuller *puller = data;
  if (puller->retry != NULL || puller->is_stopping)
    return;
  puller->last_us = g_get_monotonic_time ();
  if (puller->first_us == 0) {
    puller->first_us = puller->last_us;
    puller->is_down_told = FALSE;
    us_event (US_LOG_NOTICE, US_EVENT_PULL_UP, "%s: the stream comes in", puller->shown);
  }
  if (puller->is_started || may_start (puller, item))
    us_outlet_push (puller->outlet, item);
}

static void
on_failed (UsSource *source, const GError *error, gpointer data) {
  try_later (data, error->message);
}

static const UsSourceHandler source_handler = { on_item, on_failed };

static gboolean
make_source (UsPuller *puller, GError **error) {
  g_clear_pointer (&puller->source, us_source_free);
  forget_config (puller);
  puller->is_started = FALSE;
  puller->first_us = 0;
  puller->last_us = g_get_monotonic_time ();
  puller->source = us_source_new_from_url (puller->url, puller->folder, puller->pipeline,
                                           &source_handler, puller, error);
  return puller->source != NULL;
}

static void
start_source (UsPuller *puller) {
  g_autoptr (GError) error = NULL;
  if (!make_source (puller, &error))
    try_later (puller, error->message);
}

static gboolean
on_check (gpointer data) {
  UsPuller *puller = data;
  gint64 idle_ms = (g_get_monotonic_time () - puller->last_us) / 1000;
  if (puller->retry == NULL && idle_ms >= puller->idle_ms) {
    g_autofree char *fault = g_strdup_printf ("nothing came for %" G_GINT64_FORMAT " ms", idle_ms);
    try_later (puller, fault);
  }
  return G_SOURCE_CONTINUE;
}

static void
on_outlet_stopped (UsOutlet *outlet, gpointer data) {
  UsPuller *puller = data;
  puller->stopped (puller, puller->user_data);
}

/**
 * us_puller_pipeline_for:
 * @url: where a stream is
 *
 * Returns: (transfer none): name of the shipped text that reads such a URL
 */
const char *
us_puller_pipeline_for (const char *url) {
  if (g_str_has_prefix (url, "rtmp"))
    return "ingest-pull";
  return g_str_has_prefix (url, "srt:") ? "ingest-pull-srt" : "ingest-pull-uri";
}

/**
 * us_puller_new:
 * @settings: copied
 * @stopped: called after us_puller_stop()
 * @user_data: for @stopped
 * @error: the text is wrong, or needs an element that is not installed; the network never is a
 * reason
 *
 * Returns: (transfer full): the puller, at work
 */
UsPuller *
us_puller_new (const UsPullerSettings *settings, UsPullerFunc stopped, gpointer user_data,
               GError **error) {
  g_autoptr (UsPuller) puller = g_new0 (UsPuller, 1);
  puller->url = g_strdup (settings->url);
  puller->shown = us_route_for_people (settings->url);
  puller->folder = g_strdup (settings->pipelines_dir);
  puller->pipeline = g_strdup (settings->pipeline);
  puller->idle_ms = settings->idle_ms;
  puller->stopped = stopped;
  puller->user_data = user_data;
  puller->outlet = us_outlet_new (settings->to, on_outlet_stopped, puller);
  if (!make_source (puller, error))
    return NULL;
  us_timer_start (&puller->check, CHECK_MS, "puller-check", on_check, puller);
  return g_steal_pointer (&puller);
}

/**
 * us_puller_stop:
 * @puller: the puller
 *
 * Ends the publish in order; stopped() follows, at the latest after two seconds.
 */
void
us_puller_stop (UsPuller *puller) {
  puller->is_stopping = TRUE;
  us_timer_stop (&puller->retry);
  us_outlet_stop (puller->outlet);
}

/**
 * us_puller_free:
 * @puller: (transfer full) (nullable): the puller
 */
void
us_puller_free (UsPuller *puller) {
  if (puller == NULL)
    return;
  us_timer_stop (&puller->check);
  us_timer_stop (&puller->retry);
  us_source_free (puller->source);
  us_outlet_free (puller->outlet);
  forget_config (puller);
  g_free (puller->url);
  g_free (puller->shown);
  g_free (puller->folder);
  g_free (puller->pipeline);
  g_free (puller);
}
