/* symptoms.c - what is known about a stream, put together for the cause rules
 *
 * Pure. A watch notes what it sees as it happens; here that is read together with the findings and
 * the facts of all renditions into one plain value, over the last two minutes. What no probe from
 * outside can know stays as us_symptoms_init() has it.
 */
#include "monitor/symptoms.h"

#include <math.h>
#include <string.h>

#define TWELFTH_US (US_WINDOW_US / 12)
#define MIN_FAILED_AT_ADDRESS 2
#define OLD_AGE_TARGETS 2 /* a playlist that a cache holds for longer is old */
#define LEAST_BY_CACHE                                                                             \
  4 /* answers out of a cache, or past it, before their median tells anything */

enum { MISSING_OLDEST, MISSING_BETWEEN, MISSING_NEWEST };

/* ---- notes ---- */

static void
turn (UsSymptomNotes *notes, gint64 now_us) {
  gint64 twelfth = now_us / TWELFTH_US;
  gint64 n_passed = CLAMP (twelfth - notes->twelfth, 0, 12);
  for (gint64 i = 1; i <= n_passed; i++)
    for (UsCheck check = 0; check < US_N_CHECKS; check++)
      notes->hits[check][(notes->twelfth + i) % 12] = 0;
  notes->twelfth = twelfth;
}

/**
 * us_symptom_notes_hit:
 * @check: what a detector of events has found
 */
void
us_symptom_notes_hit (UsSymptomNotes *notes, UsCheck check, gint64 now_us) {
  turn (notes, now_us);
  guint16 *count = &notes->hits[check][notes->twelfth % 12];
  *count = (guint16)MIN (*count + 1, G_MAXUINT16);
  notes->check_us[check] = now_us;
}

static UsAddressTally *
find_address (UsSymptomNotes *notes, const char *address) {
  UsAddressTally *oldest = &notes->addresses[0];
  for (guint i = 0; i < US_SYMPTOMS_ADDRESSES; i++) {
    UsAddressTally *its = &notes->addresses[i];
    if (strcmp (its->address, address) == 0)
      return its;
    if (MAX (its->ok_us, its->failed_us) < MAX (oldest->ok_us, oldest->failed_us))
      oldest = its;
  }
  *oldest = (UsAddressTally){ 0 };
  g_strlcpy (oldest->address, address, sizeof oldest->address);
  return oldest;
}

static void
note_address (UsSymptomNotes *notes, const UsFetched *fetched, gint64 now_us) {
  if (fetched->address == NULL || *fetched->address == '\0')
    return;
  UsAddressTally *its = find_address (notes, fetched->address);
  if (fetched->outcome == US_OUTCOME_OK) {
    its->ok_us = now_us;
    its->n_failed = 0;
  } else {
    its->failed_us = now_us;
    its->n_failed++;
  }
}

/**
 * us_symptom_notes_fetched:
 * @fetched: a playlist or a segment
 */
void
us_symptom_notes_fetched (UsSymptomNotes *notes, const UsFetched *fetched, gint64 now_us) {
  note_address (notes, fetched, now_us);
  notes->has_succeeded |= fetched->outcome == US_OUTCOME_OK;
  if (fetched->certificate_until_s > 0)
    notes->certificate_until_s = fetched->certificate_until_s;
  if (fetched->has_cache)
    notes->cache_us = now_us;
  if (fetched->outcome == US_OUTCOME_MISSING
      && (fetched->cache_age_s > 0 || fetched->cache == US_CACHE_HIT))
    notes->missing_cached_us = now_us;
  if (fetched->outcome != US_OUTCOME_OK && fetched->forwarded_status >= 400)
    notes->origin_status_us = now_us;
  if (fetched->cache_age_s >= 0
      && ((double)fetched->cache_age_s >= notes->age_max
          || now_us - notes->age_max_us > US_WINDOW_US)) {
    notes->age_max = (double)fetched->cache_age_s;
    notes->age_max_us = now_us;
  }
}

/**
 * us_symptom_notes_missing:
 * @from_oldest: place in the playlist
 * @from_newest: the same from the other end
 */
