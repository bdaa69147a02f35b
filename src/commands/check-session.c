/* check-session.c - watches one stream for a while, and reports
 *
 * A monitor with one stream, in the main loop of the command, for as long as check-end.c says.
 * What the monitor tells is gathered by rendition; findings that open and close again and again are
 * one. A standing condition that was seen at a single evaluation is not reported: the monitor does
 * not believe it either.
 */
#include "commands/check-session.h"

#include <glib-unix.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/url.h"
#include "commands/check-end.h"
#include "monitor/monitor.h"

#define TICK_MS 100
/* Our own origins and switcher hold a request for a stream that they do not know for 5 s
 * (unknown-stream-wait), and then say that there is none. */
#define FIRST_ANSWER_MS 8000
#define BELIEVED 2       /* evaluations */
#define MAX_TIMES 100000 /* of each kind, for percentiles */
/* The peak is that of a piece of about a target duration (RFC 8216 4.3.4.2): the rest at the end of
 * a recording is none. */
#define PEAK_LEAST_TARGETS 0.5

/* Found: all openings of one check in one rendition. */
typedef struct {
  UsFinding newest; /* its text is owned */
  char *label;      /* nullable */
  guint64 opening;  /* id of the newest */
  guint n_before;   /* hits of the openings before */
  gint64 first_us;
  UsSeverity worst;
  gboolean is_believed;
} Found;

/* Seen: what was gathered of one rendition, beside what a view of it tells at the end. */
typedef struct {
  guint n_segments, n_failed, n_playlists, n_playlists_failed;
  double media_s, peak_bps;
  guint64 n_bytes;
  gint64 polled_us; /* the newest poll that was counted began */
  GArray *playlist_first_byte, *first_byte, *download, *ratio; /* element-type double */
  /* The newest media that was measured. */
  guint width, height, frame_rate_mhz;
  char *codecs; /* nullable */
} Seen;

typedef struct {
  const UsCheckSessionSettings *settings;
  UsMonitor *monitor;
  GMainLoop *loop;
  GPtrArray *found;            /* element-type Found */
  GHashTable *seen;            /* element-type int, Seen */
  GArray *dns, *connect, *tls; /* element-type double */
  UsCheckEnd end;
  gint64 begun_wall_us;
  gboolean is_interrupted, was_good;
  gint64 shown_us; /* progress */
} Session;

/* ---- gathering ---- */

static void
free_found (gpointer data) {
  Found *found = data;
  g_free (found->newest.text);
  g_free (found->label);
  g_free (found);
}

static void
free_seen (gpointer data) {
  Seen *seen = data;
  g_array_unref (seen->playlist_first_byte);
  g_array_unref (seen->first_byte);
  g_array_unref (seen->download);
  g_array_unref (seen->ratio);
  g_free (seen->codecs);
  g_free (seen);
}

static GArray *
new_times (void) {
  return g_array_new (FALSE, FALSE, sizeof (double));
}

static void
add_time (GArray *times, double seconds) {
  if (isfinite (seconds) && times->len < MAX_TIMES)
    g_array_append_val (times, seconds);
}

static Seen *
find_seen (Session *session, int index) {
  Seen *seen = g_hash_table_lookup (session->seen, GINT_TO_POINTER (index));
  if (seen != NULL)
    return seen;
  seen = g_new0 (Seen, 1);
  seen->peak_bps = NAN;
  seen->playlist_first_byte = new_times ();
  seen->first_byte = new_times ();
  seen->download = new_times ();
  seen->ratio = new_times ();
  g_hash_table_insert (session->seen, GINT_TO_POINTER (index), seen);
  return seen;
}

static void
on_sample (const char *stream, const UsSample *sample, gpointer user_data) {
  Session *session = user_data;
  Seen *seen = find_seen (session, sample->rendition);
  seen->n_segments++;
  add_time (session->dns, sample->dns_s);
  add_time (session->connect, sample->connect_s);
  add_time (session->tls, sample->tls_s);
  if (sample->outcome != US_OUTCOME_OK) {
    seen->n_failed++;
    return;
  }
  seen->media_s += sample->duration_s;
  seen->n_bytes += sample->n_bytes;
  add_time (seen->first_byte, sample->ttfb_s);
  add_time (seen->download, sample->total_s);
  add_time (seen->ratio, sample->ratio);
  if (sample->duration_s > PEAK_LEAST_TARGETS * session->end.target_duration_s)
    seen->peak_bps = fmax (seen->peak_bps, 8 * (double)sample->n_bytes / sample->duration_s);
}

static const UsRenditionInfo *
find_info (const UsWatchView *view, int rendition) {
  for (guint i = 0; i < view->n_renditions; i++)
    if (view->renditions[i].info->index == rendition)
      return view->renditions[i].info;
  return NULL;
}

