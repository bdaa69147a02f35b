/* watch-rendition.c - one playlist that is followed: polls, and what is in their answers
 *
 * Owned by the watch, main loop only. At any time a poll is planned or under way, never both, so a
 * host that hangs holds one request of a playlist. An answer is read into a UsPlaylistSeen, the
 * detectors of events judge it against the good playlist before it, and what is new in it is handed
 * to watch-segment.c. An older copy than what is known (an edge behind the others) is judged, but
 * what is known stays. Ends with us_watch_rendition_free(), which cancels everything.
 */
#include "monitor/watch-private.h"

#include <math.h>
#include <string.h>

#include "monitor/cadence.h"
#include "monitor/break-mark.h"
#include "monitor/fetched.h"
#include "monitor/ladder.h"
#include "monitor/playlist-step.h"

#define LEAST_PAUSE_US (G_USEC_PER_SEC / 4) /* between two polls, however late the first ended */
#define SILENCE_TARGETS 1.5                 /* then a restart had a gap before it; RFC 8216 6.2.1 */
#define CLOCK_SET_US G_USEC_PER_SEC /* more than slewing changes from one segment to the next */
#define MAX_PRODUCED 256
#define MOST_OF_OTHER_KIND 2

static void on_poll (gint64 due_us, gpointer user_data);
static void on_answered (UsAnswer *answer, gpointer user_data);

/**
 * us_watch_rendition_new:
 * @info: (transfer full)
 *
 * Returns: (transfer full): not started
 */
UsWatchRendition *
us_watch_rendition_new (UsWatch *watch, UsRenditionInfo *info, gboolean is_root) {
  UsWatchRendition *rendition = g_new0 (UsWatchRendition, 1);
  rendition->watch = watch;
  rendition->info = info;
  rendition->is_root = is_root;
  rendition->poll = (UsScheduled){ .due = on_poll, .user_data = rendition };
  rendition->jitter = us_cadence_jitter (watch->config->id, (guint)(info->index + 1));
  us_fetch_window_init (&rendition->playlists);
  us_fetch_window_init (&rendition->segments);
  rendition->produced = g_array_new (FALSE, FALSE, sizeof (UsProduced));
  rendition->latency_s = rendition->cue_planned_s = NAN;
  us_fetched_init (&rendition->seen.fetched);
  return rendition;
}

/* No more requests; what is known stays. */
void
us_watch_rendition_stop (UsWatchRendition *rendition) {
  us_schedule_drop (rendition->watch->context->schedule, &rendition->poll);
  us_poller_cancel (&rendition->poll_job);
  us_watch_segment_stop (rendition);
}

void
us_watch_rendition_free (UsWatchRendition *rendition) {
  us_watch_rendition_stop (rendition);
  us_rendition_info_free (rendition->info);
  us_playlist_seen_clear (&rendition->seen);
  g_clear_pointer (&rendition->kept, us_playlist_free);
  g_clear_pointer (&rendition->body, g_bytes_unref);
  g_free (rendition->base_url);
  g_free (rendition->etag);
  g_free (rendition->last_modified);
  us_fetch_window_clear (&rendition->playlists);
  us_fetch_window_clear (&rendition->segments);
  g_array_unref (rendition->produced);
  g_clear_pointer (&rendition->before, us_segment_seen_free);
  g_free (rendition);
}

void
us_watch_rendition_start (UsWatchRendition *rendition, gint64 delay_us) {
  us_schedule_at (rendition->watch->context->schedule, &rendition->poll,
                  us_watch_now (rendition->watch) + delay_us);
}

/**
 * us_watch_rendition_forgive:
 * @pause_us: for so long nobody looked
 *
 * What was known is no measure for what comes next: it is as if it were read for the first time,
 * but for its age, from which the pause is taken.
 */
void
us_watch_rendition_forgive (UsWatchRendition *rendition, gint64 pause_us) {
  gint64 now_us = us_watch_now (rendition->watch);
  gint64 *const times[] = { &rendition->first_good_us, &rendition->good_us, &rendition->advanced_us,
                            &rendition->begun_us };
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    if (*times[i] > 0)
      *times[i] = MIN (*times[i] + pause_us, now_us);
  rendition->n_failed = 0;
  rendition->n_segment_failures = 0;
  rendition->playlist = NULL;
  g_clear_pointer (&rendition->kept, us_playlist_free);
  g_clear_pointer (&rendition->seen.playlist, us_playlist_free);
  g_clear_pointer (&rendition->body, g_bytes_unref);
  g_clear_pointer (&rendition->etag, g_free);
  g_clear_pointer (&rendition->last_modified, g_free);
  g_array_set_size (rendition->produced, 0);
}

