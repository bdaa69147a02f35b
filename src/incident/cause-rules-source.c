/* cause-rules-source.c - causes where the stream is made: encoder, packager, restarts, its end
 *
 * Pure; one function per row of the table in docs/reference/causes.md. From outside, a stopped
 * encoder and a stopped packager look the same: only our own roles' word makes either HIGH.
 */
#include "incident/cause-private.h"

#include <math.h>

#include "base/text.h"

#define RECENT_S 120.
/* Of ingest's cuts, in target durations. A playlist is called stale after 1.5 of them and a poll:
 * by then the last cut of an encoder that has stopped is longer ago than this. */
#define CUTTING_TARGETS 1.25
#define UNCUT_TARGETS 3.
#define ACCIDENTS 1 /* failed requests in two minutes that say nothing */

/* The encoder is heard, and what it sends is cut into segments: whatever is wrong is behind that.
 */
static gboolean
is_fed (const UsSymptoms *s) {
  return s->is_ingest_up && s->has_publisher && s->cut_age <= CUTTING_TARGETS * us_td (s);
}

/* ---- 7: encoder or ingest stopped ---- */

static void
encoder_inside (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_ill = us_is_failing (s) || us_has_seen (s, US_CHECK_STALE);

  if (!s->is_own || !s->is_ingest_known || !s->had_publisher || !is_ill)
    return;
  if (us_has_lost_publisher (s) && !isnan (s->publisher_gone_age))
    us_case_must (self, 0.85, US_SOURCE_INSIDE,
                  "The ingest has heard nothing from the encoder for %.0f s",
                  s->publisher_gone_age);
  else if (us_has_lost_publisher (s))
    us_case_must (self, 0.85, US_SOURCE_INSIDE, "The ingest hears no encoder");
  else if (s->is_ingest_up && s->has_publisher && s->cut_age > UNCUT_TARGETS * us_td (s))
    us_case_must (self, 0.85, US_SOURCE_INSIDE,
                  "The encoder is heard, and has sent nothing to begin a segment with for %.0f s",
                  s->cut_age);
  else if (!s->is_ingest_up && (s->is_switcher_up || s->n_packagers_up > 0))
    us_case_must (self, 0.85, US_SOURCE_INSIDE, "The ingest has answered before and is gone");
}

static void
encoder_outside (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint gone = 1u << US_OUTCOME_MISSING;

  if (us_is_stopped (s) && s->n_renditions >= 2 && s->is_stopped_together)
    us_case_must (self, 0.7, US_SOURCE_PLAYLIST,
                  "All %u renditions stopped within one target duration and still answer",
                  s->n_renditions);
  else if (us_is_stopped (s) && s->n_renditions == 1)
    us_case_must (self, 0.7, US_SOURCE_PLAYLIST,
                  "The playlist stopped advancing and still answers");
  else if (us_is_unreachable (s) && s->has_succeeded && !us_has_seen (s, US_CHECK_ENDLIST)
           && us_is_mostly (s->playlists, gone))
    us_case_must (self, 0.6, US_SOURCE_FETCH,
                  "The server answers, and no longer knows the stream: 404 or 410 to %u playlist%s",
                  us_count (s->playlists, gone), us_text_s (us_count (s->playlists, gone)));
}

void
us_rule_encoder (UsCase *self) {
  const UsSymptoms *s = self->s;

  if (s->is_ended)
    return;
  encoder_outside (self);
  gboolean is_seen_outside = self->sources != 0;
  encoder_inside (self);
  if (self->sources == 0)
    return;
  gboolean is_inside = (self->sources & US_SOURCE_INSIDE) != 0;
  if (is_inside && is_seen_outside)
    self->n_for++; /* each has been seen without the other */
  else if (is_inside)
    us_case_for (self, US_SOURCE_PLAYLIST, "Viewers get nothing new since");
  if (!is_inside)
    us_case_cap (self, US_CONFIDENCE_MEDIUM);
  if (us_is_stopped (s) && s->has_cache && s->age_max <= us_td (s))
    us_case_for (self, US_SOURCE_CACHE, "The copies are fresh: at most %.0f s old", s->age_max);
  if (!is_inside && s->is_own && is_fed (s))
    us_case_against (self, "The ingest hears the encoder");
  if (!is_inside && s->is_old_from_cache)
    us_case_against (self, "The playlists come old from a cache");
  if (!is_inside && s->n_host_streams_failing >= 2)
    us_case_against (self, "%u streams of the same host fail", s->n_host_streams_failing);
}

/* ---- 8: packager ---- */