static Found *
find_found (Session *session, const UsFinding *finding) {
  for (guint i = 0; i < session->found->len; i++) {
    Found *found = session->found->pdata[i];
    if (found->newest.check == finding->check && found->newest.rendition == finding->rendition)
      return found;
  }
  Found *found = g_new0 (Found, 1);
  UsWatchView view;
  const UsRenditionInfo *info
      = us_monitor_view (session->monitor, session->settings->config->id, &view)
            ? find_info (&view, finding->rendition)
            : NULL;
  found->label = g_strdup (info != NULL ? info->label : NULL);
  found->first_us = finding->first_us;
  found->opening = finding->id;
  g_ptr_array_add (session->found, found);
  return found;
}

static gboolean
is_believed (const UsFinding *finding) {
  const UsCheckInfo *info = us_check_info (finding->check);
  return info->lasts_ms > 0 || finding->count >= BELIEVED
         || (info->group == US_CHECK_GROUP_REACH && finding->worst == US_SEVERITY_UNHEALTHY);
}

static void
take_finding (Session *session, const UsFinding *finding) {
  Found *found = find_found (session, finding);
  if (found->opening != finding->id) {
    found->n_before += found->newest.count;
    found->opening = finding->id;
  }
  g_free (found->newest.text);
  found->newest = *finding;
  found->newest.text = g_strdup (finding->text);
  if (is_believed (finding)) {
    found->is_believed = TRUE;
    found->worst = MAX (found->worst, finding->worst);
  }
}

static void
on_finding (const char *stream, const UsFinding *finding, UsFindingChange change,
            gpointer user_data) {
  take_finding (user_data, finding);
}

/* How often a finding was seen is told only when it changes. */
static void
take_open (Session *session, const UsWatchView *view) {
  g_autoptr (GPtrArray) open = us_findings_list (view->findings);
  for (guint i = 0; i < open->len; i++)
    take_finding (session, open->pdata[i]);
}

static void
on_verdict (const char *stream, const UsVerdict *verdict, gboolean changed, gpointer user_data) {
  Session *session = user_data;
  session->end.n_evaluations++;
  session->end.n_idle_evaluations++;
}

/* The newest poll of a rendition, unless it was counted before. */
static void
take_poll (Session *session, const UsRenditionFacts *facts, Seen *seen) {
  if (facts->last == NULL || facts->last->begun_us <= seen->polled_us)
    return;
  seen->polled_us = facts->last->begun_us;
  seen->n_playlists++;
  add_time (session->dns, facts->last->dns_s);
  add_time (session->connect, facts->last->connect_s);
  add_time (session->tls, facts->last->tls_s);
  if (facts->n_failed > 0)
    seen->n_playlists_failed++;
  else
    add_time (seen->playlist_first_byte, facts->last->first_byte_s);
}

static void
take_media (const UsRenditionFacts *facts, Seen *seen) {
  const UsInspection *media = facts->media;
  if (media == NULL)
    return;
  const char *video = media->video_codec, *audio = media->audio_codec;
  seen->width = media->width;
  seen->height = media->height;
  seen->frame_rate_mhz = media->frame_rate_mhz;
  g_free (seen->codecs);
  seen->codecs
      = video == NULL && audio == NULL
            ? NULL
            : g_strconcat (video != NULL ? video : "", video != NULL && audio != NULL ? "," : "",
                           audio != NULL ? audio : "", NULL);
}

/* ---- is it enough? ---- */

static gboolean
lacks_segment (Session *session, const UsRenditionFacts *facts) {
  return facts->info->kind != US_RENDITION_SUBTITLES && facts->playlist != NULL
         && facts->playlist->segments->len > 0
         && find_seen (session, facts->info->index)->n_segments == 0;
}

/* That nobody can watch it is proven, and nothing of it was ever had. */
static gboolean
is_unreachable (const Session *session) {
  for (guint i = 0; i < session->found->len && !session->was_good; i++) {
    const Found *its = session->found->pdata[i];
    UsCheck check = its->newest.check;
    gboolean is_reach
        = us_check_info (check)->group == US_CHECK_GROUP_REACH || check == US_CHECK_PARSE_ERROR;
    gboolean is_forbidden = check == US_CHECK_FORBIDDEN_ADDRESS;
    if (its->newest.rendition == US_FINDING_WHOLE && its->is_believed && is_reach
        && (its->worst == US_SEVERITY_UNHEALTHY || is_forbidden) && check != US_CHECK_CERT_EXPIRING)
      return TRUE;
  }
  return FALSE;
}