void
us_symptom_notes_missing (UsSymptomNotes *notes, guint from_oldest, guint from_newest,
                          gint64 now_us) {
  if (from_newest < US_NEWEST_PLACES)
    notes->missing_us[MISSING_NEWEST] = now_us;
  else if (from_oldest < US_OLDEST_PLACES)
    notes->missing_us[MISSING_OLDEST] = now_us;
  else
    notes->missing_us[MISSING_BETWEEN] = now_us;
}

/* ---- renditions ---- */

static gboolean
is_recent (const UsSymptomFacts *facts, gint64 at_us) {
  return at_us > 0 && facts->now_us - at_us <= US_WINDOW_US;
}

static const UsFinding *
find (const UsSymptomFacts *facts, UsCheck check, const UsRenditionFacts *rendition) {
  return us_findings_find (facts->findings, check, rendition->info->index);
}

static gboolean
has_group (const UsSymptomFacts *facts, UsCheckGroup group, const UsRenditionFacts *rendition) {
  for (UsCheck check = 0; check < US_N_CHECKS; check++)
    if (us_check_info (check)->group == group && us_findings_has (facts->findings, check)
        && find (facts, check, rendition) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
is_stopped (const UsSymptomFacts *facts, const UsRenditionFacts *rendition) {
  return rendition->n_failed == 0 && find (facts, US_CHECK_STALE, rendition) != NULL;
}

static void
read_states (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  gint64 first_us = G_MAXINT64, last_us = 0, poll_us = 0;
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsRenditionFacts *its = &facts->renditions[i];
    symptoms->n_renditions++;
    symptoms->n_video += its->info->kind == US_RENDITION_VIDEO;
    symptoms->n_audio += its->info->kind == US_RENDITION_AUDIO;
    symptoms->n_unreachable += its->n_failed > 0;
    symptoms->n_segments_failing += its->n_failed == 0 && its->n_segment_failures_in_a_row > 0;
    symptoms->n_content += has_group (facts, US_CHECK_GROUP_CONTENT, its);
    symptoms->n_media += has_group (facts, US_CHECK_GROUP_MEDIA, its);
    symptoms->n_content_watched += its->media != NULL && its->info->kind != US_RENDITION_SUBTITLES;
    symptoms->n_failed_in_a_row = MAX (symptoms->n_failed_in_a_row, its->n_failed);
    symptoms->is_ended |= its->playlist != NULL && its->playlist->is_ended;
    if (its->target_duration_s > 0)
      symptoms->target_duration = fmax (symptoms->target_duration, its->target_duration_s);
    if (!is_stopped (facts, its))
      continue;
    symptoms->n_stopped++;
    poll_us = MAX (poll_us, its->poll_us);
    first_us = MIN (first_us, its->advanced_us);
    last_us = MAX (last_us, its->advanced_us);
  }
  symptoms->n_failed_in_a_row = MAX (symptoms->n_failed_in_a_row, facts->root_failed);
  if (facts->n_renditions == 0 && facts->root_failed > 0)
    symptoms->n_renditions = symptoms->n_unreachable = 1;
  double target_s = isnan (symptoms->target_duration) ? 0 : symptoms->target_duration;
  /* When each was last seen to advance is known to a poll. */
  symptoms->is_stopped_together
      = symptoms->n_stopped > 0 && symptoms->n_stopped == symptoms->n_renditions
        && (double)(last_us - first_us - poll_us) <= target_s * G_USEC_PER_SEC;
}

/* ---- fetches ---- */

typedef struct {
  double *values;
  guint n;
} Column;

static void
column_add (Column *column, double value) {
  if (isfinite (value))
    column->values[column->n++] = value;
}

static int
compare (gconstpointer a, gconstpointer b) {
  double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

static double
percentile (Column *column, double share) {
  if (column->n == 0)
    return NAN;
  qsort (column->values, column->n, sizeof *column->values, compare);
  guint rank = (guint)ceil (share * column->n);
  return column->values[MAX (rank, 1) - 1];
}

static void
count_outcomes (const UsFetchWindow *window, guint counts[US_N_OUTCOMES]) {
  for (guint i = 0; window != NULL && window->samples != NULL && i < window->samples->len; i++)
    counts[g_array_index (window->samples, UsFetchSample, i).outcome]++;
}

static guint
count_samples (const UsSymptomFacts *facts) {
  guint n = 1;
  for (guint i = 0; i < facts->n_renditions; i++)
    n += facts->renditions[i].segments->samples->len + facts->renditions[i].playlists->samples->len;
  return n;
}

typedef enum { BY_TTFB, BY_TTFB_HIT, BY_TTFB_MISS, BY_RATIO, BY_BODY, BY_CONNECT } Figure;

static void
column_add_samples (Column *column, const UsFetchWindow *window, Figure figure, gint64 since_us) {
  for (guint i = 0; i < window->samples->len; i++) {
    const UsFetchSample *sample = &g_array_index (window->samples, UsFetchSample, i);
    if (sample->at_us < since_us)
      continue;
    if (figure == BY_CONNECT)
      column_add (column, us_sample_connect (sample));
    else if (sample->outcome != US_OUTCOME_OK)
      continue;
    else if (figure == BY_RATIO)
      column_add (column, us_sample_ratio (sample));
    else if (figure == BY_BODY)
      column_add (column, us_sample_body_ratio (sample));
    else if (figure == BY_TTFB || (figure == BY_TTFB_HIT && sample->cache == US_CACHE_HIT)
             || (figure == BY_TTFB_MISS && sample->cache == US_CACHE_MISS))
      column_add (column, us_sample_first_byte (sample));
  }
}

/* Segments say how fast it is; where none are fetched, playlists have to do for the first byte. */
static double
figure_of (const UsSymptomFacts *facts, Figure figure, double share) {
  g_autofree double *values = g_new (double, count_samples (facts));
  Column column = { values, 0 };
  for (guint i = 0; i < facts->n_renditions; i++)
    column_add_samples (&column, facts->renditions[i].segments, figure, G_MININT64);
  for (guint i = 0; column.n == 0 && i < facts->n_renditions; i++)
    if (figure != BY_RATIO && figure != BY_BODY)
      column_add_samples (&column, facts->renditions[i].playlists, figure, G_MININT64);
  return percentile (&column, share);
}

/* Since when the first byte is late, in any rendition; G_MAXINT64: it is not. */
static gint64
late_since_us (const UsSymptomFacts *facts) {
  gint64 since_us = G_MAXINT64;
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsFinding *finding = find (facts, US_CHECK_TTFB, &facts->renditions[i]);
    if (finding != NULL)
      since_us = MIN (since_us, finding->first_us);
  }
  return since_us;
}

/* Who is slow is told by what came since it is slow: a median of two minutes goes by how it was
 * before for a minute, and had a slow cache called a slow origin. */
static double
figure_since_late (const UsSymptomFacts *facts, Figure figure) {
  g_autofree double *values = g_new (double, count_samples (facts));
  Column column = { values, 0 };
  gint64 since_us = late_since_us (facts);
  for (guint i = 0; i < facts->n_renditions; i++)
    column_add_samples (&column, facts->renditions[i].segments, figure, since_us);
  return column.n >= LEAST_BY_CACHE ? percentile (&column, 0.5) : NAN;
}

static void
read_fetches (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  count_outcomes (facts->root, symptoms->playlists);
  for (guint i = 0; i < facts->n_renditions; i++) {
    count_outcomes (facts->renditions[i].playlists, symptoms->playlists);
    count_outcomes (facts->renditions[i].segments, symptoms->segments);
  }
  symptoms->connect_p50 = figure_of (facts, BY_CONNECT, 0.5);
  symptoms->ttfb_p50 = figure_of (facts, BY_TTFB, 0.5);
  symptoms->ttfb_p95 = figure_of (facts, BY_TTFB, 0.95);
  symptoms->ratio_p50 = figure_of (facts, BY_RATIO, 0.5);
  symptoms->hit_ttfb_p50 = figure_since_late (facts, BY_TTFB_HIT);
  symptoms->miss_ttfb_p50 = figure_since_late (facts, BY_TTFB_MISS);
  symptoms->fast_body_ratio = figure_of (facts, BY_BODY, 0.5);
  symptoms->base_connect = facts->base_connect;
  symptoms->base_ttfb = facts->base_ttfb;
  symptoms->base_ratio = facts->base_ratio;
}

/* ---- the ladder ---- */

static gboolean
suffers (const UsSymptomFacts *facts, const UsRenditionFacts *its) {
  return its->n_failed > 0 || is_stopped (facts, its)
         || has_group (facts, US_CHECK_GROUP_SEGMENT, its);
}

static void
read_rungs (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  const UsRenditionFacts *small = NULL, *top = NULL;
  guint64 least_ill = G_MAXUINT64, most_well = 0;
  guint n_ill = 0, n_well = 0;
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsRenditionFacts *its = &facts->renditions[i];
    guint64 bps = its->info->bandwidth_bps;
    if (its->info->kind != US_RENDITION_VIDEO || bps == 0)
      continue;
    small = small == NULL || bps < small->info->bandwidth_bps ? its : small;
    top = top == NULL || bps > top->info->bandwidth_bps ? its : top;
    if (suffers (facts, its)) {
      n_ill++;
      least_ill = MIN (least_ill, bps);
    } else {
      n_well++;
      most_well = MAX (most_well, bps);
    }
  }
  symptoms->is_top_only = n_ill > 0 && n_well > 0 && least_ill > most_well;
  if (small == NULL || small == top)
    return;
  symptoms->small_rung_ratio = us_fetch_window_percentile (small->segments, 0.5, us_sample_ratio);
  symptoms->top_rung_ratio = us_fetch_window_percentile (top->segments, 0.5, us_sample_ratio);
}

