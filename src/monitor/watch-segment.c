/* watch-segment.c - the segments of one rendition: one after another, as a player fetches them
 *
 * Owned by the rendition, main loop only. What is wanted waits in a short queue; one is probed at a
 * time. Its result goes to the detectors of events, to the windows and baselines, to the content
 * checks and pictures, and to the timeline. Now and then a byte of the oldest listed segment is
 * asked for: a player that lags behind needs it, and nobody else would notice that it is gone.
 */
#include "monitor/watch-private.h"

#include <math.h>

#include "monitor/fetched.h"
#include "monitor/playlist-step.h"

#define RECHECK_US (10 * (gint64)G_USEC_PER_SEC)
#define RECHECK_LEAST_SEGMENTS (US_NEWEST_PLACES + 1) /* else the oldest is among the newest */
#define RECHECK_MAX_BYTES (256 * 1024) /* an error page; who knows no Range is cut off */

void
us_watch_segment_stop (UsWatchRendition *rendition) {
  us_segment_probe_cancel (&rendition->probe);
  us_poller_cancel (&rendition->recheck_job);
  g_queue_clear_full (&rendition->wanted, (GDestroyNotify)us_wanted_free);
}

/* The smallest picture is the cheapest to take and to decode. */
static gboolean
is_for_thumbnails (const UsWatchRendition *rendition) {
  const UsWatch *watch = rendition->watch;
  const UsWatchRendition *best = NULL;
  for (guint i = 0; i < watch->renditions->len; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    if (its->info->kind == US_RENDITION_VIDEO && its->n_failed == 0
        && (best == NULL || its->info->bandwidth_bps < best->info->bandwidth_bps))
      best = its;
  }
  return best == rendition;
}

/**
 * us_watch_segment_choose:
 * @before: (nullable)
 * @now: the newest good playlist
 */
void
us_watch_segment_choose (UsWatchRendition *rendition, const UsPlaylist *before,
                         const UsPlaylist *now) {
  UsWatch *watch = rendition->watch;
  gboolean is_subtitles = rendition->info->kind == US_RENDITION_SUBTITLES;
  gboolean is_one_needed = watch->wants_segment && is_for_thumbnails (rendition);
  guint n_recorded = watch->context->settings.recording_segments;
  if (n_recorded > 0 && now->is_ended && (before == NULL || before->is_ended)) {
    if (before == NULL && !is_subtitles)
      us_wanted_choose_recorded (&rendition->wanted, now, rendition->base_url, n_recorded);
  } else {
    us_wanted_choose (&rendition->wanted, before, now, rendition->base_url,
                      is_subtitles ? 0 : watch->config->segment_share, is_one_needed);
  }
  if (watch->config->segment_share <= 0) /* else when one has come */
    watch->last_segment_wall_us = us_watch_wall (watch);
}

/* ---- what a segment tells ---- */

static void
note_fetch (UsWatchRendition *rendition, UsSegmentSeen *seen) {
  UsWatch *watch = rendition->watch;
  const UsFetched *fetched = &seen->fetched;
  UsFetchSample sample = { .at_us = fetched->ended_us,
                           .outcome = fetched->outcome,
                           .connect_s = fetched->connect_s,
                           .first_byte_s = fetched->first_byte_s,
                           .body_s = fetched->body_s,
                           .total_s = fetched->total_s,
                           .media_s = (double)seen->duration_us / G_USEC_PER_SEC,
                           .n_bytes = fetched->n_bytes,
                           .cache = fetched->cache,
                           .is_excused = fetched->outcome == US_OUTCOME_FORBIDDEN
                                         || us_segment_seen_is_gone_early (seen) };
  us_fetch_window_trim (&rendition->segments, fetched->ended_us);
  us_fetch_window_add (&rendition->segments, &sample);
  us_fetch_window_tally (&rendition->segments, &seen->n_failed_recently, &seen->n_recently);
  us_symptom_notes_fetched (&watch->notes, fetched, fetched->ended_us);
  us_minute_book_segment (&watch->minutes, seen);
  if (fetched->outcome == US_OUTCOME_MISSING)
    us_symptom_notes_missing (&watch->notes, seen->from_oldest, seen->from_newest,
                              fetched->ended_us);
  if (fetched->outcome != US_OUTCOME_OK)
    return;
  watch->last_segment_wall_us = us_watch_wall (watch);
  us_baseline_add (&watch->base_ttfb, fetched->ended_us, us_sample_first_byte (&sample));
  us_baseline_add (&watch->base_ratio, fetched->ended_us, us_sample_ratio (&sample));
  us_baseline_add (&watch->base_connect, fetched->ended_us, fetched->connect_s);
}