/* ---- asking ---- */

static void
plan_next (UsWatchRendition *rendition, gboolean has_changed) {
  if (rendition->watch->is_retired)
    return;
  UsCadenceFacts facts = { .target_duration_s = rendition->target_duration_s,
                           .has_changed = has_changed,
                           .is_ended = rendition->playlist != NULL && rendition->playlist->is_ended,
                           .n_failed = rendition->n_failed,
                           .jitter = rendition->jitter };
  rendition->interval_us = rendition->is_root
                               ? us_cadence_root_us (rendition->n_failed, rendition->jitter)
                               : us_cadence_interval_us (&facts);
  gint64 least_us = us_watch_now (rendition->watch) + LEAST_PAUSE_US;
  us_schedule_at (rendition->watch->context->schedule, &rendition->poll,
                  MAX (rendition->asked_us + rendition->interval_us, least_us));
}

static void
on_poll (gint64 due_us, gpointer user_data) {
  UsWatchRendition *rendition = user_data;
  UsWatch *watch = rendition->watch;
  const UsMonitorSettings *settings = &watch->context->settings;
  guint most_ms = rendition->playlist == NULL ? settings->first_deadline_ms : settings->deadline_ms;
  UsAsk ask = {
    .stream = watch->config->id,
    .url = rendition->info->url,
    .own_url = watch->config->url,
    .authorization = watch->config->authorization,
    .is_ours = watch->config->is_own,
    .etag = rendition->etag,
    .last_modified = rendition->etag == NULL ? rendition->last_modified : NULL,
    .origin = rendition->omits_origin ? NULL : US_WATCH_ORIGIN,
    .is_text = TRUE,
    .deadline_ms = us_cadence_deadline_ms (rendition->target_duration_s, most_ms),
    .max_bytes = US_PLAYLIST_MAX_BYTES,
    .due_us = due_us,
    .interval_us = rendition->interval_us,
  };
  rendition->asked_us = us_watch_now (watch);
  if (rendition->begun_us == 0)
    rendition->begun_us = rendition->asked_us;
  rendition->poll_job = us_poller_ask (watch->context->poller, &ask, on_answered, rendition);
}

/* ---- reading ---- */

static gboolean
begins_like_a_playlist (GBytes *body) {
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  if (size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    size -= 3;
  }
  return size >= 7 && memcmp (text, "#EXTM3U", 7) == 0;
}

static void
refuse_content (UsPlaylistSeen *seen, const char *problem) {
  seen->fetched.outcome = US_OUTCOME_CONTENT;
  g_free (seen->fetched.problem);
  seen->fetched.problem = g_strdup (problem);
}

static void
parse (UsWatchRendition *rendition, UsPlaylistSeen *seen, GBytes *body) {
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  if (size == 0) {
    refuse_content (seen, "the answer is empty");
    return;
  }
  if (!begins_like_a_playlist (body)) {
    seen->is_html = TRUE;
    refuse_content (seen, "the answer does not begin with #EXTM3U");
    return;
  }
  seen->playlist = us_playlist_parse (text, size, &error);
  if (seen->playlist == NULL) {
    seen->parse_error = g_strdup (error->message);
    refuse_content (seen, error->message);
  } else if (seen->playlist->variants->len > 0 && !rendition->is_root
             && !rendition->watch->is_lone) {
    g_clear_pointer (&seen->playlist, us_playlist_free);
    seen->parse_error
        = g_strdup ("a multivariant playlist stands where a media playlist was expected");
    refuse_content (seen, seen->parse_error);
  }
}