/* ---- the same elsewhere ---- */

static gboolean
is_same_programme (const UsRenditionInfo *a, const UsRenditionInfo *b) {
  return a->kind == b->kind && a->bandwidth_bps == b->bandwidth_bps && a->width == b->width
         && a->height == b->height && g_strcmp0 (a->codecs, b->codecs) == 0
         && g_strcmp0 (a->name, b->name) == 0 && g_strcmp0 (a->language, b->language) == 0;
}

static gboolean
is_other_host (const UsRenditionInfo *a, const UsRenditionInfo *b) {
  g_autoptr (GUri) one = g_uri_parse (a->url, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) other = g_uri_parse (b->url, G_URI_FLAGS_ENCODED, NULL);
  return one != NULL && other != NULL
         && (g_strcmp0 (g_uri_get_host (one), g_uri_get_host (other)) != 0
             || g_uri_get_port (one) != g_uri_get_port (other));
}

static gboolean
has_well_copy (const UsSymptomFacts *facts, const UsRenditionFacts *ill) {
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsRenditionFacts *its = &facts->renditions[i];
    if (its != ill && its->good_us > 0 && its->info->url != NULL && !suffers (facts, its)
        && is_same_programme (its->info, ill->info) && is_other_host (its->info, ill->info))
      return TRUE;
  }
  return FALSE;
}