static void
count (guint *n, gboolean is_lacking) {
  *n = is_lacking ? *n + 1 : 0;
}

static void
note_media (UsWatchRendition *rendition, const UsSegmentSeen *seen) {
  if (seen->media == NULL)
    return;
  const UsProbe *probe = seen->media->probe;
  count (&rendition->n_without_video, rendition->has_had_video && !probe->has_video);
  count (&rendition->n_without_audio, rendition->has_had_audio && !probe->has_audio);
  count (&rendition->n_without_keyframe, us_segment_seen_lacks_keyframe (seen));
  rendition->has_had_video |= probe->has_video;
  rendition->has_had_audio |= probe->has_audio;
  /* Where the playlist has no marks, those in the stream count. */
  if (seen->media->has_cue_out && rendition->cue_out_us == 0)
    rendition->cue_out_us = seen->fetched.ended_us;
  if (seen->media->has_cue_in)
    rendition->cue_out_us = 0;
}

static gboolean
has_time_fault (const UsHits *hits) {
  for (guint i = 0; i < hits->len; i++) {
    UsCheck check = g_array_index (hits, UsHit, i).check;
    if (check == US_CHECK_PTS_GAP || check == US_CHECK_PTS_RESET)
      return TRUE;
  }
  return FALSE;
}

static void
note_continuity (UsWatchRendition *rendition, const UsSegmentSeen *seen, const UsHits *hits) {
  UsSymptomNotes *notes = &rendition->watch->notes;
  gboolean is_comparable = seen->media != NULL && rendition->before != NULL
                           && rendition->before->media != NULL && !seen->is_after_gap
                           && !seen->is_discontinuous;
  if (!is_comparable)
    return;
  if (has_time_fault (hits))
    notes->pts_broken_us = seen->fetched.ended_us;
  else
    notes->continuous_us = seen->fetched.ended_us;
}

static void
detect (UsWatchRendition *rendition, UsSegmentSeen *seen, const char *key_problem) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_segment_seen_follow (seen, rendition->before, rendition->info);
  /* It is our own rule that keeps us away: viewers may be well. */
  if (seen->fetched.outcome == US_OUTCOME_FORBIDDEN)
    us_hits_add (hits, US_CHECK_SEGMENT_ERROR, US_SEVERITY_INFO, NAN, NAN,
                 "segment %" G_GUINT64_FORMAT " is not fetched: %s", seen->number,
                 seen->fetched.problem);
  else
    us_detect_segment (seen, rendition->target_duration_s, hits);
  if (seen->fetched.outcome == US_OUTCOME_OK)
    us_detect_media (rendition->before, seen, rendition->info, hits);
  if (key_problem != NULL)
    us_hits_add (hits, US_CHECK_KEY_UNREACHABLE, US_SEVERITY_DEGRADED, NAN, NAN,
                 "the key of segment %" G_GUINT64_FORMAT " cannot be had: %s", seen->number,
                 key_problem);
  note_continuity (rendition, seen, hits);
  us_watch_hit_all (rendition->watch, rendition->info->index, hits);
}

/* ---- pictures and sound ---- */

static void
make_thumbnail (UsWatchRendition *rendition, const UsSegmentSeen *seen, GBytes *bytes,
                GBytes *init) {
  UsWatch *watch = rendition->watch;
  gint64 wall_us = us_watch_wall (watch);
  if (watch->thumbnailer == NULL || !is_for_thumbnails (rendition)
      || seen->fetched.outcome != US_OUTCOME_OK)
    return;
  if (us_thumbnailer_is_due (watch->thumbnailer, us_watch_now (watch))
      && us_thumbnailer_make_async (watch->thumbnailer, us_watch_now (watch), wall_us, bytes, init))
    watch->wants_segment = FALSE;
}

static void
look (UsWatchRendition *rendition, const UsSegmentProbed *probed) {
  UsWatch *watch = rendition->watch;
  if (watch->content != NULL && probed->bytes != NULL && probed->seen->media != NULL)
    us_content_push (watch->content, rendition->info->index, probed->seen, probed->bytes,
                     probed->init);
  make_thumbnail (rendition, probed->seen, probed->bytes, probed->init);
}

/* ---- one after another ---- */

