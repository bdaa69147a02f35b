/* publisher.c - from a source's items to an outlet
 *
 * The source runs all the time, as an encoder does. Everything on one main loop.
 */
#include "publisher/publisher.h"

#include "publisher/outlet.h"

struct UsPublisher {
  const UsPublisherHandler *handler;
  gpointer user_data;
  UsSource *source;
  UsOutlet *outlet;
};

static void
on_item (UsSource *source, const UsSourceItem *item, gpointer data) {
  us_outlet_push (((UsPublisher *)data)->outlet, item);
}

static void
on_failed (UsSource *source, const GError *error, gpointer data) {
  UsPublisher *publisher = data;
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
  publisher->outlet = us_outlet_new (settings->url, on_stopped, publisher);
  publisher->source = us_source_new (settings->file, settings->pipelines_dir, settings->pipeline,
                                     &source_handler, publisher, error);
  if (publisher->source == NULL)
    return NULL;
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
  us_source_free (publisher->source);
  us_outlet_free (publisher->outlet);
  g_free (publisher);
}
