/* detect-ladder.c - renditions of one stream that contradict each other
 *
 * Pure. Media sequence numbers of two renditions say nothing of each other (RFC 8216 4.3.3.2) and
 * are never compared: what lines them up is the date or, where there are none, the time stamps in
 * the media (6.2.4). Renditions that cannot be had, or stand still, have findings of their own and
 * are left out.
 */
#include "monitor/detect.h"
#include "monitor/playlist-step.h"

#include <math.h>

#define ROUNDING_S 1        /* target durations that differ by rounding only */
#define APART_TARGETS 2     /* live edges, in target durations */
#define APART_MOST_S 60.0   /* time stamps that differ by more are of two clocks */
#define CURRENT_TARGETS 1.5 /* RFC 8216 6.2.1 */
#define MISSING_POLLS 2     /* in a row */
#define LATEST 32           /* segments looked at to line two renditions up */
#define UNIFORM_LEAST 3     /* segments without a discontinuity among them */
#define NAMED 3             /* labels in a sentence */

const UsCheck us_detect_ladder_checks[]
    = { US_CHECK_RENDITION_MISSING,      US_CHECK_LADDER_MISMATCH, US_CHECK_RENDITIONS_APART,
        US_CHECK_DISCONTINUITY_MISMATCH, US_CHECK_GROUP_CLASH,     US_N_CHECKS };

static const char *
label_of (const UsRenditionFacts *facts) {
  return facts->info != NULL && facts->info->label != NULL ? facts->info->label : "?";
}

static gboolean
is_reached (const UsRenditionFacts *facts) {
  return facts->n_failed == 0 && facts->playlist != NULL && facts->target_duration_s > 0;
}

static gboolean
is_timed (const UsRenditionFacts *facts) {
  return is_reached (facts) && (facts->info == NULL || facts->info->kind != US_RENDITION_SUBTITLES);
}

/* It goes on: its newest segment is what its packager has just made. */
static gboolean
is_current (const UsRenditionFacts *facts) {
  gint64 limit_us
      = (gint64)(CURRENT_TARGETS * facts->target_duration_s * G_USEC_PER_SEC) + facts->poll_us;
  return is_timed (facts) && !facts->playlist->is_ended && facts->advanced_us > 0
         && facts->playlist->segments->len > 0 && facts->now_us - facts->advanced_us <= limit_us;
}

/* ---- renditions that are not there ---- */

static void
judge_missing (const UsRenditionFacts *renditions, guint n, UsHits *hits) {
  g_autoptr (GString) names = g_string_new (NULL);
  guint n_missing = 0, n_reached = 0;
  for (guint i = 0; i < n; i++) {
    const UsRenditionFacts *facts = &renditions[i];
    n_reached += is_reached (facts);
    if (facts->n_failed < MISSING_POLLS || facts->last == NULL
        || facts->last->outcome != US_OUTCOME_MISSING)
      continue;
    if (n_missing++ < NAMED)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", label_of (facts));
  }
  if (n_missing > 0 && n_reached > 0)
    us_hits_add (hits, US_CHECK_RENDITION_MISSING, US_SEVERITY_DEGRADED, n_missing, 0,
                 "%u of %u listed renditions are not there: %s%s", n_missing, n, names->str,
                 n_missing > NAMED ? ", ..." : "");
}

/* ---- renditions of different kinds ---- */

static void
judge_target_durations (const UsRenditionFacts *renditions, guint n, UsHits *hits) {
  const UsRenditionFacts *least = NULL, *most = NULL;
  for (guint i = 0; i < n; i++) {
    if (!is_timed (&renditions[i]))
      continue;
    if (least == NULL || renditions[i].target_duration_s < least->target_duration_s)
      least = &renditions[i];
    if (most == NULL || renditions[i].target_duration_s > most->target_duration_s)
      most = &renditions[i];
  }
  if (least == NULL || most->target_duration_s == least->target_duration_s)
    return;
  gboolean is_rounding = most->target_duration_s - least->target_duration_s <= ROUNDING_S;
  us_hits_add (
      hits, US_CHECK_LADDER_MISMATCH, is_rounding ? US_SEVERITY_INFO : US_SEVERITY_DEGRADED,
      most->target_duration_s, least->target_duration_s,
      "%s has a target duration of %u s, %s of %u s: all should have the same", label_of (most),
      most->target_duration_s, label_of (least), least->target_duration_s);
}