static void
on_probed (UsSegmentProbed *probed, gpointer user_data) {
  UsWatchRendition *rendition = user_data;
  UsSegmentSeen *seen = probed->seen;
  rendition->probe = NULL;
  const UsSegmentSeen *before = rendition->before;
  seen->is_after_gap = before == NULL || before->fetched.outcome != US_OUTCOME_OK
                       || before->number + 1 != seen->number;
  note_fetch (rendition, seen);
  detect (rendition, seen, probed->key_problem);
  note_media (rendition, seen);
  count (&rendition->n_segment_failures,
         seen->fetched.outcome != US_OUTCOME_OK && seen->fetched.outcome != US_OUTCOME_FORBIDDEN);
  look (rendition, probed);
  us_watch_report_segment (rendition->watch, rendition, seen);
  g_clear_pointer (&rendition->before, us_segment_seen_free);
  rendition->before = g_steal_pointer (&probed->seen);
  us_watch_segment_next (rendition);
}

/* A recording comes faster than it can be decoded: what is being looked at is looked at first, or
 * most of it would pass unseen. */
static gboolean
is_held (const UsWatchRendition *rendition) {
  const UsWatch *watch = rendition->watch;
  return watch->context->settings.recording_segments > 0 && rendition->playlist != NULL
         && rendition->playlist->is_ended && watch->content != NULL
         && us_content_is_looking (watch->content, rendition->info->index);
}

/**
 * us_watch_segment_next:
 *
 * Probes the next one that waits, unless one is under way.
 */
void
us_watch_segment_next (UsWatchRendition *rendition) {
  UsWatch *watch = rendition->watch;
  if (rendition->probe != NULL || rendition->wanted.length == 0 || watch->is_retired
      || is_held (rendition))
    return;
  UsSegmentProbePlan plan = {
    .poller = watch->context->poller,
    .schedule = watch->context->schedule,
    .side_files = watch->side_files,
    .clock = watch->context->clock,
    .stream = watch->config->id,
    .own_url = watch->config->url,
    .authorization = watch->config->authorization,
    .is_ours = watch->config->is_own,
    .max_bytes = watch->context->settings.max_segment_bytes,
    .target_duration_s = rendition->target_duration_s,
    .is_media = rendition->info->kind != US_RENDITION_SUBTITLES,
  };
  UsWanted *wanted = g_queue_pop_head (&rendition->wanted);
  rendition->probe = us_segment_probe_start (&plan, wanted, on_probed, rendition);
}

/* ---- the oldest one ---- */

/* RFC 8216 6.2.2: what is listed, and what was until a moment ago, is there. */
static void
on_rechecked (UsAnswer *answer, gpointer user_data) {
  UsWatchRendition *rendition = user_data;
  rendition->recheck_job = NULL;
  if (answer->fetched.outcome != US_OUTCOME_MISSING)
    return;
  UsSegmentSeen seen = { .fetched = answer->fetched,
                         .n_tries = 1,
                         .number = rendition->recheck_number,
                         .is_after_gap = TRUE,
                         .wall_ms = -1,
                         .from_newest = rendition->recheck_places };
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_segment (&seen, rendition->target_duration_s, hits);
  us_symptom_notes_missing (&rendition->watch->notes, 0, seen.from_newest,
                            answer->fetched.ended_us);
  us_watch_hit_all (rendition->watch, rendition->info->index, hits);
}

/**
 * us_watch_segment_recheck:
 *
 * To be called when the playlist has just been read.
 */
void
us_watch_segment_recheck (UsWatchRendition *rendition) {
  UsWatch *watch = rendition->watch;
  gint64 now_us = us_watch_now (watch);
  const UsPlaylist *playlist = rendition->playlist;
  if (watch->is_retired || rendition->recheck_job != NULL || rendition->is_root || playlist == NULL
      || watch->config->segment_share <= 0 || playlist->segments->len < RECHECK_LEAST_SEGMENTS
      || rendition->info->kind == US_RENDITION_SUBTITLES
      || now_us - rendition->rechecked_us < RECHECK_US)
    return;
  g_autoptr (UsWanted) oldest = us_wanted_new (playlist, 0, rendition->base_url);
  if (oldest == NULL || ((const UsPlaylistSegment *)playlist->segments->pdata[0])->is_gap)
    return;
  rendition->rechecked_us = now_us;
  rendition->recheck_number = oldest->number;
  rendition->recheck_places = oldest->from_newest;
  UsAsk ask = {
    .stream = watch->config->id,
    .url = oldest->url,
    .own_url = watch->config->url,
    .authorization = watch->config->authorization,
    .is_ours = watch->config->is_own,
    .range_from = oldest->range.offset,
    .range_length = 1,
    .deadline_ms = watch->context->settings.deadline_ms,
    .max_bytes = RECHECK_MAX_BYTES,
  };
  rendition->recheck_job = us_poller_ask (watch->context->poller, &ask, on_rechecked, rendition);
}
