/* watch.c - one watched stream: its playlists as they come and go, and its life
 *
 * Owned by the monitor, main loop only. The URL of the operator is the root. While it is a media
 * playlist, one rendition takes it over; while it is a multivariant one, it is read every half
 * minute, and at once when a rendition fails, and each playlist that it names is a rendition with
 * polls of its own (watch-rendition.c) and its segments (watch-segment.c). A timer judges the whole
 * (watch-judge.c), and watch-report.c tells what happened.
 *
 * The handler may remove the stream that it is called for: us_watch_retire() then stops everything,
 * and the monitor frees the watch when no call is under way.
 */
#include "monitor/watch-private.h"

#include <math.h>
#include <string.h>

#include "monitor/cadence.h"
#include "monitor/ladder.h"

#define DOUBT_US (5 * (gint64)G_USEC_PER_SEC) /* the root is not read more often for it */

static void
gone_clear (gpointer data) {
  UsGone *gone = data;
  g_free (gone->label);
  g_free (gone->url);
}

static void
free_rendition (gpointer rendition) {
  us_watch_rendition_free (rendition);
}

gint64
us_watch_now (const UsWatch *watch) {
  return us_clock_monotonic_us (watch->context->clock);
}

gint64
us_watch_wall (const UsWatch *watch) {
  return us_clock_wall_us (watch->context->clock);
}

/* ---- content and pictures ---- */

/* What is seen of it is read at the next evaluation; segments may have waited for it. */
static void
on_content (int rendition, const UsContentFacts *facts, gpointer user_data) {
  UsWatch *watch = user_data;
  for (guint i = 0; i < watch->renditions->len; i++) {
    UsWatchRendition *its = watch->renditions->pdata[i];
    if (its->info->index == rendition) {
      us_watch_segment_next (its);
      return;
    }
  }
}

static void
start_looking (UsWatch *watch) {
  const UsStreamConfig *config = watch->config;
  UsContentWanted wanted = { config->has_black, config->has_frozen, config->has_silent };
  UsWatchContext *context = watch->context;
  watch->content = us_content_new (context->decoder, &wanted, on_content, watch);
  watch->thumbnailer = us_thumbnailer_new (
      context->decoder, context->settings.thumbnail_interval_ms, us_watch_report_thumbnail, watch);
}

static void
forget_content (UsWatch *watch, int index) {
  if (watch->content != NULL)
    us_content_forget (watch->content, index);
}

/* ---- renditions ---- */

static void
drop_rendition (UsWatch *watch, UsWatchRendition *rendition) {
  int index = rendition->info->index;
  us_watch_rendition_stop (rendition);
  forget_content (watch, index);
  us_findings_close_all (watch->findings, index, FALSE, us_watch_now (watch), us_watch_wall (watch),
                         us_watch_report_finding, watch);
  g_array_set_size (watch->facts, 0); /* it points into the rendition */
  g_ptr_array_remove (watch->renditions, rendition);
}

static void
drop_all_renditions (UsWatch *watch) {
  while (watch->renditions->len > 0)
    drop_rendition (watch, watch->renditions->pdata[0]);
}

static UsWatchRendition *
find_rendition (const UsWatch *watch, int index) {
  for (guint i = 0; i < watch->renditions->len; i++) {
    UsWatchRendition *rendition = watch->renditions->pdata[i];
    if (rendition->info->index == index)
      return rendition;
  }
  return NULL;
}

static GPtrArray *
current_ladder (const UsWatch *watch) {
  GPtrArray *ladder = g_ptr_array_new ();
  for (guint i = 0; i < watch->renditions->len; i++)
    g_ptr_array_add (ladder, ((UsWatchRendition *)watch->renditions->pdata[i])->info);
  return ladder;
}