static void
judge_ends (const UsRenditionFacts *renditions, guint n, UsHits *hits) {
  const UsRenditionFacts *ended = NULL, *live = NULL;
  for (guint i = 0; i < n; i++) {
    if (is_timed (&renditions[i]) && renditions[i].playlist->is_ended && ended == NULL)
      ended = &renditions[i];
    if (is_current (&renditions[i]) && live == NULL)
      live = &renditions[i];
  }
  if (ended != NULL && live != NULL)
    us_hits_add (hits, US_CHECK_LADDER_MISMATCH, US_SEVERITY_DEGRADED, NAN, NAN,
                 "%s has ended while %s goes on", label_of (ended), label_of (live));
}

static void
judge_size (const UsPlaylist *multivariant, guint n, UsHits *hits) {
  guint listed = multivariant->variants->len;
  for (guint i = 0; i < multivariant->renditions->len; i++) {
    const UsPlaylistRendition *media = g_ptr_array_index (multivariant->renditions, i);
    listed += media->uri != NULL;
  }
  if (listed > US_MAX_RENDITIONS)
    us_hits_add (hits, US_CHECK_LADDER_MISMATCH, US_SEVERITY_INFO, listed, US_MAX_RENDITIONS,
                 "%u renditions are listed, the first %u of them are watched", listed, n);
}

/* ---- renditions at different times ---- */

/* How far its newest segment was behind the clock when it appeared. */
static gboolean
find_lag_s (const UsRenditionFacts *facts, double *lag_s) {
  if (!is_current (facts))
    return FALSE;
  const UsPlaylistSegment *last = us_playlist_last (facts->playlist);
  if (last->wall_ms < 0)
    return FALSE;
  gint64 appeared_us = facts->wall_us - (facts->now_us - facts->advanced_us);
  *lag_s = ((double)appeared_us - (double)last->duration_us) / G_USEC_PER_SEC
           - (double)last->wall_ms / 1000;
  return TRUE;
}

static gboolean
is_edge_known (const UsRenditionFacts *facts) {
  return is_current (facts) && facts->media != NULL && facts->edge_us != G_MININT64;
}

static guint64
discontinuity_of (const UsRenditionFacts *facts) {
  return us_playlist_last (facts->playlist)->discontinuity;
}

/* How much longer than @reference it took from the media to the list; FALSE: they do not compare:
 * times of two containers, of two sides of a discontinuity, or of two clocks. */
static gboolean
find_stamp_lag_s (const UsRenditionFacts *facts, const UsRenditionFacts *reference, double *lag_s) {
  if (!is_edge_known (facts) || discontinuity_of (facts) != discontinuity_of (reference)
      || facts->media->probe->container != reference->media->probe->container)
    return FALSE;
  gint64 media_us
      = us_probe_time_diff_us (facts->media->probe->container, facts->edge_us, reference->edge_us);
  *lag_s = (double)(facts->advanced_us - reference->advanced_us - media_us) / G_USEC_PER_SEC;
  return fabs (*lag_s) <= APART_MOST_S;
}

/* Spread: the two that are farthest apart. */
typedef struct {
  const UsRenditionFacts *first, *last;
  double least_s, most_s;
} Spread;

static void
spread_add (Spread *spread, const UsRenditionFacts *facts, double lag_s) {
  if (spread->first == NULL || lag_s < spread->least_s) {
    spread->first = facts;
    spread->least_s = lag_s;
  }
  if (spread->last == NULL || lag_s > spread->most_s) {
    spread->last = facts;
    spread->most_s = lag_s;
  }
}