/* Returns: FALSE: it is to be asked again in another way, and is no evidence of anything */
static gboolean
read_answer (UsWatchRendition *rendition, UsAnswer *answer, UsPlaylistSeen *seen) {
  *seen = (UsPlaylistSeen){ .fetched = answer->fetched };
  us_fetched_init (&answer->fetched);
  seen->fetched.since_good_us
      = rendition->good_us > 0 ? seen->fetched.ended_us - rendition->good_us : 0;
  /* Some servers refuse pages that they do not know: that is their right, and says nothing. */
  if (seen->fetched.outcome == US_OUTCOME_AUTH && !rendition->omits_origin
      && rendition->first_good_us == 0) {
    rendition->omits_origin = TRUE;
    us_playlist_seen_clear (seen);
    return FALSE;
  }
  if (seen->fetched.outcome != US_OUTCOME_OK || answer->body == NULL)
    return TRUE;
  if (rendition->body != NULL && rendition->playlist != NULL
      && g_bytes_equal (rendition->body, answer->body))
    seen->fetched.is_unmodified = TRUE; /* as good as a 304, from a server that has none */
  else
    parse (rendition, seen, answer->body);
  return TRUE;
}

/* ---- what follows from it ---- */

static void
detect (UsWatchRendition *rendition, const UsPlaylistSeen *seen) {
  g_autoptr (UsHits) hits = us_hits_new ();
  const UsPlaylist *before = rendition->playlist, *now = seen->playlist;
  if (now != NULL && now->variants->len == 0) {
    us_detect_durations (before, now, hits);
    us_detect_sequence (before, now, &seen->fetched, hits);
    us_detect_discontinuity (before, now, hits);
    us_detect_dates (before, now, hits);
  }
  if (seen->fetched.status == 200 && seen->fetched.outcome == US_OUTCOME_OK)
    us_detect_delivery (seen, hits);
  us_watch_hit_all (rendition->watch, rendition->info->index, hits);
}

static void
trim_produced (UsWatchRendition *rendition, gint64 now_us) {
  guint n_old = 0;
  while (n_old < rendition->produced->len
         && g_array_index (rendition->produced, UsProduced, n_old).at_us < now_us - US_WINDOW_US)
    n_old++;
  if (rendition->produced->len - n_old >= MAX_PRODUCED)
    n_old++;
  if (n_old > 0)
    g_array_remove_range (rendition->produced, 0, n_old);
}

/* The first entry is the begin: what appeared then may have been there for a while. */
static void
note_produced (UsWatchRendition *rendition, const UsPlaylist *now, guint first_new, gint64 at_us) {
  UsProduced produced = { .at_us = at_us };
  for (guint i = first_new; i < now->segments->len; i++)
    produced.media_s += (double)((const UsPlaylistSegment *)now->segments->pdata[i])->duration_us
                        / G_USEC_PER_SEC;
  trim_produced (rendition, at_us);
  g_array_append_val (rendition->produced, produced);
}

/* Our own clock was set: what was usual is no measure any more. */
static void
forgive_clock (UsWatchRendition *rendition) {
  gint64 clocks_us = us_watch_wall (rendition->watch) - us_watch_now (rendition->watch);
  if (rendition->clocks_us != 0 && ABS (clocks_us - rendition->clocks_us) > CLOCK_SET_US)
    rendition->base_latency = (UsBaseline){ 0 };
  rendition->clocks_us = clocks_us;
}

static void
note_latency (UsWatchRendition *rendition, const UsPlaylist *now) {
  UsWatch *watch = rendition->watch;
  const UsPlaylistSegment *newest = us_playlist_last (now);
  rendition->latency_s = NAN;
  if (newest == NULL || newest->wall_ms < 0)
    return;
  forgive_clock (rendition);
  rendition->latency_s = (double)(us_watch_wall (watch) - newest->duration_us) / G_USEC_PER_SEC
                         - (double)newest->wall_ms / 1000;
  us_baseline_add (&rendition->base_latency, us_watch_now (watch), rendition->latency_s);
  if (rendition->info->kind == US_RENDITION_VIDEO)
    us_minute_book_latency (&watch->minutes, rendition->latency_s);
}

static void
note_cue (UsWatchRendition *rendition, GBytes *body) {
  double planned_s;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  switch (us_break_mark_read (text, size, &planned_s)) {
  case US_BREAK_MARK_OUT:
    if (rendition->cue_out_us == 0)
      rendition->cue_out_us = us_watch_now (rendition->watch);
    if (!isnan (planned_s))
      rendition->cue_planned_s = planned_s;
    break;
  case US_BREAK_MARK_IN:
    rendition->cue_out_us = 0;
    rendition->cue_planned_s = NAN;
    break;
  case US_BREAK_MARK_NONE:
  default:
    break;
  }
}

