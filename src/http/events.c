/* events.c - server-sent events: one hub, many readers, replay of what they missed
 *
 * The hub lives in the main context, where events happen and readers are admitted; so what a reader
 * is given of the past and what it gets from then on join without a gap. An event is written once
 * as bytes that all readers share. For each shard with readers one message per event goes there,
 * with those readers whose wish it fits (event-sink.c sends).
 *
 * Owned by the role, which frees it after the server. Readers that are still there then are
 * forgotten: they end with their connections.
 *
 * The format is that of the HTML standard, 9.2.
 */
#include "http/events.h"

#include "http/core.h"
#include "http/event-sink.h"
#include "http/problem.h"
#include "http/query.h"

#include <string.h>

#include "base/timer.h"

typedef struct {
  guint64 id;
  char *name, *topic; /* topic nullable */
  GBytes *frame;
} Event;

/* The readers of one shard. */
typedef struct {
  GMainContext *context; /* owned: of the shard */
  GQueue sinks;          /* UsHttpSink.link, each with a reference */
} Channel;

struct UsHttpEvents {
  GQueue ring;               /* element-type Event, oldest first */
  guint64 floor_id, last_id; /* the newest that is no longer, or never was, in the ring; of all */
  GPtrArray *channels;       /* element-type Channel */
  UsHttpHandle check;        /* nullable */
  gpointer check_data;
  guint max_clients, heartbeat_ms;
  GSource *heartbeat; /* nullable: nobody listens */
  UsHttpEventsStats stats;
};

/* What goes to a shard. */
typedef struct {
  GPtrArray *sinks; /* element-type UsHttpSink */
  GBytes *frame;
} Delivery;

static void
event_free (gpointer data) {
  Event *event = data;

  g_free (event->name);
  g_free (event->topic);
  g_bytes_unref (event->frame);
  g_free (event);
}

static void
forget_sink (Channel *channel, UsHttpSink *sink) {
  g_queue_unlink (&channel->sinks, &sink->link);
  sink->events = NULL;
  sink->channel = NULL;
  us_http_sink_unref (sink);
}

static void
channel_free (gpointer data) {
  Channel *channel = data;

  while (channel->sinks.head != NULL)
    forget_sink (channel, channel->sinks.head->data);
  g_main_context_unref (channel->context);
  g_free (channel);
}

/* ---- wishes ---- */

void
us_http_events_wish_clear (UsHttpEventsWish *wish) {
  g_clear_pointer (&wish->stream, g_free);
  g_clear_pointer (&wish->kinds, g_strfreev);
}

static gboolean
read_id (const char *text, guint64 *id) {
  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, id, NULL);
}

/**
 * us_http_events_wish_read:
 * @wish: (out): us_http_events_wish_clear() it in any case
 * @request: its query ("stream", "kinds", "last_event_id") and Last-Event-ID, which is newer than
 *   the query when a browser comes back; one that is no id of ours counts as none
 * @response: filled when the query is not understood
 */
gboolean
us_http_events_wish_read (UsHttpEventsWish *wish, const UsHttpRequest *request,
                          UsHttpResponse *response) {
  g_autoptr (UsQuery) query = us_query_new (request->query);
  const char *last_id;

  memset (wish, 0, sizeof *wish);
  wish->stream = g_strdup (us_query_text (query, "stream", 200));
  wish->kinds = g_strdupv ((char **)us_query_list (query, "kinds", US_HTTP_EVENTS_MAX_KINDS));
  last_id = us_query_text (query, "last_event_id", 20);
  if (!us_query_end (query, response))
    return FALSE;
  wish->has_last_id
      = read_id (request->last_event_id, &wish->last_id) || read_id (last_id, &wish->last_id);
  return TRUE;
}

/**
 * us_http_events_wish_fits:
 * @topic: (nullable): the stream that an event is about; %NULL: it is for everybody
 */
gboolean
us_http_events_wish_fits (const UsHttpEventsWish *wish, const char *name, const char *topic) {
  if (wish->stream != NULL && topic != NULL && strcmp (wish->stream, topic) != 0)
    return FALSE;
  return wish->kinds == NULL || g_strv_contains ((const char *const *)wish->kinds, name);
}

/* ---- sending ---- */

static void
delivery_free (gpointer data) {
  Delivery *delivery = data;

  g_ptr_array_unref (delivery->sinks);
  g_bytes_unref (delivery->frame);
  g_free (delivery);
}

/* In the shard's thread. */
static gboolean
on_delivery (gpointer user_data) {
  Delivery *delivery = user_data;

  for (guint i = 0; i < delivery->sinks->len; i++)
    us_http_sink_feed (g_ptr_array_index (delivery->sinks, i), delivery->frame);
  return G_SOURCE_REMOVE;
}