static void
judge_spread (const Spread *spread, const char *by, UsHits *hits) {
  const UsRenditionFacts *first = spread->first, *last = spread->last;
  double apart_s = spread->most_s - spread->least_s;
  if (first == NULL || first == last)
    return;
  double limit_s = APART_TARGETS * (double)MAX (first->target_duration_s, last->target_duration_s)
                   + (double)MAX (first->poll_us, last->poll_us) / G_USEC_PER_SEC;
  if (apart_s > limit_s)
    us_hits_add (hits, US_CHECK_RENDITIONS_APART, US_SEVERITY_DEGRADED, apart_s, limit_s,
                 "%s is %.1f s behind %s by their %s, expected at most %.1f s", label_of (last),
                 apart_s, label_of (first), by, limit_s);
}

static void
judge_apart (const UsRenditionFacts *renditions, guint n, UsHits *hits) {
  Spread spread = { NULL };
  const UsRenditionFacts *reference = NULL;
  double lag_s;
  for (guint i = 0; i < n; i++)
    if (find_lag_s (&renditions[i], &lag_s))
      spread_add (&spread, &renditions[i], lag_s);
  if (spread.first != NULL) {
    judge_spread (&spread, "dates", hits);
    return;
  }
  for (guint i = 0; i < n; i++) {
    if (reference == NULL && is_edge_known (&renditions[i]))
      reference = &renditions[i];
    if (reference != NULL && find_stamp_lag_s (&renditions[i], reference, &lag_s))
      spread_add (&spread, &renditions[i], lag_s);
  }
  judge_spread (&spread, "time stamps", hits);
}

/* ---- discontinuities ---- */

/* @index and what stands beside it are on the same timeline, so that half a segment of difference
 * cannot put them on two. */
static gboolean
is_inside (const UsPlaylist *playlist, guint index) {
  const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, index);
  if (index == 0 || index + 1 >= playlist->segments->len)
    return FALSE;
  const UsPlaylistSegment *left = g_ptr_array_index (playlist->segments, index - 1);
  const UsPlaylistSegment *right = g_ptr_array_index (playlist->segments, index + 1);
  return left->discontinuity == segment->discontinuity
         && right->discontinuity == segment->discontinuity;
}

/* The segment of @playlist that is shown at @wall_ms; only one that is_inside(). */
static const UsPlaylistSegment *
shown_at (const UsPlaylist *playlist, gint64 wall_ms) {
  guint n = playlist->segments->len;
  for (guint i = n; i > 0 && n - i < LATEST; i--) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i - 1);
    if (segment->wall_ms >= 0 && segment->wall_ms <= wall_ms
        && wall_ms < segment->wall_ms + segment->duration_us / 1000)
      return is_inside (playlist, i - 1) ? segment : NULL;
  }
  return NULL;
}

/* Without dates: two windows without any discontinuity in them have to be behind the same one. */
static gboolean
is_uniform (const UsPlaylist *playlist) {
  const UsPlaylistSegment *first = g_ptr_array_index (playlist->segments, 0);
  return playlist->segments->len >= UNIFORM_LEAST
         && first->discontinuity == us_playlist_last (playlist)->discontinuity;
}

/* Two segments that are shown at the same time. */
static gboolean
find_pair (const UsPlaylist *one, const UsPlaylist *other, const UsPlaylistSegment **a,
           const UsPlaylistSegment **b) {
  gboolean have_dates = FALSE;
  guint n = one->segments->len;
  for (guint i = n; i > 0 && n - i < LATEST; i--) {
    *a = g_ptr_array_index (one->segments, i - 1);
    have_dates = have_dates || (*a)->wall_ms >= 0;
    if ((*a)->wall_ms < 0)
      continue;
    *b = shown_at (other, (*a)->wall_ms + (*a)->duration_us / 2000);
    if (*b != NULL)
      return TRUE;
  }
  *a = us_playlist_last (one);
  *b = us_playlist_last (other);
  return !have_dates && is_uniform (one) && is_uniform (other);
}