/* Returns: whether something new is in it */
static gboolean
note_step (UsWatchRendition *rendition, const UsPlaylist *before, const UsPlaylist *now) {
  UsWatch *watch = rendition->watch;
  gint64 now_us = us_watch_now (watch);
  UsPlaylistStep step = us_playlist_step (before, now);
  gint64 silence_us = rendition->advanced_us > 0 ? now_us - rendition->advanced_us : 0;
  gint64 limit_us = (gint64)(SILENCE_TARGETS * now->target_duration_s * G_USEC_PER_SEC)
                    + rendition->interval_us;
  gboolean is_begin = before != NULL && before->segments->len == 0 && now->segments->len > 0;
  if (step != US_STEP_ADVANCED && step != US_STEP_JUMPED && step != US_STEP_RESTARTED && !is_begin)
    return FALSE;
  if (step == US_STEP_RESTARTED && silence_us > limit_us)
    watch->notes.gap_before_us = now_us;
  /* One outage is not also a slow encoder. */
  if (step != US_STEP_ADVANCED || silence_us > 2 * limit_us)
    g_array_set_size (rendition->produced, 0);
  rendition->advanced_us = now_us;
  note_produced (rendition, now, us_playlist_first_new (before, now), now_us);
  note_latency (rendition, now);
  return TRUE;
}

/* The new answer takes the place of the old; the newest good playlist stays reachable. */
static void
keep (UsWatchRendition *rendition, UsPlaylistSeen *seen, gboolean is_old_copy) {
  if (rendition->seen.playlist != NULL && rendition->seen.playlist == rendition->playlist) {
    g_clear_pointer (&rendition->kept, us_playlist_free);
    rendition->kept = g_steal_pointer (&rendition->seen.playlist);
  }
  us_playlist_seen_clear (&rendition->seen);
  rendition->seen = *seen;
  rendition->has_seen = TRUE;
  *seen = (UsPlaylistSeen){ 0 };
  if (rendition->seen.playlist == NULL || is_old_copy)
    return;
  rendition->playlist = rendition->seen.playlist;
  rendition->target_duration_s = rendition->playlist->target_duration_s;
  g_clear_pointer (&rendition->kept, us_playlist_free);
}

static void
take_validators (UsWatchRendition *rendition, UsAnswer *answer) {
  g_free (rendition->base_url);
  rendition->base_url
      = answer->url != NULL ? g_steal_pointer (&answer->url) : g_strdup (rendition->info->url);
  g_free (rendition->etag);
  rendition->etag = g_steal_pointer (&answer->etag);
  g_free (rendition->last_modified);
  rendition->last_modified = g_steal_pointer (&answer->last_modified);
  g_clear_pointer (&rendition->body, g_bytes_unref);
  rendition->body = g_steal_pointer (&answer->body);
}

static void
note_fetch (UsWatchRendition *rendition, const UsFetched *fetched) {
  UsWatch *watch = rendition->watch;
  UsFetchSample sample = { .at_us = fetched->ended_us,
                           .outcome = fetched->outcome,
                           .connect_s = fetched->connect_s,
                           .first_byte_s = fetched->first_byte_s,
                           .body_s = fetched->body_s,
                           .total_s = fetched->total_s,
                           .media_s = NAN,
                           .n_bytes = fetched->n_bytes,
                           .cache = fetched->cache };
  us_fetch_window_add (&rendition->playlists, &sample);
  us_symptom_notes_fetched (&watch->notes, fetched, us_watch_now (watch));
  us_minute_book_playlist (&watch->minutes, fetched);
  us_baseline_add (&watch->base_connect, fetched->ended_us, fetched->connect_s);
}

static gboolean
is_good (const UsPlaylistSeen *seen) {
  return seen->fetched.outcome == US_OUTCOME_OK
         && (seen->playlist != NULL || seen->fetched.is_unmodified);
}

/* Of a playlist that brought something to parse. Returns: whether it advanced */
static gboolean
take_playlist (UsWatchRendition *rendition, UsPlaylistSeen *seen, UsAnswer *answer) {
  const UsPlaylist *before = rendition->playlist, *now = seen->playlist;
  gboolean has_changed = FALSE, is_old = FALSE;
  if (now->variants->len == 0) {
    is_old = us_playlist_step (before, now) == US_STEP_OLD_COPY;
    has_changed = note_step (rendition, before, now);
    note_cue (rendition, answer->body);
  }
  if (!is_old)
    take_validators (rendition, answer);
  if (!is_old && now->variants->len == 0 && !rendition->is_root)
    us_watch_segment_choose (rendition, before, now);
  return has_changed;
}

