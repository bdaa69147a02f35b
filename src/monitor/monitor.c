/* monitor.c - watches many streams the way viewers do, and says what is wrong with each
 *
 * Owned by the desk or a command, in one thread with a main context. It holds what all watches
 * share (poller, schedule, decoder) and what only all of them together can tell: whether it is our
 * own network that fails, or this program that cannot keep up. A tick twice a second looks at that.
 *
 * The handler may call back into the monitor. What it removes is silent at once and freed when no
 * call is under way; what it changes is taken over then.
 */
#include "monitor/monitor.h"

#include <math.h>
#include <string.h>

#define US_LOG_TOPIC "monitor"
#include "base/log.h"
#include "monitor/decode-worker.h"
#include "monitor/watch.h"

#define TICK_US (G_USEC_PER_SEC / 2)
#define LOCAL_PROBE_US (10 * (gint64)G_USEC_PER_SEC)
#define LOCAL_PROBE_AGAIN_US (G_USEC_PER_SEC / 2) /* after one that failed */
#define LOCAL_PROBE_MS 1000
#define LOCAL_PROBE_MAX_BYTES (64 * 1024)
#define LOCAL_PROBE_FAILED 2
#define HOLD_US (5 * (gint64)G_USEC_PER_SEC) /* a network that came back is not trusted at once */
/* Streams that are put together do not begin together. */
#define START_STEP_US 2500
#define START_MOST_US (10 * (gint64)G_USEC_PER_SEC)
#define START_FREE 10 /* the first ones of a while begin at once */

struct UsMonitor {
  UsWatchContext context;
  char *pipelines, *local_probe_url;
  GHashTable *watches; /* of id to UsWatch */
  GPtrArray *retired;  /* element-type UsWatch */
  GPtrArray *changes;  /* element-type UsStreamConfig: put during a call of the handler */
  UsScheduled tick, clean;
  gint64 started_us; /* up to when starts are given away */

  UsScheduled local_probe;
  UsPollerJob *local_job;
  guint n_local_failed;
  gboolean has_local_answer;
  guint n_failing; /* streams, at the last tick */
  gint64 down_us;  /* when the network was last found down; 0: it is not */
};

static void take_changes (UsMonitor *monitor);

/**
 * us_monitor_settings_default:
 * @settings: (out)
 *
 * A watched stream may be anywhere but on this machine and in private networks, unless it is so
 * set.
 */
void
us_monitor_settings_default (UsMonitorSettings *settings) {
  *settings = (UsMonitorSettings){
    .max_per_host = 16,
    .max_requests = 512,
    .deadline_ms = 5000,
    .first_deadline_ms = 5000,
    .max_segment_bytes = 32 * 1024 * 1024,
    .thumbnail_interval_ms = 10000,
    .max_decodes = 2,
  };
}

static gint64
now_us (const UsMonitor *monitor) {
  return us_clock_monotonic_us (monitor->context.clock);
}

/* ---- the network ---- */

static UsLocalNetwork
local_network (const UsMonitor *monitor) {
  if (monitor->local_probe_url == NULL || !monitor->has_local_answer)
    return US_LOCAL_UNKNOWN;
  return monitor->n_local_failed >= LOCAL_PROBE_FAILED ? US_LOCAL_DOWN : US_LOCAL_UP;
}

static void
on_local_answer (UsAnswer *answer, gpointer user_data) {
  UsMonitor *monitor = user_data;
  monitor->local_job = NULL;
  monitor->has_local_answer = TRUE;
  /* Any status is an answer. */
  monitor->n_local_failed = answer->fetched.status > 0 ? 0 : monitor->n_local_failed + 1;
  us_schedule_at (monitor->context.schedule, &monitor->local_probe,
                  now_us (monitor)
                      + (monitor->n_local_failed > 0 ? LOCAL_PROBE_AGAIN_US : LOCAL_PROBE_US));
}

static void
on_local_probe (gint64 due_us, gpointer user_data) {
  UsMonitor *monitor = user_data;
  UsAsk ask = { .stream = "",
                .url = monitor->local_probe_url,
                .is_ours = TRUE,
                .deadline_ms = LOCAL_PROBE_MS,
                .max_bytes = LOCAL_PROBE_MAX_BYTES };
  monitor->local_job = us_poller_ask (monitor->context.poller, &ask, on_local_answer, monitor);
}