static void
judge_discontinuities (const UsRenditionFacts *renditions, guint n, UsHits *hits) {
  const UsRenditionFacts *reference = NULL;
  for (guint i = 0; i < n; i++) {
    if (!is_current (&renditions[i]))
      continue;
    if (reference == NULL) {
      reference = &renditions[i];
      continue;
    }
    const UsPlaylistSegment *a, *b;
    if (!find_pair (reference->playlist, renditions[i].playlist, &a, &b)
        || a->discontinuity == b->discontinuity)
      continue;
    us_hits_add (hits, US_CHECK_DISCONTINUITY_MISMATCH, US_SEVERITY_DEGRADED,
                 (double)b->discontinuity, (double)a->discontinuity,
                 "%s is behind discontinuity %" G_GUINT64_FORMAT ", %s behind %" G_GUINT64_FORMAT
                 " at the same time",
                 label_of (&renditions[i]), b->discontinuity, label_of (reference),
                 a->discontinuity);
    return;
  }
}

/* ---- groups of EXT-X-MEDIA ---- */

static char *
group_key (const char *type, const char *group, const char *name) {
  return g_strjoin ("\n", type, group, name, NULL);
}

/* RFC 8216 4.3.4.2: a GROUP-ID that a variant names has to be there. */
static gboolean
judge_reference (GHashTable *groups, const char *type, const char *group, UsHits *hits) {
  if (group == NULL)
    return FALSE;
  g_autofree char *key = group_key (type, group, NULL);
  if (g_hash_table_contains (groups, key))
    return FALSE;
  us_hits_add (hits, US_CHECK_GROUP_CLASH, US_SEVERITY_DEGRADED, NAN, NAN,
               "a variant names the %s group %.64s, which is not there", type, group);
  return TRUE;
}

/* RFC 8216 4.3.4.1.1: in a group no NAME twice, and one DEFAULT at most (ffmpeg marks all). */
static void
judge_groups (const UsPlaylist *multivariant, UsHits *hits) {
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) defaults = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < multivariant->renditions->len; i++) {
    const UsPlaylistRendition *media = g_ptr_array_index (multivariant->renditions, i);
    g_hash_table_add (groups, group_key (media->type, media->group_id, NULL));
    if (!g_hash_table_add (names, group_key (media->type, media->group_id, media->name)))
      us_hits_add (hits, US_CHECK_GROUP_CLASH, US_SEVERITY_DEGRADED, NAN, NAN,
                   "the %.32s group %.64s has two members called %.64s", media->type,
                   media->group_id, media->name);
    if (media->is_default
        && !g_hash_table_add (defaults, group_key (media->type, media->group_id, NULL)))
      us_hits_add (hits, US_CHECK_GROUP_CLASH, US_SEVERITY_INFO, NAN, NAN,
                   "the %.32s group %.64s has more than one default", media->type, media->group_id);
  }
  for (guint i = 0; i < multivariant->variants->len; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (multivariant->variants, i);
    if (judge_reference (groups, "AUDIO", variant->audio, hits)
        || judge_reference (groups, "VIDEO", variant->video, hits)
        || judge_reference (groups, "SUBTITLES", variant->subtitles, hits))
      return;
  }
}

/**
 * us_detect_ladder:
 * @multivariant: (nullable): the newest good one
 */
void
us_detect_ladder (const UsRenditionFacts *renditions, guint n_renditions,
                  const UsPlaylist *multivariant, UsHits *hits) {
  judge_missing (renditions, n_renditions, hits);
  judge_target_durations (renditions, n_renditions, hits);
  judge_ends (renditions, n_renditions, hits);
  judge_apart (renditions, n_renditions, hits);
  judge_discontinuities (renditions, n_renditions, hits);
  if (multivariant != NULL) {
    judge_size (multivariant, n_renditions, hits);
    judge_groups (multivariant, hits);
  }
}