/**
 * us_watch_rendition_take:
 * @seen: (inout): left empty
 * @answer: (inout): what is needed of it is stolen
 */
void
us_watch_rendition_take (UsWatchRendition *rendition, UsPlaylistSeen *seen, UsAnswer *answer) {
  gint64 now_us = us_watch_now (rendition->watch);
  gboolean has_changed = FALSE, is_old = FALSE, is_new = seen->playlist != NULL;
  note_fetch (rendition, &seen->fetched);
  if (rendition->begun_us == 0)
    rendition->begun_us = rendition->asked_us = seen->fetched.begun_us;
  detect (rendition, seen);
  if (is_good (seen)) {
    is_old = is_new && seen->playlist->variants->len == 0
             && us_playlist_step (rendition->playlist, seen->playlist) == US_STEP_OLD_COPY;
    has_changed = is_new && take_playlist (rendition, seen, answer);
    rendition->n_failed = 0;
    rendition->good_us = now_us;
    if (rendition->first_good_us == 0)
      rendition->first_good_us = now_us;
  } else {
    rendition->n_failed++;
    g_array_set_size (rendition->produced, 0);
  }
  keep (rendition, seen, is_old);
  if (rendition->n_failed > 0)
    us_watch_report_playlist_error (rendition->watch, rendition);
  else
    rendition->reported = US_OUTCOME_OK;
  plan_next (rendition, has_changed);
  us_watch_segment_next (rendition);
  if (has_changed)
    us_watch_segment_recheck (rendition);
}

/* A lone playlist changed its kind: it is the root's again. */
static gboolean
is_other_kind (const UsWatchRendition *rendition, const UsPlaylistSeen *seen) {
  return !rendition->is_root && seen->playlist != NULL && seen->playlist->variants->len > 0;
}

static void
take_root (UsWatchRendition *root, UsPlaylistSeen *seen, UsAnswer *answer) {
  UsWatch *watch = root->watch;
  gboolean is_lone = seen->playlist != NULL && seen->playlist->variants->len == 0;
  /* One such answer may be an accident of a server, three are its new ways. */
  if (is_lone && (watch->renditions->len == 0 || root->n_failed >= MOST_OF_OTHER_KIND)) {
    /* The rendition takes over, answer and all; the root rests. */
    us_watch_take_root (watch, seen->playlist);
    us_watch_rendition_take (watch->renditions->pdata[0], seen, answer);
    return;
  }
  if (is_lone) {
    g_clear_pointer (&seen->playlist, us_playlist_free);
    seen->parse_error
        = g_strdup ("a media playlist stands where a multivariant playlist was before");
    refuse_content (seen, seen->parse_error);
  }
  gboolean is_new = seen->playlist != NULL;
  us_watch_rendition_take (root, seen, answer);
  if (is_new && root->playlist != NULL)
    us_watch_take_root (watch, root->playlist);
}

static void
on_answered (UsAnswer *answer, gpointer user_data) {
  UsWatchRendition *rendition = user_data;
  UsPlaylistSeen seen;
  rendition->poll_job = NULL;
  if (!read_answer (rendition, answer, &seen)) {
    us_watch_rendition_start (rendition, 0);
    return;
  }
  if (is_other_kind (rendition, &seen)) {
    us_playlist_seen_clear (&seen);
    us_watch_reread_root (rendition->watch); /* the rendition is gone */
    return;
  }
  if (rendition->is_root) {
    take_root (rendition, &seen, answer);
  } else {
    us_watch_rendition_take (rendition, &seen, answer);
    if (rendition->n_failed > 0)
      us_watch_doubt_root (rendition->watch);
  }
  us_playlist_seen_clear (&seen);
}

/* ---- facts ---- */

static double
peak_bps (const UsFetchWindow *segments) {
  double peak = NAN;
  for (guint i = 0; i < segments->samples->len; i++) {
    const UsFetchSample *sample = &g_array_index (segments->samples, UsFetchSample, i);
    if (sample->outcome == US_OUTCOME_OK && sample->media_s > 0)
      peak = fmax (peak, 8 * (double)sample->n_bytes / sample->media_s);
  }
  return peak;
}