static void
packager_inside (UsCase *self) {
  const UsSymptoms *s = self->s;

  if (!s->is_own || s->n_packagers == 0 || !us_is_failing (s))
    return;
  if (s->n_packagers_up == 0 && (s->is_ingest_up || s->is_switcher_up))
    us_case_must (self, 0.85, US_SOURCE_INSIDE, "No packager answers, %u did", s->n_packagers);
  else if (s->n_packagers_up > 0 && is_fed (s) && !s->has_input)
    us_case_must (self, 0.85, US_SOURCE_INSIDE,
                  "The ingest cuts what the encoder sends, and no packager makes segments of it");
}

/* Both make segments, and not the same: one of them is wrong. */
static void
packager_twins (UsCase *self) {
  const UsSymptoms *s = self->s;

  if (s->is_own && us_has_seen (s, US_CHECK_TWINS_DIFFER))
    us_case_must (self, 0.6, US_SOURCE_INSIDE,
                  "The switcher finds other segments at the one packager than at the other");
}

/* Some renditions only: the source cannot be it. */
static void
packager_some (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n = s->n_stopped + s->n_segments_failing + s->n_unreachable;

  if (n == 0 || n >= s->n_renditions)
    return;
  us_case_must (self, 0.65, US_SOURCE_PLAYLIST,
                "%u of %u renditions stopped or lack their new segments, the others advance", n,
                s->n_renditions);
}

static void
packager_all (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint missing = us_count (s->segments, 1u << US_OUTCOME_MISSING);
  gboolean is_malformed = s->is_open[US_CHECK_PARSE_ERROR] || s->is_open[US_CHECK_EMPTY_BODY];
  gboolean is_no_media = us_has_seen (s, US_CHECK_MEDIA_BROKEN) || us_has_seen (s, US_CHECK_TS_SYNC)
                         || us_has_seen (s, US_CHECK_TS_TABLES);

  if (s->n_renditions > 0 && s->n_segments_failing >= s->n_renditions && s->n_stopped == 0
      && s->n_unreachable == 0 && us_is_mostly (s->segments, 1u << US_OUTCOME_MISSING))
    us_case_must (self, 0.65, US_SOURCE_FETCH,
                  "The playlist advances, and %u of the segments it lists do%s not exist", missing,
                  missing == 1 ? "es" : "");
  if (is_malformed)
    us_case_must (self, 0.65, US_SOURCE_PLAYLIST, "The playlist is malformed or empty");
  if (is_no_media && s->n_renditions > 0 && s->n_media >= s->n_renditions)
    us_case_must (self, 0.65, US_SOURCE_MEDIA,
                  "The segments of every rendition are no proper media");
  if (us_is_stopped (s) && us_is_host_failing (s))
    us_case_must (self, 0.6, US_SOURCE_HOST, "All %u streams of the host stopped",
                  s->n_host_streams);
}

static void
packager_doubts (UsCase *self) {
  const UsSymptoms *s = self->s;

  if (s->is_old_from_cache)
    us_case_against (self, "The playlists come old from a cache");
  if (us_count (s->segments, US_OUTCOMES_DOWN) > us_count (s->segments, 1u << US_OUTCOME_MISSING)
      || us_count (s->playlists, US_OUTCOMES_DOWN) > ACCIDENTS)
    us_case_against (self, "Server errors or time-outs, not missing files");
  if (s->n_hits[US_CHECK_SEGMENT_LATE] > s->n_hits[US_CHECK_SEGMENT_MISSING])
    us_case_against (self, "Most missing segments appeared a little later");
  if (s->is_oldest_only)
    us_case_against (self, "Only the oldest segments are missing");
  if (s->is_one_address || s->is_other_url_well)
    us_case_against (self, "The same stream works by another address");
  if (s->is_own && s->n_packagers > 0 && s->n_packagers_up >= s->n_packagers && s->has_input
      && !us_has_seen (s, US_CHECK_TWINS_DIFFER))
    us_case_against (self, "All our packagers run and get pictures");
}