/* @event: (nullable): %NULL: for all, whatever they wish */
static void
send_frame (UsHttpEvents *events, GBytes *frame, const Event *event) {
  for (guint i = 0; i < events->channels->len; i++) {
    const Channel *channel = g_ptr_array_index (events->channels, i);
    g_autoptr (GPtrArray) sinks
        = g_ptr_array_new_with_free_func ((GDestroyNotify)us_http_sink_unref);

    for (GList *l = channel->sinks.head; l != NULL; l = l->next) {
      UsHttpSink *sink = l->data;

      if (event == NULL || us_http_events_wish_fits (&sink->wish, event->name, event->topic))
        g_ptr_array_add (sinks, us_http_sink_ref (sink));
    }
    if (sinks->len == 0)
      continue;
    Delivery *delivery = g_new0 (Delivery, 1);
    delivery->sinks = g_steal_pointer (&sinks);
    delivery->frame = g_bytes_ref (frame);
    us_http_post (channel->context, "us-http-events", on_delivery, delivery, delivery_free);
  }
}

static gboolean
on_heartbeat (gpointer user_data) {
  g_autoptr (GBytes) comment = g_bytes_new_static (":\n\n", 3);

  send_frame (user_data, comment, NULL);
  return G_SOURCE_CONTINUE;
}

/* Every line of @data has to say that it is one. */
static void
append_data (GString *text, const char *data) {
  const char *p = data;

  while (TRUE) {
    gsize length = strcspn (p, "\r\n");

    g_string_append (text, "data: ");
    g_string_append_len (text, p, (gssize)length);
    g_string_append_c (text, '\n');
    p += length;
    if (*p == '\0')
      return;
    p += p[0] == '\r' && p[1] == '\n' ? 2 : 1;
  }
}

static GBytes *
make_frame (const char *name, guint64 id, const char *data) {
  GString *text = g_string_sized_new (strlen (data) + 100);

  g_string_append_printf (text, "id: %" G_GUINT64_FORMAT "\nevent: %s\n", id, name);
  append_data (text, data);
  g_string_append_c (text, '\n');
  return g_string_free_to_bytes (text);
}

/**
 * us_http_events_publish:
 * @name: a word without spaces: the kind of event
 * @id: rises from event to event; holes are allowed
 * @json: its content
 * @topic: (nullable): id of the stream it is about; %NULL: everybody's business
 */
void
us_http_events_publish (UsHttpEvents *events, const char *name, guint64 id, const char *json,
                        const char *topic) {
  Event *event;

  g_return_if_fail (id > events->last_id);
  g_return_if_fail (name[strcspn (name, " \r\n")] == '\0' && *name != '\0');

  event = g_new0 (Event, 1);
  event->id = events->last_id = id;
  event->name = g_strdup (name);
  event->topic = g_strdup (topic);
  event->frame = make_frame (name, id, json);
  g_queue_push_tail (&events->ring, event);
  if (events->ring.length > US_HTTP_EVENTS_RING) {
    Event *oldest = g_queue_pop_head (&events->ring);

    events->floor_id = oldest->id;
    event_free (oldest);
  }
  events->stats.published_total++;
  send_frame (events, event->frame, event);
}

/* ---- readers ---- */

/* Returns: FALSE when they are too many for one who reads slowly */
static gboolean
append_missed (const UsHttpEvents *events, const UsHttpEventsWish *wish, GString *text) {
  gsize begin = text->len;

  for (GList *l = events->ring.head; l != NULL; l = l->next) {
    const Event *event = l->data;
    gsize size;
    const char *frame = g_bytes_get_data (event->frame, &size);

    if (event->id <= wish->last_id || !us_http_events_wish_fits (wish, event->name, event->topic))
      continue;
    if (text->len + size > US_HTTP_EVENTS_MAX_QUEUE) {
      g_string_truncate (text, begin);
      return FALSE;
    }
    g_string_append_len (text, frame, (gssize)size);
  }
  return TRUE;
}

/* What a reader gets first: how soon to come back, and what it missed or that it did. */
static GBytes *
make_opening (UsHttpEvents *events, const UsHttpEventsWish *wish) {
  GString *text = g_string_new (NULL);
  gboolean is_known = wish->last_id >= events->floor_id && wish->last_id <= events->last_id;

  g_string_append_printf (text, "retry: %d\n\n", US_HTTP_EVENTS_RETRY_MS);
  if (wish->has_last_id && (!is_known || !append_missed (events, wish, text))) {
    g_autofree char *data
        = g_strdup_printf ("{\"last_id\":%" G_GUINT64_FORMAT "}", events->last_id);
    g_autoptr (GBytes) reset = make_frame ("reset", events->last_id, data);

    g_string_append_len (text, g_bytes_get_data (reset, NULL), (gssize)g_bytes_get_size (reset));
    events->stats.reset_total++;
  }
  return g_string_free_to_bytes (text);
}