/* Returns: (transfer container): the neighbours; @self: (out) (nullable): place of @watch */
static GArray *
gather (const UsMonitor *monitor, const UsWatch *watch, guint *self) {
  GArray *neighbours = g_array_sized_new (FALSE, FALSE, sizeof (UsNeighbour),
                                          g_hash_table_size (monitor->watches));
  GHashTableIter iter;
  gpointer its;
  g_hash_table_iter_init (&iter, monitor->watches);
  while (g_hash_table_iter_next (&iter, NULL, &its)) {
    UsNeighbour neighbour;
    if (us_watch_get_config (its)->is_paused && its != watch)
      continue;
    us_watch_get_neighbour (its, &neighbour);
    if (its == watch && self != NULL)
      *self = neighbours->len;
    g_array_append_val (neighbours, neighbour);
  }
  return neighbours;
}

static void
set_down (UsMonitor *monitor, const UsNetworkView *view) {
  gboolean is_local = local_network (monitor) == US_LOCAL_DOWN;
  if (monitor->context.network_problem == NULL)
    us_warning ("our own network fails: %u of %u streams at %u hosts do not answer",
                view->n_failing, view->n_streams, view->n_hosts_failing);
  monitor->down_us = now_us (monitor);
  g_free (monitor->context.network_problem);
  monitor->context.network_problem
      = is_local ? g_strdup ("Our own network fails: the local probe URL does not answer")
                 : g_strdup_printf ("Our own network fails: %u of %u streams at %u hosts stopped "
                                    "answering together",
                                    view->n_failing, view->n_streams, view->n_hosts_failing);
}

static void
judge_network (UsMonitor *monitor) {
  g_autoptr (GArray) neighbours = gather (monitor, NULL, NULL);
  UsNetworkView view;
  us_network_judge ((const UsNeighbour *)(gpointer)neighbours->data, neighbours->len,
                    local_network (monitor), &view);
  /* Before a stream is called ill, the second opinion is asked for. */
  if (view.n_failing > monitor->n_failing && monitor->local_probe_url != NULL
      && monitor->local_job == NULL)
    us_schedule_at (monitor->context.schedule, &monitor->local_probe, now_us (monitor));
  monitor->n_failing = view.n_failing;
  if (view.is_down) {
    set_down (monitor, &view);
  } else if (monitor->context.network_problem != NULL
             && now_us (monitor) - monitor->down_us > HOLD_US) {
    us_notice ("our own network works again");
    g_clear_pointer (&monitor->context.network_problem, g_free);
  }
}

static void
judge_load (UsMonitor *monitor) {
  gboolean is_overloaded = us_punctuality_is_overloaded (
      us_poller_get_punctuality (monitor->context.poller), now_us (monitor));
  if (is_overloaded != monitor->context.is_overloaded) {
    if (is_overloaded)
      us_warning ("this monitor cannot keep up: requests begin more than an interval too late");
    else
      us_notice ("this monitor keeps up again");
  }
  monitor->context.is_overloaded = is_overloaded;
}

static void
on_tick (gint64 due_us, gpointer user_data) {
  UsMonitor *monitor = user_data;
  judge_network (monitor);
  judge_load (monitor);
  us_schedule_at (monitor->context.schedule, &monitor->tick, now_us (monitor) + TICK_US);
}

/* ---- life ---- */

static void
on_clean (gint64 due_us, gpointer user_data) {
  UsMonitor *monitor = user_data;
  if (monitor->context.depth > 0) {
    us_schedule_at (monitor->context.schedule, &monitor->clean, now_us (monitor) + TICK_US);
    return;
  }
  g_ptr_array_set_size (monitor->retired, 0);
  take_changes (monitor);
}

static void
free_watch (gpointer watch) {
  us_watch_free (watch);
}