/* Multivariant playlists may list every rendition twice, at two hosts, so that a player that fails
 * at one goes on at the other. When all that is ill is well at the other, it is the host. */
static gboolean
is_other_url_well (const UsSymptomFacts *facts) {
  guint n_ill = 0;
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsRenditionFacts *its = &facts->renditions[i];
    if (!suffers (facts, its))
      continue;
    if (its->info->url == NULL || !has_well_copy (facts, its))
      return FALSE;
    n_ill++;
  }
  return n_ill > 0;
}

/* ---- checks ---- */

static void
read_checks (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  const UsSymptomNotes *notes = facts->notes;
  gint64 twelfth = facts->now_us / TWELFTH_US;
  for (UsCheck check = 0; check < US_N_CHECKS; check++) {
    symptoms->is_open[check]
        = us_findings_has (facts->findings, check) || is_recent (facts, notes->check_us[check]);
    for (gint64 i = 0; i < 12; i++)
      if (notes->twelfth - i > twelfth - 12 && notes->twelfth - i >= 0)
        symptoms->n_hits[check] += notes->hits[check][(notes->twelfth - i) % 12];
  }
  g_autoptr (GPtrArray) open = us_findings_list (facts->findings);
  for (guint i = 0; i < open->len; i++) {
    const UsFinding *finding = g_ptr_array_index (open, i);
    double age = (double)(facts->now_us - finding->first_us) / G_USEC_PER_SEC;
    double *first = &symptoms->first_age[finding->check];
    *first = isnan (*first) ? age : fmax (*first, age);
    symptoms->n_hits[finding->check] = MAX (symptoms->n_hits[finding->check], 1);
  }
}