static void
fill_produced (const UsWatchRendition *rendition, UsRenditionFacts *facts) {
  const GArray *produced = rendition->produced;
  if (produced->len < 2)
    return;
  for (guint i = 1; i < produced->len; i++)
    facts->produced_s += g_array_index (produced, UsProduced, i).media_s;
  facts->produced_over_s = (double)(g_array_index (produced, UsProduced, produced->len - 1).at_us
                                    - g_array_index (produced, UsProduced, 0).at_us)
                           / G_USEC_PER_SEC;
}

/* From the newest segment that was looked into, by the durations of those behind it. */
static gint64
edge_us (const UsWatchRendition *rendition) {
  const UsPlaylist *playlist = rendition->playlist;
  const UsSegmentSeen *seen = rendition->before;
  if (playlist == NULL || seen == NULL || seen->media == NULL)
    return G_MININT64;
  const UsProbe *probe = seen->media->probe;
  gint64 at_us = probe->has_video   ? probe->first_video_us
                 : probe->has_audio ? probe->first_audio_us
                                    : G_MININT64;
  const UsPlaylistSegment *last = us_playlist_last (playlist);
  const UsPlaylistSegment *segment = us_playlist_find (playlist, seen->number);
  if (at_us == G_MININT64 || segment == NULL || segment->discontinuity != seen->discontinuity)
    return G_MININT64;
  while (segment != last) {
    const UsPlaylistSegment *next = us_playlist_find (playlist, segment->number + 1);
    if (next == NULL || next->is_discontinuous)
      return G_MININT64;
    at_us += segment->duration_us;
    segment = next;
  }
  return at_us;
}

/* A poll of ours that is late must not make the playlist look old. */
static gint64
poll_us (const UsWatchRendition *rendition, gint64 now_us) {
  gint64 since_us = rendition->asked_us > 0 ? now_us - rendition->asked_us : 0;
  gboolean is_ours = rendition->poll_job == NULL || us_poller_is_waiting (rendition->poll_job);
  return is_ours && since_us > rendition->interval_us ? since_us : rendition->interval_us;
}

/**
 * us_watch_rendition_fill:
 * @facts: (out): points into the rendition
 */
void
us_watch_rendition_fill (UsWatchRendition *rendition, UsRenditionFacts *facts) {
  UsWatch *watch = rendition->watch;
  gint64 now_us = us_watch_now (watch);
  us_fetch_window_trim (&rendition->playlists, now_us);
  us_fetch_window_trim (&rendition->segments, now_us);
  trim_produced (rendition, now_us);
  *facts = (UsRenditionFacts){
    .now_us = now_us,
    .wall_us = us_watch_wall (watch),
    .info = rendition->info,
    .begun_us = rendition->begun_us > 0 ? rendition->begun_us : now_us,
    .first_good_us = rendition->first_good_us,
    .good_us = rendition->good_us,
    .advanced_us = rendition->advanced_us,
    .poll_us = poll_us (rendition, now_us),
    .n_failed = rendition->n_failed,
    .last = rendition->has_seen ? &rendition->seen.fetched : NULL,
    .last_seen = rendition->has_seen ? &rendition->seen : NULL,
    .playlist = rendition->playlist,
    .target_duration_s = rendition->target_duration_s,
    .playlists = &rendition->playlists,
    .segments = &rendition->segments,
    .latency_s = rendition->latency_s,
    .base_latency_s = us_baseline_get (&rendition->base_latency),
    .n_segments_waiting = rendition->wanted.length + (rendition->probe != NULL ? 1 : 0),
    .n_segment_failures_in_a_row = rendition->n_segment_failures,
    .n_without_keyframe_in_a_row = rendition->n_without_keyframe,
    .n_without_video = rendition->n_without_video,
    .n_without_audio = rendition->n_without_audio,
    .has_had_video = rendition->has_had_video,
    .has_had_audio = rendition->has_had_audio,
    .cue_out_s
    = rendition->cue_out_us > 0 ? (double)(now_us - rendition->cue_out_us) / G_USEC_PER_SEC : NAN,
    .cue_planned_s = rendition->cue_planned_s,
    .peak_bps = peak_bps (&rendition->segments),
    .media = rendition->before != NULL ? rendition->before->media : NULL,
    .edge_us = edge_us (rendition),
  };
  fill_produced (rendition, facts);
  us_content_facts_init (&facts->content);
  if (watch->content != NULL && !rendition->is_root)
    us_content_get (watch->content, rendition->info->index, &facts->content);
}