static UsDecoder *
new_decoder (const UsMonitorSettings *settings) {
  UsDecoderSettings its;
  if (settings->max_decodes == 0)
    return NULL;
  g_auto (GStrv) argv = us_decode_worker_argv (settings->pipelines);
  us_decoder_settings_default (&its);
  its.argv = (const char *const *)argv;
  its.max_workers = settings->max_decodes;
  return us_decoder_new (&its);
}

/**
 * us_monitor_new:
 * @settings: copied
 * @handler: copied; members may be %NULL
 *
 * Returns: (transfer full): nothing is watched yet
 */
UsMonitor *
us_monitor_new (const UsMonitorSettings *settings, const UsMonitorHandler *handler,
                gpointer user_data) {
  UsMonitor *monitor = g_new0 (UsMonitor, 1);
  UsWatchContext *context = &monitor->context;
  monitor->pipelines = g_strdup (settings->pipelines);
  monitor->local_probe_url = g_strdup (settings->local_probe_url);
  context->settings = *settings;
  context->settings.pipelines = monitor->pipelines;
  context->settings.local_probe_url = monitor->local_probe_url;
  context->clock = settings->clock != NULL ? settings->clock : us_clock_system ();
  context->handler = *handler;
  context->user_data = user_data;
  UsPollerSettings poller = { .max_per_host = settings->max_per_host,
                              .max_requests = settings->max_requests,
                              .allow_private = settings->allow_private,
                              .allow_loopback = settings->allow_loopback,
                              .clock = context->clock };
  context->poller = us_poller_new (&poller);
  context->schedule = us_schedule_new (context->clock);
  context->decoder = new_decoder (&context->settings);
  monitor->watches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  monitor->retired = g_ptr_array_new_with_free_func (free_watch);
  monitor->changes = g_ptr_array_new_with_free_func ((GDestroyNotify)us_stream_config_free);
  monitor->tick = (UsScheduled){ .due = on_tick, .user_data = monitor };
  monitor->clean = (UsScheduled){ .due = on_clean, .user_data = monitor };
  monitor->local_probe = (UsScheduled){ .due = on_local_probe, .user_data = monitor };
  us_schedule_at (context->schedule, &monitor->tick, now_us (monitor) + TICK_US);
  if (monitor->local_probe_url != NULL)
    us_schedule_at (context->schedule, &monitor->local_probe, now_us (monitor));
  return monitor;
}

/**
 * us_monitor_free:
 * @monitor: (transfer full): not from within a call of the handler
 *
 * No call comes afterwards.
 */
void
us_monitor_free (UsMonitor *monitor) {
  if (monitor == NULL)
    return;
  g_return_if_fail (monitor->context.depth == 0);
  GHashTableIter iter;
  gpointer watch;
  us_poller_cancel (&monitor->local_job);
  g_hash_table_iter_init (&iter, monitor->watches);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    us_watch_free (watch);
  g_hash_table_unref (monitor->watches);
  g_ptr_array_unref (monitor->retired);
  g_ptr_array_unref (monitor->changes);
  us_schedule_free (monitor->context.schedule);
  us_poller_free (monitor->context.poller);
  g_clear_pointer (&monitor->context.decoder, us_decoder_free);
  g_free (monitor->context.network_problem);
  g_free (monitor->pipelines);
  g_free (monitor->local_probe_url);
  g_free (monitor);
}

/* ---- streams ---- */

static gint64
start_delay_us (UsMonitor *monitor) {
  gint64 now = now_us (monitor);
  monitor->started_us = MAX (monitor->started_us, now - START_FREE * START_STEP_US);
  monitor->started_us += START_STEP_US;
  return CLAMP (monitor->started_us - now, 0, START_MOST_US);
}

static void
take_changes (UsMonitor *monitor) {
  while (monitor->changes->len > 0) {
    g_autoptr (UsStreamConfig) config = g_ptr_array_steal_index (monitor->changes, 0);
    us_monitor_put (monitor, config);
  }
}

/**
 * us_monitor_put:
 * @config: checked; copied
 */