/* ---- the rest ---- */

/* A token, a signature or an end in the query, or in a folder's name. */
static gboolean
has_token (const char *url) {
  static const char *const words[]
      = { "token",   "hdnts=", "hdnea=", "exp=",  "expires",    "signature",
          "policy=", "sig=",   "jwt",    "auth=", "key-pair-id" };
  g_autofree char *lower = g_ascii_strdown (url, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* Several addresses were seen, one of them fails, all others go well. */
static gboolean
is_one_address (const UsSymptomFacts *facts) {
  guint n_well = 0, n_ill = 0;
  for (guint i = 0; i < US_SYMPTOMS_ADDRESSES; i++) {
    const UsAddressTally *its = &facts->notes->addresses[i];
    if (its->address[0] == '\0' || !is_recent (facts, MAX (its->ok_us, its->failed_us)))
      continue;
    n_ill += its->n_failed >= MIN_FAILED_AT_ADDRESS && is_recent (facts, its->failed_us);
    n_well += its->n_failed == 0;
  }
  return n_ill == 1 && n_well > 0;
}

static void
read_caches (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  const UsSymptomNotes *notes = facts->notes;
  symptoms->has_cache = is_recent (facts, notes->cache_us);
  symptoms->is_missing_cached = is_recent (facts, notes->missing_cached_us);
  symptoms->is_origin_status = is_recent (facts, notes->origin_status_us);
  symptoms->age_max = is_recent (facts, notes->age_max_us) ? notes->age_max : NAN;
  symptoms->is_old_from_cache = symptoms->is_open[US_CHECK_CACHE_STALE];
  for (guint i = 0; i < facts->n_renditions; i++) {
    const UsRenditionFacts *its = &facts->renditions[i];
    gint64 old_s = MAX (its->target_duration_s, 1) * OLD_AGE_TARGETS;
    if (is_stopped (facts, its) && its->last != NULL && its->last->cache_age_s > old_s)
      symptoms->is_old_from_cache = TRUE;
  }
}

static void
read_missing (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  const gint64 *missing_us = facts->notes->missing_us;
  gboolean is_oldest = is_recent (facts, missing_us[MISSING_OLDEST]);
  gboolean is_between = is_recent (facts, missing_us[MISSING_BETWEEN]);
  gboolean is_newest = is_recent (facts, missing_us[MISSING_NEWEST]);
  symptoms->is_oldest_only = is_oldest && !is_between && !is_newest;
  symptoms->is_newest_only = is_newest && !is_between && !is_oldest;
}

static void
read_times (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  const UsSymptomNotes *notes = facts->notes;
  gint64 date_us = MAX (notes->check_us[US_CHECK_DATE_JUMP], notes->check_us[US_CHECK_DATE_BACK]);
  symptoms->is_pts_continuous = is_recent (facts, date_us) && notes->continuous_us >= date_us
                                && !is_recent (facts, notes->pts_broken_us);
  symptoms->is_gap_before = is_recent (facts, notes->gap_before_us);
  symptoms->watched = (double)(facts->now_us - facts->added_us) / G_USEC_PER_SEC;
  if (notes->certificate_until_s > 0)
    symptoms->certificate_left
        = (double)notes->certificate_until_s - (double)facts->wall_us / G_USEC_PER_SEC;
}

/**
 * us_symptoms_read:
 * @symptoms: (out)
 */
void
us_symptoms_read (const UsSymptomFacts *facts, UsSymptoms *symptoms) {
  us_symptoms_init (symptoms);
  read_states (facts, symptoms);
  read_checks (facts, symptoms);
  read_fetches (facts, symptoms);
  read_rungs (facts, symptoms);
  read_missing (facts, symptoms);
  read_caches (facts, symptoms);
  read_times (facts, symptoms);
  symptoms->has_succeeded = facts->notes->has_succeeded;
  symptoms->has_token = has_token (facts->url);
  symptoms->is_one_address = is_one_address (facts);
  symptoms->is_other_url_well = is_other_url_well (facts);
  symptoms->is_in_maintenance = facts->is_in_maintenance;
}