static void
note_gone (UsWatch *watch, const UsWatchRendition *rendition) {
  UsGone gone = { g_strdup (rendition->info->label), us_watch_now (watch),
                  g_strdup (rendition->info->url) };
  if (watch->gone->len < US_MAX_RENDITIONS)
    g_array_append_val (watch->gone, gone);
  else
    gone_clear (&gone);
}

static void
forget_gone (UsWatch *watch, const char *url) {
  for (guint i = watch->gone->len; i > 0; i--)
    if (strcmp (g_array_index (watch->gone, UsGone, i - 1).url, url) == 0)
      g_array_remove_index (watch->gone, i - 1);
}

/* Renditions that are no longer named. Returns: (element-type utf8): their labels */
static GPtrArray *
remove_missing (UsWatch *watch, const GPtrArray *ladder) {
  GPtrArray *removed = g_ptr_array_new_with_free_func (g_free);
  for (guint i = watch->renditions->len; i > 0; i--) {
    UsWatchRendition *rendition = watch->renditions->pdata[i - 1];
    if (us_ladder_find (ladder, rendition->info->index) != NULL)
      continue;
    g_ptr_array_add (removed, g_strdup (rendition->info->label));
    note_gone (watch, rendition);
    drop_rendition (watch, rendition);
  }
  return removed;
}

/* Takes over what is named; new ones begin. Returns: (element-type utf8): labels of the new */
static GPtrArray *
add_new (UsWatch *watch, GPtrArray *ladder) {
  GPtrArray *added = g_ptr_array_new_with_free_func (g_free);
  while (ladder->len > 0) {
    UsRenditionInfo *info = g_ptr_array_steal_index (ladder, 0);
    UsWatchRendition *rendition = find_rendition (watch, info->index);
    forget_gone (watch, info->url);
    if (rendition != NULL) {
      us_rendition_info_free (rendition->info);
      rendition->info = info;
      continue;
    }
    g_ptr_array_add (added, g_strdup (info->label));
    rendition = us_watch_rendition_new (watch, info, FALSE);
    g_ptr_array_add (watch->renditions, rendition);
    us_watch_rendition_start (rendition, 0);
  }
  return added;
}

static void
take_ladder (UsWatch *watch, const UsPlaylist *playlist) {
  gboolean is_first = !watch->is_multivariant;
  const char *base_url = watch->root->base_url != NULL ? watch->root->base_url : watch->config->url;
  g_autoptr (GPtrArray) before = current_ladder (watch);
  g_autoptr (GPtrArray) ladder = us_ladder_read (playlist, base_url, before);
  if (ladder->len == 0)
    return;
  watch->is_multivariant = TRUE;
  g_array_set_size (watch->facts, 0); /* the infos they point to are replaced */
  g_autoptr (GPtrArray) removed = remove_missing (watch, ladder);
  g_autoptr (GPtrArray) added = add_new (watch, ladder);
  if (!is_first && (removed->len > 0 || added->len > 0))
    us_watch_report_ladder (watch, added, removed);
}

/**
 * us_watch_take_root:
 * @playlist: what the root has just been found to be
 */
void
us_watch_take_root (UsWatch *watch, const UsPlaylist *playlist) {
  if (playlist->variants->len > 0) {
    take_ladder (watch, playlist);
    return;
  }
  drop_all_renditions (watch);
  watch->is_multivariant = FALSE;
  watch->is_lone = TRUE;
  us_watch_rendition_stop (watch->root);
  us_findings_close_all (watch->findings, US_FINDING_WHOLE, FALSE, us_watch_now (watch),
                         us_watch_wall (watch), us_watch_report_finding, watch);
  UsRenditionInfo *info = us_rendition_info_new_lone (watch->config->url);
  g_ptr_array_add (watch->renditions, us_watch_rendition_new (watch, info, FALSE));
}

