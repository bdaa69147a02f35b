/* publisher.c - from a source's items to an outlet
 *
 * The source runs all the time, as an encoder does. One that has never given anything has a wrong
 * file or text, and its owner is told. One that gave something is a file that is being replaced
 * now, or a machine in need: it is built anew until it gives something again, and the publish ends
 * meanwhile, so that a backup may step in. Everything on one main loop.
 */
#define US_LOG_TOPIC "publish"
#include "publisher/publisher.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/timer.h"
#include "publisher/outlet.h"

/* parsebin may lose the error of a demuxer that failed at once; then there is silence. Counted in
 * looks, so that a process that stood still does not take its own silence for the source's. */
#define CHECK_MS 250
#define MAX_IDLE_CHECKS 20

#define STEADY_US (10 * G_USEC_PER_SEC) /* a source that gave for so long was no failure */
#define TELL_EVERY 12                   /* failures in a row: a minute at the longest delay */

static const UsBackoff backoff = { .first_ms = 250, .step_ms = 250, .cap_ms = 5000 };

struct UsPublisher {
  const UsPublisherHandler *handler;
  gpointer user_data;
  char *file, *pipelines_dir, *pipeline; /* the first two nullable */
  UsSource *source;                      /* nullable: between two tries */
  UsOutlet *outlet;
  GSource *retry, *check;
  gint64 first_us;                 /* of this source's items; 0: none yet */
  guint idle_checks;               /* since the last item, or since the source was made */
  guint failures;                  /* in a row, without a steady source between them */
  gboolean has_begun, is_stopping; /* it gave something, once; us_publisher_stop() */
};

static const UsSourceHandler source_handler;

static gboolean
make_source (UsPublisher *publisher, GError **error) {
  g_clear_pointer (&publisher->source, us_source_free);
  publisher->idle_checks = 0;
  publisher->first_us = 0;
  publisher->source = us_source_new (publisher->file, publisher->pipelines_dir, publisher->pipeline,
                                     &source_handler, publisher, error);
  return publisher->source != NULL;
}

static void try_later (UsPublisher *publisher, const GError *error);

static gboolean
on_retry (gpointer data) {
  UsPublisher *publisher = data;
  g_autoptr (GError) error = NULL;
  us_timer_stop (&publisher->retry);
  if (!make_source (publisher, &error))
    try_later (publisher, error);
  return G_SOURCE_REMOVE;
}

/* The source stays until the next try: this may be one of its own callbacks. */
static void
try_later (UsPublisher *publisher, const GError *error) {
  if (publisher->retry != NULL || publisher->is_stopping)
    return;
  gboolean was_steady
      = publisher->first_us != 0 && g_get_monotonic_time () - publisher->first_us >= STEADY_US;
  publisher->failures = was_steady ? 1 : publisher->failures + 1;
  if (publisher->failures % TELL_EVERY == 1)
    us_warning ("%s; trying again", error->message);
  us_outlet_rest (publisher->outlet);
  guint delay_ms
      = us_backoff_delay_ms (&backoff, publisher->failures, g_random_double_range (-1, 1));
  us_timer_start (&publisher->retry, delay_ms, "publisher-retry", on_retry, publisher);
}

static gboolean
on_check (gpointer data) {
  UsPublisher *publisher = data;
  if (!publisher->has_begun || publisher->retry != NULL
      || ++publisher->idle_checks < MAX_IDLE_CHECKS)
    return G_SOURCE_CONTINUE;
  g_autoptr (GError) error
      = g_error_new (US_SOURCE_ERROR, US_SOURCE_ERROR_END, "%s gives nothing for %d s",
                     publisher->file != NULL ? publisher->file : "the test picture",
                     CHECK_MS * MAX_IDLE_CHECKS / 1000);
  try_later (publisher, error);
  return G_SOURCE_CONTINUE;
}

static void
on_item (UsSource *source, const UsSourceItem *item, gpointer data) {
  UsPublisher *publisher = data;
  if (publisher->retry != NULL)
    return;
  publisher->has_begun = TRUE;
  publisher->idle_checks = 0;
  if (publisher->first_us == 0)
    publisher->first_us = g_get_monotonic_time ();
  us_outlet_push (publisher->outlet, item);
}

static void
on_failed (UsSource *source, const GError *error, gpointer data) {
  UsPublisher *publisher = data;
  if (publisher->has_begun)
    try_later (publisher, error);
  else
    publisher->handler->failed (publisher, error, publisher->user_data);
}

static void
on_stopped (UsOutlet *outlet, gpointer data) {
  UsPublisher *publisher = data;
  publisher->handler->stopped (publisher, publisher->user_data);
}

static const UsSourceHandler source_handler = { on_item, on_failed };

/**
 * us_publisher_new:
 * @settings: copied
 * @handler: static
 * @user_data: for the handler
 * @error: when the source cannot be built
 *
 * Connects when the source has given its first item, so that a wrong file bothers no server.
 *
 * Returns: (transfer full): the publisher
 */
UsPublisher *
us_publisher_new (const UsPublisherSettings *settings, const UsPublisherHandler *handler,
                  gpointer user_data, GError **error) {
  g_autoptr (UsPublisher) publisher = g_new0 (UsPublisher, 1);
  publisher->handler = handler;
  publisher->user_data = user_data;
  publisher->file = g_strdup (settings->file);
  publisher->pipelines_dir = g_strdup (settings->pipelines_dir);
  publisher->pipeline = g_strdup (settings->pipeline);
  publisher->outlet = us_outlet_new (settings->url, on_stopped, publisher);
  if (!make_source (publisher, error))
    return NULL;
  us_timer_start (&publisher->check, CHECK_MS, "publisher-check", on_check, publisher);
  return g_steal_pointer (&publisher);
}

/**
 * us_publisher_stop:
 * @publisher: the publisher
 *
 * Ends the stream in order; the handler's stopped() follows, at the latest after two seconds.
 */
void
us_publisher_stop (UsPublisher *publisher) {
  publisher->is_stopping = TRUE;
  us_timer_stop (&publisher->retry);
  us_outlet_stop (publisher->outlet);
}

/**
 * us_publisher_free:
 * @publisher: (transfer full) (nullable): the publisher
 */
void
us_publisher_free (UsPublisher *publisher) {
  if (publisher == NULL)
    return;
  us_timer_stop (&publisher->retry);
  us_timer_stop (&publisher->check);
  us_source_free (publisher->source);
  us_outlet_free (publisher->outlet);
  g_free (publisher->file);
  g_free (publisher->pipelines_dir);
  g_free (publisher->pipeline);
  g_free (publisher);
}