/* All renditions that could be read: of how many it is complete, since when they are known. */
static void
read_renditions (Session *session, const UsWatchView *view) {
  UsCheckEnd *end = &session->end;
  guint n_good = 0, n_recorded = 0;
  gboolean is_idle = view->n_renditions > 0;
  end->lacks_segment = FALSE;
  for (guint i = 0; i < view->n_renditions; i++) {
    const UsRenditionFacts *facts = &view->renditions[i];
    Seen *seen = find_seen (session, facts->info->index);
    take_poll (session, facts, seen);
    take_media (facts, seen);
    n_good += facts->first_good_us > 0;
    n_recorded += facts->playlist != NULL && facts->playlist->is_ended && facts->advanced_us == 0;
    is_idle = is_idle && facts->n_segments_waiting == 0
              && (facts->first_good_us > 0 || facts->n_failed > BELIEVED);
    end->lacks_segment = end->lacks_segment || lacks_segment (session, facts);
    end->target_duration_s = MAX (end->target_duration_s, facts->target_duration_s);
    if (facts->first_good_us > 0 && end->first_good_us == 0)
      end->first_good_us = facts->first_good_us;
  }
  session->was_good = session->was_good || view->is_multivariant || n_good > 0;
  end->is_recording = n_good > 0 && n_recorded == n_good;
  end->is_idle = is_idle;
  if (!is_idle)
    end->n_idle_evaluations = 0;
}

static void
show_progress (Session *session, const UsWatchView *view) {
  const UsCheckEnd *end = &session->end;
  guint n_segments = 0, n_waiting = 0;
  if (!session->settings->has_progress || end->now_us - session->shown_us < G_USEC_PER_SEC / 2)
    return;
  session->shown_us = end->now_us;
  for (guint i = 0; i < view->n_renditions; i++) {
    n_segments += find_seen (session, view->renditions[i].info->index)->n_segments;
    n_waiting += view->renditions[i].n_segments_waiting;
  }
  fprintf (stderr, "\r\033[K%.0f s", (double)(end->now_us - end->begun_us) / G_USEC_PER_SEC);
  if (end->first_good_us > 0 && !end->is_recording)
    fprintf (stderr, " of %.0f s", (double)us_check_end_planned_us (end) / G_USEC_PER_SEC);
  fprintf (stderr, ", %u rendition%s, %u", view->n_renditions, view->n_renditions == 1 ? "" : "s",
           n_segments);
  if (end->is_recording)
    fprintf (stderr, " of %u", n_segments + n_waiting);
  fprintf (stderr, " segments, %u finding%s", session->found->len,
           session->found->len == 1 ? "" : "s");
  fflush (stderr);
}