void
us_rule_packager (UsCase *self) {
  const UsSymptoms *s = self->s;

  packager_some (self);
  packager_all (self);
  gboolean is_seen_outside = self->sources != 0;
  packager_inside (self);
  gboolean is_inside = (self->sources & US_SOURCE_INSIDE) != 0;
  packager_twins (self);
  if (self->sources == 0)
    return;
  if (is_inside && is_seen_outside)
    self->n_for++;
  else if (is_inside)
    us_case_for (self, US_SOURCE_PLAYLIST, "Viewers get nothing new since");
  if (!is_inside && us_is_stopped (s) && !us_has_seen (s, US_CHECK_PARSE_ERROR))
    us_case_cap (self, US_CONFIDENCE_MEDIUM);
  if (us_has_seen (s, US_CHECK_TARGET_DURATION_CHANGED))
    us_case_for (self, US_SOURCE_HISTORY, "The target duration changed");
  if (us_has_seen (s, US_CHECK_DISCONTINUITY_MISMATCH))
    us_case_for (self, US_SOURCE_LADDER, "The renditions disagree on discontinuities");
  if (s->is_own && s->n_packagers_restarted > 0)
    us_case_for (self, US_SOURCE_INSIDE, "A packager was restarted %u time%s in two minutes",
                 s->n_packagers_restarted, us_text_s (s->n_packagers_restarted));
  if (is_inside && us_has_lost_publisher (s))
    us_case_against (self, "The ingest has lost the encoder");
  if (!is_inside)
    packager_doubts (self);
}

/* ---- 9: restart ---- */

void
us_rule_restart (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_sequence = us_has_seen (s, US_CHECK_SEQUENCE_RESET);
  gboolean is_pts = us_has_seen (s, US_CHECK_PTS_RESET);
  gboolean was_felt = is_sequence || is_pts || us_has_seen (s, US_CHECK_STALE)
                      || us_has_seen (s, US_CHECK_PTS_GAP) || us_is_failing (s);
  gboolean is_back
      = s->is_own && s->is_ingest_known && s->has_publisher && s->publisher_gone_age <= RECENT_S;

  if (is_sequence)
    us_case_must (self, 0.8, US_SOURCE_PLAYLIST, "The media sequence began anew");
  if (is_pts && is_sequence)
    us_case_for (self, US_SOURCE_MEDIA, "So did the time stamps of the media");
  else if (is_pts)
    us_case_must (self, 0.8, US_SOURCE_MEDIA, "The time stamps of the media began anew");
  if (s->is_own && s->n_packagers_restarted > 0 && was_felt && self->sources != 0)
    us_case_for (self, US_SOURCE_INSIDE, "A packager was restarted");
  else if (s->is_own && s->n_packagers_restarted > 0 && was_felt)
    us_case_must (self, 0.8, US_SOURCE_INSIDE, "A packager was restarted %u time%s in two minutes",
                  s->n_packagers_restarted, us_text_s (s->n_packagers_restarted));
  if (is_back && was_felt && self->sources != 0)
    us_case_for (self, US_SOURCE_INSIDE, "The encoder went %.0f s ago and came back",
                 s->publisher_gone_age);
  else if (is_back && was_felt)
    us_case_must (self, 0.8, US_SOURCE_INSIDE, "The encoder went %.0f s ago and came back",
                  s->publisher_gone_age);
  if (self->sources == 0)
    return;
  if (s->is_gap_before)
    us_case_for (self, US_SOURCE_HISTORY, "Nothing new had come for a while before");
  if (us_is_stopped (s) || us_is_unreachable (s))
    us_case_against (self, "It has stopped since");
  if (s->is_old_from_cache)
    us_case_against (self, "The playlists come old from a cache");
  if (s->is_own && s->n_packagers > 0 && s->n_packagers_restarted == 0 && !is_back)
    us_case_against (self, "None of our packagers was restarted, and the encoder stayed");
}

/* ---- 17: planned end ---- */

void
us_rule_planned_end (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint gone = 1u << US_OUTCOME_MISSING;

  if (!s->is_ended)
    return;
  us_case_must (self, 0.8, US_SOURCE_PLAYLIST,
                "The playlist ended with ENDLIST and has not advanced since");
  if (s->is_in_maintenance)
    us_case_for (self, US_SOURCE_PLAN, "Maintenance was announced");
  if (us_is_unreachable (s) && us_is_mostly (s->playlists, gone))
    us_case_for (self, US_SOURCE_FETCH, "Since then the server answers 404 or 410");
  if (us_has_lost_publisher (s))
    us_case_for (self, US_SOURCE_INSIDE, "The encoder has left");
  if (us_count (s->playlists, US_OUTCOMES_DOWN) > 0)
    us_case_against (self, "Server errors come with it");
  if (s->n_stopped > 0 && s->n_stopped < s->n_renditions)
    us_case_against (self, "%u of %u renditions go%s on", s->n_renditions - s->n_stopped,
                     s->n_renditions, s->n_renditions - s->n_stopped == 1 ? "es" : "");
}