void
us_watch_doubt_root (UsWatch *watch) {
  UsWatchRendition *root = watch->root;
  gint64 due_us = MAX (us_watch_now (watch), root->asked_us + DOUBT_US);
  if (watch->is_lone || root->poll_job != NULL || watch->is_retired)
    return;
  if (root->poll.place != 0 && root->poll.due_us > due_us)
    us_schedule_at (watch->context->schedule, &root->poll, due_us);
}

static void
new_root (UsWatch *watch) {
  UsRenditionInfo *info = us_rendition_info_new_lone (watch->config->url);
  info->index = US_FINDING_WHOLE;
  g_free (info->label);
  info->label = g_strdup ("multivariant playlist");
  watch->root = us_watch_rendition_new (watch, info, TRUE);
  watch->is_lone = watch->is_multivariant = FALSE;
}

void
us_watch_reread_root (UsWatch *watch) {
  drop_all_renditions (watch);
  us_watch_rendition_free (watch->root);
  new_root (watch);
  us_watch_rendition_start (watch->root, 0);
}

/* ---- life ---- */

static void
on_evaluate (gint64 due_us, gpointer user_data) {
  UsWatch *watch = user_data;
  us_watch_evaluate (watch);
  if (!watch->is_retired)
    us_schedule_at (watch->context->schedule, &watch->evaluation,
                    us_watch_now (watch) + us_watch_evaluation_us (watch));
}