static gboolean
on_tick (gpointer user_data) {
  Session *session = user_data;
  UsWatchView view;
  session->end.now_us = g_get_monotonic_time ();
  if (us_monitor_view (session->monitor, session->settings->config->id, &view)) {
    take_open (session, &view);
    read_renditions (session, &view);
    show_progress (session, &view);
  }
  session->end.is_unreachable = is_unreachable (session);
  if (us_check_end_is_due (&session->end))
    g_main_loop_quit (session->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer user_data) {
  Session *session = user_data;
  session->is_interrupted = TRUE;
  g_main_loop_quit (session->loop);
  return G_SOURCE_CONTINUE;
}

/* ---- the report ---- */

static double
since_begin (const Session *session, gint64 us) {
  return (double)(us - session->end.begun_us) / G_USEC_PER_SEC;
}

/* A recording is what it is: that it has ended is no news. */
static gboolean
is_told (const Found *found) {
  return found->is_believed
         && !(found->newest.check == US_CHECK_ENDLIST && found->worst == US_SEVERITY_INFO);
}

static void
report_findings (Session *session, const UsWatchView *view, UsReport *report) {
  take_open (session, view);
  for (guint i = 0; i < session->found->len; i++) {
    Found *found = session->found->pdata[i];
    if (!is_told (found))
      continue;
    UsReportFinding *its = us_report_add_finding (report, &found->newest, found->label);
    its->severity = found->worst;
    its->count = found->n_before + found->newest.count;
    its->first_s = since_begin (session, found->first_us);
    its->last_s = since_begin (session, found->newest.last_us);
  }
}

static void
report_rendition (Session *session, const UsRenditionFacts *facts, UsReport *report) {
  Seen *seen = find_seen (session, facts->info->index);
  UsReportRendition *its = us_report_add_rendition (report, facts->info);
  UsReportTimes ratio;
  its->has_playlist = facts->first_good_us > 0;
  if (facts->playlist != NULL) {
    its->is_ended = facts->playlist->is_ended;
    its->n_listed = facts->playlist->segments->len;
  }
  its->target_duration_s = facts->target_duration_s;
  its->measured = (UsReportMedia){
    .peak_bps = seen->peak_bps,
    .average_bps = seen->media_s > 0 ? 8 * (double)seen->n_bytes / seen->media_s : NAN,
    .width = seen->width,
    .height = seen->height,
    .frame_rate_mhz = seen->frame_rate_mhz,
    .codecs = g_strdup (seen->codecs),
  };
  its->n_playlists = seen->n_playlists;
  its->n_playlists_failed = seen->n_playlists_failed;
  its->n_segments = seen->n_segments;
  its->n_segments_failed = seen->n_failed;
  its->media_s = seen->media_s;
  its->n_bytes = seen->n_bytes;
  us_report_times_read (&its->playlist_first_byte, seen->playlist_first_byte);
  us_report_times_read (&its->first_byte, seen->first_byte);
  us_report_times_read (&its->download, seen->download);
  us_report_times_read (&ratio, seen->ratio);
  its->speed = ratio.p50;
}

static UsReport *
make_report (Session *session) {
  UsReport *report = us_report_new ();
  const UsStreamConfig *config = session->settings->config;
  UsWatchView view;
  report->url = us_url_for_people (config->url);
  report->begun_wall_us = session->begun_wall_us;
  report->watched_s = since_begin (session, g_get_monotonic_time ());
  report->is_interrupted = session->is_interrupted;
  report->kind = session->end.first_good_us == 0 ? US_REPORT_UNKNOWN
                 : session->end.is_recording     ? US_REPORT_RECORDING
                                                 : US_REPORT_LIVE;
  us_report_times_read (&report->dns, session->dns);
  us_report_times_read (&report->connect, session->connect);
  us_report_times_read (&report->tls, session->tls);
  if (!us_monitor_view (session->monitor, config->id, &view))
    return report;
  report_findings (session, &view, report);
  for (guint i = 0; i < view.n_renditions; i++)
    report_rendition (session, &view.renditions[i], report);
  us_report_judge (report, session->end.first_good_us > 0 && session->end.n_evaluations > 0);
  return report;
}

/* ---- life ---- */

static void
start (Session *session) {
  const UsCheckSessionSettings *its = session->settings;
  UsMonitorHandler handler
      = { .on_finding = on_finding, .on_verdict = on_verdict, .on_sample = on_sample };
  UsMonitorSettings settings;
  us_monitor_settings_default (&settings);
  settings.allow_private = settings.allow_loopback = its->allow_private;
  settings.pipelines = its->pipelines;
  settings.first_deadline_ms = FIRST_ANSWER_MS;
  settings.thumbnail_interval_ms = 0;
  settings.max_decodes = 1;
  settings.recording_segments = its->segments > 0 ? its->segments : G_MAXUINT;
  session->loop = g_main_loop_new (NULL, FALSE);
  session->found = g_ptr_array_new_with_free_func (free_found);
  session->seen = g_hash_table_new_full (NULL, NULL, NULL, free_seen);
  session->dns = new_times ();
  session->connect = new_times ();
  session->tls = new_times ();
  session->begun_wall_us = g_get_real_time ();
  session->end.begun_us = session->end.now_us = g_get_monotonic_time ();
  session->end.for_us = its->for_us;
  session->monitor = us_monitor_new (&settings, &handler, session);
  us_monitor_put (session->monitor, its->config);
}

static void
end (Session *session) {
  us_monitor_free (session->monitor);
  g_main_loop_unref (session->loop);
  g_ptr_array_unref (session->found);
  g_hash_table_unref (session->seen);
  g_array_unref (session->dns);
  g_array_unref (session->connect);
  g_array_unref (session->tls);
}

static GSource *
attach (GSource *source, const char *name, GSourceFunc func, Session *session) {
  g_source_set_static_name (source, name);
  g_source_set_callback (source, func, session, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
detach (GSource *source) {
  g_source_destroy (source);
  g_source_unref (source);
}

/**
 * us_check_session_run:
 */
UsReport *
us_check_session_run (const UsCheckSessionSettings *settings) {
  Session session = { .settings = settings };
  start (&session);
  GSource *tick = attach (g_timeout_source_new (TICK_MS), "check-tick", on_tick, &session);
  GSource *term = attach (g_unix_signal_source_new (SIGTERM), "check-signal", on_signal, &session);
  GSource *interrupt
      = attach (g_unix_signal_source_new (SIGINT), "check-signal", on_signal, &session);
  g_main_loop_run (session.loop);
  detach (tick);
  detach (term);
  detach (interrupt);
  if (settings->has_progress)
    fprintf (stderr, "\r\033[K");
  UsReport *report = make_report (&session);
  end (&session);
  return report;
}