static Channel *
channel_of (UsHttpEvents *events, GMainContext *context) {
  for (guint i = 0; i < events->channels->len; i++) {
    Channel *channel = g_ptr_array_index (events->channels, i);

    if (channel->context == context)
      return channel;
  }
  Channel *channel = g_new0 (Channel, 1);
  channel->context = g_main_context_ref (context);
  g_ptr_array_add (events->channels, channel);
  return channel;
}

static gboolean
may_enter (UsHttpEvents *events, const UsHttpRequest *request, UsHttpResponse *response) {
  if (events->check != NULL)
    events->check (request, response, events->check_data);
  if (response->status != 0)
    return FALSE;
  if (events->stats.clients < events->max_clients)
    return TRUE;
  us_http_problem (response, 503, "too-busy", "Too many readers of events",
                   "There are %u already; try again later.", events->stats.clients);
  response->retry_after = g_strdup ("10");
  return FALSE;
}

UsHttpSink *
us_http_events_admit (UsHttpEvents *events, const UsHttpRequest *request, UsHttpResponse *response,
                      GMainContext *shard_context, GBytes **opening) {
  UsHttpEventsWish wish = { 0 };

  if (!may_enter (events, request, response)
      || !us_http_events_wish_read (&wish, request, response)) {
    us_http_events_wish_clear (&wish);
    events->stats.refused_total++;
    return NULL;
  }
  if (strcmp (request->method, "HEAD") == 0) {
    response->status = 200;
    response->content_type = "text/event-stream";
    us_http_events_wish_clear (&wish);
    return NULL;
  }
  UsHttpSink *sink = g_new0 (UsHttpSink, 1);
  Channel *channel = channel_of (events, shard_context);
  sink->n_refs = 1;
  sink->events = events;
  sink->link.data = us_http_sink_ref (sink);
  sink->channel = channel;
  sink->wish = wish;
  g_queue_push_tail_link (&channel->sinks, &sink->link);
  *opening = make_opening (events, &wish);
  events->stats.clients++;
  events->stats.clients_total++;
  us_timer_start (&events->heartbeat, events->heartbeat_ms, "us-http-heartbeat", on_heartbeat,
                  events);
  return sink;
}

void
us_http_events_dismiss (UsHttpSink *sink) {
  UsHttpEvents *events = sink->events;
  Channel *channel = sink->channel;

  if (events == NULL) {
    us_http_sink_unref (sink);
    return;
  }
  if (sink->was_slow)
    events->stats.slow_total++;
  forget_sink (channel, sink);
  us_http_sink_unref (sink);
  if (channel->sinks.length == 0)
    g_ptr_array_remove_fast (events->channels, channel);
  if (--events->stats.clients == 0)
    us_timer_stop (&events->heartbeat);
}

/* ---- the hub ---- */

/**
 * us_http_events_new:
 * @last_id: of the events before, which readers may have seen in an earlier run; 0: none
 */
UsHttpEvents *
us_http_events_new (guint64 last_id) {
  UsHttpEvents *events = g_new0 (UsHttpEvents, 1);

  g_queue_init (&events->ring);
  events->floor_id = events->last_id = last_id;
  events->channels = g_ptr_array_new_with_free_func (channel_free);
  events->max_clients = US_HTTP_EVENTS_MAX_CLIENTS;
  events->heartbeat_ms = US_HTTP_EVENTS_HEARTBEAT_MS;
  return events;
}

/**
 * us_http_events_set_check:
 * @check: refuses a reader by filling the response, status included; else leaves it alone
 */
void
us_http_events_set_check (UsHttpEvents *events, UsHttpHandle check, gpointer user_data) {
  events->check = check;
  events->check_data = user_data;
}

/* 0 leaves a limit as it is. */
void
us_http_events_set_limits (UsHttpEvents *events, guint max_clients, guint heartbeat_ms) {
  if (max_clients > 0)
    events->max_clients = max_clients;
  if (heartbeat_ms > 0)
    events->heartbeat_ms = heartbeat_ms;
}

void
us_http_events_get_stats (UsHttpEvents *events, UsHttpEventsStats *stats) {
  *stats = events->stats;
}

/* After the server has stopped. */
void
us_http_events_free (UsHttpEvents *events) {
  if (events == NULL)
    return;
  us_timer_stop (&events->heartbeat);
  g_ptr_array_unref (events->channels);
  g_queue_clear_full (&events->ring, event_free);
  g_free (events);
}