static void
take_host (UsWatch *watch) {
  g_autoptr (GUri) uri = g_uri_parse (watch->config->url, G_URI_FLAGS_ENCODED, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  g_free (watch->host);
  watch->host = g_ascii_strdown (host != NULL ? host : "", -1);
  watch->is_here = us_network_is_here (watch->host);
}

/* Everything that was learned of another URL. */
static void
begin (UsWatch *watch, gint64 delay_us) {
  watch->added_us = us_watch_now (watch);
  watch->findings = us_findings_new ();
  watch->side_files = us_side_files_new ();
  watch->health_wall_us = us_watch_wall (watch);
  start_looking (watch);
  take_host (watch);
  new_root (watch);
  if (!watch->config->is_paused)
    us_watch_rendition_start (watch->root, delay_us);
  us_schedule_at (watch->context->schedule, &watch->evaluation,
                  watch->added_us + delay_us + us_watch_evaluation_us (watch));
}

static void
end (UsWatch *watch) {
  us_schedule_drop (watch->context->schedule, &watch->evaluation);
  g_array_set_size (watch->facts, 0);
  g_ptr_array_set_size (watch->renditions, 0);
  g_clear_pointer (&watch->root, us_watch_rendition_free);
  g_clear_pointer (&watch->content, us_content_free);
  g_clear_pointer (&watch->thumbnailer, us_thumbnailer_free);
  g_clear_pointer (&watch->findings, us_findings_free);
  g_clear_pointer (&watch->side_files, us_side_files_free);
  g_array_set_size (watch->gone, 0);
  us_verdict_clear (&watch->verdict);
  us_minute_book_clear (&watch->minutes);
}

UsWatch *
us_watch_new (UsWatchContext *context, const UsStreamConfig *config, gint64 delay_us) {
  UsWatch *watch = g_new0 (UsWatch, 1);
  watch->context = context;
  watch->config = us_stream_config_copy (config);
  watch->renditions = g_ptr_array_new_with_free_func (free_rendition);
  watch->facts = g_array_new (FALSE, FALSE, sizeof (UsRenditionFacts));
  watch->gone = g_array_new (FALSE, FALSE, sizeof (UsGone));
  g_array_set_clear_func (watch->gone, gone_clear);
  watch->evaluation = (UsScheduled){ .due = on_evaluate, .user_data = watch };
  us_symptoms_init (&watch->inside);
  begin (watch, delay_us);
  return watch;
}

void
us_watch_retire (UsWatch *watch) {
  watch->is_retired = TRUE;
  us_schedule_drop (watch->context->schedule, &watch->evaluation);
  us_watch_rendition_stop (watch->root);
  for (guint i = 0; i < watch->renditions->len; i++)
    us_watch_rendition_stop (watch->renditions->pdata[i]);
}

void
us_watch_free (UsWatch *watch) {
  us_watch_retire (watch);
  end (watch);
  g_ptr_array_unref (watch->renditions);
  g_array_unref (watch->facts);
  g_array_unref (watch->gone);
  us_stream_config_free (watch->config);
  g_free (watch->host);
  g_free (watch);
}

/* ---- changes ---- */

static void
rest (UsWatch *watch) {
  us_watch_rendition_stop (watch->root);
  drop_all_renditions (watch);
  us_findings_close_all (watch->findings, 0, TRUE, us_watch_now (watch), us_watch_wall (watch),
                         us_watch_report_finding, watch);
  us_watch_rendition_free (watch->root);
  new_root (watch);
  watch->failing_us = 0;
}

/**
 * us_watch_configure:
 * @config: copied; of the same id
 */
void
us_watch_configure (UsWatch *watch, const UsStreamConfig *config) {
  g_autoptr (UsStreamConfig) old = watch->config;
  gboolean is_other = strcmp (old->url, config->url) != 0
                      || g_strcmp0 (old->authorization, config->authorization) != 0;
  watch->config = us_stream_config_copy (config);
  if (is_other) {
    gint64 judged_us = watch->minutes.judged_us;
    us_findings_close_all (watch->findings, 0, TRUE, us_watch_now (watch), us_watch_wall (watch),
                           us_watch_report_finding, watch);
    end (watch);
    watch->notes = (UsSymptomNotes){ 0 };
    watch->discord = (UsRepeat){ 0 };
    watch->base_connect = watch->base_ttfb = watch->base_ratio = (UsBaseline){ 0 };
    watch->minutes = (UsMinuteBook){ .judged_us = judged_us };
    watch->failing_us = watch->last_segment_wall_us = 0;
    begin (watch, 0);
    return;
  }
  UsContentWanted wanted = { config->has_black, config->has_frozen, config->has_silent };
  us_content_set_wanted (watch->content, &wanted);
  if (config->is_paused && !old->is_paused)
    rest (watch);
  else if (!config->is_paused && old->is_paused)
    us_watch_rendition_start (watch->root, 0);
  us_schedule_at (watch->context->schedule, &watch->evaluation, us_watch_now (watch));
}

void
us_watch_set_inside (UsWatch *watch, const UsSymptoms *inside) {
  watch->inside = *inside;
}

/**
 * us_watch_want_thumbnail:
 * @reason: static
 *
 * Where no pictures are made, no segment is fetched for one.
 */
void
us_watch_want_thumbnail (UsWatch *watch, const char *reason) {
  if (watch->thumbnailer == NULL)
    return;
  us_thumbnailer_want (watch->thumbnailer, reason);
  watch->wants_segment = watch->context->decoder != NULL;
}

void
us_watch_forgive (UsWatch *watch, gint64 pause_us) {
  us_watch_rendition_forgive (watch->root, pause_us);
  for (guint i = 0; i < watch->renditions->len; i++)
    us_watch_rendition_forgive (watch->renditions->pdata[i], pause_us);
  g_array_set_size (watch->facts, 0);
  watch->failing_us = 0;
}

/* ---- views ---- */

const UsStreamConfig *
us_watch_get_config (const UsWatch *watch) {
  return watch->config;
}

/* Facts are kept from evaluation to evaluation; a view that comes in between has its own. */
static void
fill_facts (UsWatch *watch) {
  g_array_set_size (watch->facts, watch->renditions->len);
  for (guint i = 0; i < watch->renditions->len; i++)
    us_watch_rendition_fill (watch->renditions->pdata[i],
                             &g_array_index (watch->facts, UsRenditionFacts, i));
}

static void
average (const UsWatch *watch, UsWatchView *view) {
  double ttfb = 0, ratio = 0;
  guint n_ttfb = 0, n_ratio = 0;
  view->n_errors = us_fetch_window_failed (&watch->root->playlists);
  for (guint i = 0; i < watch->renditions->len; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    view->n_errors
        += us_fetch_window_failed (&its->playlists) + us_fetch_window_failed (&its->segments);
    for (guint s = 0; s < its->segments.samples->len; s++) {
      const UsFetchSample *sample = &g_array_index (its->segments.samples, UsFetchSample, s);
      double value = us_sample_first_byte (sample);
      if (sample->outcome != US_OUTCOME_OK)
        continue;
      n_ttfb += isfinite (value);
      ttfb += isfinite (value) ? value : 0;
      value = us_sample_ratio (sample);
      n_ratio += isfinite (value);
      ratio += isfinite (value) ? value : 0;
    }
  }
  view->ttfb_avg_s = n_ttfb > 0 ? ttfb / n_ttfb : NAN;
  view->ratio_avg = n_ratio > 0 ? ratio / n_ratio : NAN;
}

void
us_watch_view (UsWatch *watch, UsWatchView *view) {
  fill_facts (watch);
  *view = (UsWatchView){ .config = watch->config,
                         .verdict = &watch->verdict,
                         .health_wall_us = watch->health_wall_us,
                         .findings = watch->findings,
                         .renditions = (const UsRenditionFacts *)(gpointer)watch->facts->data,
                         .n_renditions = watch->facts->len,
                         .is_multivariant = watch->is_multivariant,
                         .last_segment_wall_us = watch->last_segment_wall_us };
  average (watch, view);
}

/* The members behind "from inside" are the last of the struct. */
static void
copy_inside (const UsSymptoms *inside, UsSymptoms *symptoms) {
  gsize offset = G_STRUCT_OFFSET (UsSymptoms, is_own);
  memcpy ((char *)symptoms + offset, (const char *)inside + offset, sizeof *symptoms - offset);
}

void
us_watch_get_symptoms (UsWatch *watch, UsSymptoms *symptoms) {
  fill_facts (watch);
  UsSymptomFacts facts = {
    .now_us = us_watch_now (watch),
    .wall_us = us_watch_wall (watch),
    .added_us = watch->added_us,
    .url = watch->config->url,
    .renditions = (const UsRenditionFacts *)(gpointer)watch->facts->data,
    .n_renditions = watch->facts->len,
    .root_failed = watch->is_lone ? 0 : watch->root->n_failed,
    .root = watch->is_lone ? NULL : &watch->root->playlists,
    .findings = watch->findings,
    .notes = &watch->notes,
    .base_connect = us_baseline_get (&watch->base_connect),
    .base_ttfb = us_baseline_get (&watch->base_ttfb),
    .base_ratio = us_baseline_get (&watch->base_ratio),
    .is_in_maintenance = watch->config->maintenance_until_us > us_watch_wall (watch),
  };
  us_symptoms_read (&facts, symptoms);
  copy_inside (&watch->inside, symptoms);
  symptoms->is_own = watch->config->is_own;
}

static gint64
answered_us (const UsWatch *watch) {
  gint64 newest_us = watch->root != NULL ? watch->root->good_us : 0;
  for (guint i = 0; i < watch->renditions->len; i++)
    newest_us = MAX (newest_us, ((const UsWatchRendition *)watch->renditions->pdata[i])->good_us);
  return newest_us;
}

void
us_watch_get_neighbour (const UsWatch *watch, UsNeighbour *neighbour) {
  *neighbour = (UsNeighbour){ .host = watch->host,
                              .is_here = watch->is_here,
                              .is_failing = watch->failing_us > 0,
                              .failing_since_us = watch->failing_us,
                              .answered_us = answered_us (watch),
                              .is_slow = watch->is_slow,
                              .is_in_trouble = watch->verdict.seen >= US_HEALTH_UNHEALTHY
                                               || watch->failing_us > 0 };
}