void
us_monitor_put (UsMonitor *monitor, const UsStreamConfig *config) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, config->id);
  if (watch == NULL) {
    watch = us_watch_new (&monitor->context, config, start_delay_us (monitor));
    g_hash_table_insert (monitor->watches, g_strdup (config->id), watch);
  } else if (monitor->context.depth == 0) {
    us_watch_configure (watch, config);
  } else {
    g_ptr_array_add (monitor->changes, us_stream_config_copy (config));
    us_schedule_at (monitor->context.schedule, &monitor->clean, now_us (monitor));
  }
}

void
us_monitor_remove (UsMonitor *monitor, const char *id) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, id);
  if (watch == NULL)
    return;
  for (guint i = monitor->changes->len; i > 0; i--)
    if (strcmp (((UsStreamConfig *)monitor->changes->pdata[i - 1])->id, id) == 0)
      g_ptr_array_remove_index (monitor->changes, i - 1);
  g_hash_table_remove (monitor->watches, id);
  us_watch_retire (watch);
  g_ptr_array_add (monitor->retired, watch);
  us_schedule_at (monitor->context.schedule, &monitor->clean, now_us (monitor));
}

void
us_monitor_set_inside (UsMonitor *monitor, const char *id, const UsSymptoms *inside) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, id);
  if (watch != NULL)
    us_watch_set_inside (watch, inside);
}

/**
 * us_monitor_set_own_port:
 * @port: where we answer; 0: nowhere
 *
 * Streams that are not of our own chain are not led there.
 */
void
us_monitor_set_own_port (UsMonitor *monitor, guint16 port) {
  us_poller_set_own_port (monitor->context.poller, port);
}

void
us_monitor_want_thumbnail (UsMonitor *monitor, const char *id, const char *reason) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, id);
  if (watch != NULL)
    us_watch_want_thumbnail (watch, reason);
}

/* ---- views ---- */

/**
 * us_monitor_view:
 * @view: (out)
 *
 * Returns: %FALSE: no such stream
 */
gboolean
us_monitor_view (UsMonitor *monitor, const char *id, UsWatchView *view) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, id);
  if (watch == NULL)
    return FALSE;
  us_watch_view (watch, view);
  return TRUE;
}

/**
 * us_monitor_get_symptoms:
 * @symptoms: (out): nothing known when there is no such stream
 */
void
us_monitor_get_symptoms (UsMonitor *monitor, const char *id, UsSymptoms *symptoms) {
  UsWatch *watch = g_hash_table_lookup (monitor->watches, id);
  guint self = 0;
  us_symptoms_init (symptoms);
  if (watch == NULL)
    return;
  us_watch_get_symptoms (watch, symptoms);
  g_autoptr (GArray) neighbours = gather (monitor, watch, &self);
  us_network_fill_symptoms ((const UsNeighbour *)(gpointer)neighbours->data, neighbours->len, self,
                            local_network (monitor), symptoms);
}

static double
lateness (const UsMonitor *monitor, double share) {
  return us_punctuality_percentile (us_poller_get_punctuality (monitor->context.poller),
                                    now_us (monitor), share);
}

void
us_monitor_get_stats (UsMonitor *monitor, UsMonitorStats *stats) {
  const UsPunctuality *punctuality = us_poller_get_punctuality (monitor->context.poller);
  *stats = (UsMonitorStats){ .n_streams = g_hash_table_size (monitor->watches),
                             .n_late = punctuality->n_late,
                             .lateness_p50_s = lateness (monitor, 0.5),
                             .lateness_p99_s = lateness (monitor, 0.99),
                             .lateness_max_s = lateness (monitor, 1),
                             .is_network_down = monitor->context.network_problem != NULL,
                             .is_overloaded = monitor->context.is_overloaded };
  us_poller_get_counts (monitor->context.poller, &stats->n_under_way, &stats->n_queued,
                        &stats->n_requests);
  if (monitor->context.decoder != NULL) {
    UsDecoderStats decoder;
    us_decoder_get_stats (monitor->context.decoder, &decoder);
    stats->n_decodes = decoder.n_done + decoder.n_failed;
    stats->n_decodes_refused = decoder.n_refused;
    stats->n_decoder_crashes = decoder.n_crashes;
    stats->n_decoder_timeouts = decoder.n_timeouts;
  }
}
