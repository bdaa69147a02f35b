/* test-symptoms.c - what is known of a stream, put together */
#include "monitor/fetched.h"
#include "monitor/symptoms.h"

#include <math.h>

#define S ((gint64)G_USEC_PER_SEC)
#define NOW (1000 * S)
#define N 3

typedef struct {
  UsRenditionInfo infos[N];
  UsRenditionFacts renditions[N];
  UsFetchWindow playlists[N], segments[N];
  UsFetched last[N];
  UsFindings *findings;
  UsSymptomNotes notes;
  UsSymptomFacts facts;
} World;

static void
set_up (World *world, gconstpointer data) {
  world->findings = us_findings_new ();
  for (int i = 0; i < N; i++) {
    world->infos[i] = (UsRenditionInfo){ .index = i, .bandwidth_bps = 1000000 * ((guint)i + 1) };
    us_fetch_window_init (&world->playlists[i]);
    us_fetch_window_init (&world->segments[i]);
    us_fetched_init (&world->last[i]);
    world->renditions[i] = (UsRenditionFacts){ .now_us = NOW,
                                               .info = &world->infos[i],
                                               .good_us = NOW,
                                               .advanced_us = NOW - S,
                                               .last = &world->last[i],
                                               .target_duration_s = 2,
                                               .playlists = &world->playlists[i],
                                               .segments = &world->segments[i] };
  }
  world->facts = (UsSymptomFacts){ .now_us = NOW,
                                   .wall_us = 5000 * S,
                                   .added_us = NOW - 60 * S,
                                   .url = "https://example.com/a.m3u8",
                                   .renditions = world->renditions,
                                   .n_renditions = N,
                                   .findings = world->findings,
                                   .notes = &world->notes,
                                   .base_connect = 0.02,
                                   .base_ttfb = 0.05,
                                   .base_ratio = 10 };
}

static void
tear_down (World *world, gconstpointer data) {
  us_findings_free (world->findings);
  for (int i = 0; i < N; i++) {
    us_fetch_window_clear (&world->playlists[i]);
    us_fetch_window_clear (&world->segments[i]);
    us_fetched_clear (&world->last[i]);
  }
}

static void
find (World *world, UsCheck check, int rendition) {
  UsHit hit = { .check = check, .severity = US_SEVERITY_DEGRADED, .text = (char *)"it is so" };
  us_findings_hit (world->findings, rendition, &hit, NOW - 5 * S, 1, NULL, NULL);
}

static void
add_segment_at (World *world, int rendition, gint64 at_us, double total_s, UsOutcome outcome,
                UsCacheVerdict cache) {
  UsFetchSample sample = { .at_us = at_us,
                           .outcome = outcome,
                           .connect_s = NAN,
                           .first_byte_s = total_s / 4,
                           .body_s = total_s * 3 / 4,
                           .total_s = total_s,
                           .media_s = 2,
                           .cache = cache };
  us_fetch_window_add (&world->segments[rendition], &sample);
}

static void
add_segment (World *world, int rendition, double total_s, UsOutcome outcome, UsCacheVerdict cache) {
  add_segment_at (world, rendition, NOW - S, total_s, outcome, cache);
}

static UsSymptoms
get (World *world) {
  UsSymptoms symptoms;
  us_symptoms_read (&world->facts, &symptoms);
  return symptoms;
}

static void
test_nothing (World *world, gconstpointer data) {
  UsSymptoms symptoms = get (world);
  g_assert_cmpuint (symptoms.n_renditions, ==, N);
  g_assert_cmpuint (symptoms.n_video, ==, N);
  g_assert_cmpuint (symptoms.n_stopped + symptoms.n_unreachable + symptoms.n_segments_failing, ==,
                    0);
  g_assert_false (symptoms.is_stopped_together || symptoms.is_top_only || symptoms.has_cache
                  || symptoms.is_one_address || symptoms.has_token || symptoms.is_pts_continuous);
  g_assert_true (isnan (symptoms.ttfb_p50) && isnan (symptoms.age_max)
                 && isnan (symptoms.certificate_left));
  g_assert_cmpfloat (symptoms.target_duration, ==, 2);
  g_assert_cmpfloat (symptoms.watched, ==, 60);
  g_assert_cmpfloat (symptoms.base_ratio, ==, 10);
  for (UsCheck check = 0; check < US_N_CHECKS; check++) {
    g_assert_false (symptoms.is_open[check]);
    g_assert_true (isnan (symptoms.first_age[check]));
  }
  /* A multivariant playlist that never came. */
  world->facts.n_renditions = 0;
  world->facts.root_failed = 4;
  symptoms = get (world);
  g_assert_cmpuint (symptoms.n_unreachable, ==, 1);
  g_assert_cmpuint (symptoms.n_failed_in_a_row, ==, 4);
}

static void
test_stopped (World *world, gconstpointer data) {
  for (int i = 0; i < N; i++) {
    find (world, US_CHECK_STALE, i);
    world->renditions[i].advanced_us = NOW - 20 * S - i * S / 2;
  }
  UsSymptoms symptoms = get (world);
  g_assert_cmpuint (symptoms.n_stopped, ==, N);
  g_assert_true (symptoms.is_stopped_together);
  g_assert_true (symptoms.is_open[US_CHECK_STALE]);
  g_assert_cmpfloat (symptoms.first_age[US_CHECK_STALE], ==, 5);
  world->renditions[2].advanced_us = NOW - 20 * S - 5 * S / 2;
  g_assert_false (get (world).is_stopped_together);
  world->renditions[2].poll_us = S; /* perhaps it went on until the poll after that */
  g_assert_true (get (world).is_stopped_together);
  world->renditions[2].advanced_us = NOW - 30 * S;
  g_assert_false (get (world).is_stopped_together);
  world->renditions[2].n_failed = 1; /* unreachable, not stopped */
  symptoms = get (world);
  g_assert_cmpuint (symptoms.n_stopped, ==, 2);
  g_assert_cmpuint (symptoms.n_unreachable, ==, 1);
  g_assert_false (symptoms.is_stopped_together);
  g_assert_false (symptoms.is_old_from_cache);
  world->last[0].cache_age_s = 60;
  g_assert_true (get (world).is_old_from_cache);
}

static void
test_rungs (World *world, gconstpointer data) {
  for (guint i = 0; i < 5; i++) {
    add_segment (world, 0, 0.2, US_OUTCOME_OK, US_CACHE_HIT);
    add_segment (world, 1, 1, US_OUTCOME_OK, US_CACHE_UNKNOWN);
    add_segment (world, 2, 4, US_OUTCOME_OK, US_CACHE_MISS);
  }
  add_segment (world, 2, 4, US_OUTCOME_MISSING, US_CACHE_UNKNOWN);
  find (world, US_CHECK_THROUGHPUT, 2);
  UsSymptoms symptoms = get (world);
  g_assert_true (symptoms.is_top_only);
  g_assert_cmpfloat_with_epsilon (symptoms.small_rung_ratio, 10, 1e-6);
  g_assert_cmpfloat_with_epsilon (symptoms.top_rung_ratio, 0.5, 1e-6);
  g_assert_cmpfloat_with_epsilon (symptoms.ratio_p50, 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (symptoms.ttfb_p50, 0.25, 1e-6);
  g_assert_cmpfloat_with_epsilon (symptoms.ttfb_p95, 1, 1e-6);
  g_assert_true (isnan (symptoms.hit_ttfb_p50)); /* nothing is late: nobody asks why */
  g_assert_true (isnan (symptoms.miss_ttfb_p50));
  g_assert_cmpuint (symptoms.segments[US_OUTCOME_OK], ==, 15);
  g_assert_cmpuint (symptoms.segments[US_OUTCOME_MISSING], ==, 1);
  find (world, US_CHECK_THROUGHPUT, 0);
  g_assert_false (get (world).is_top_only);
}

/* Whose first byte is late is told by what came since it is late, and by enough of it. The numbers
 * are those of a slow edge that was called a slow origin with HIGH confidence: in the two minutes
 * up to then fast hits of before were still in the majority. */
static void
test_late (World *world, gconstpointer data) {
  gint64 found_us = NOW - 5 * S; /* as find() has it */
  for (guint i = 0; i < 20; i++) {
    add_segment_at (world, (int)i % N, NOW - 30 * S, 0.08, US_OUTCOME_OK, US_CACHE_HIT);
    if (i < 4)
      add_segment_at (world, (int)i % N, NOW - 30 * S, 0.09, US_OUTCOME_OK, US_CACHE_MISS);
  }
  for (guint i = 0; i < 5; i++)
    add_segment_at (world, (int)i % N, found_us - S, 6.8, US_OUTCOME_OK, US_CACHE_MISS);
  find (world, US_CHECK_TTFB, 1);
  UsSymptoms symptoms = get (world);
  g_assert_true (isnan (symptoms.hit_ttfb_p50) && isnan (symptoms.miss_ttfb_p50));
  g_assert_cmpfloat (symptoms.ttfb_p95, >, 1);
  for (guint i = 0; i < 3; i++) {
    add_segment (world, (int)i, 6.4, US_OUTCOME_OK, US_CACHE_HIT);
    add_segment (world, (int)i, 6.8, US_OUTCOME_OK, US_CACHE_MISS);
  }
  add_segment (world, 0, 0.01, US_OUTCOME_5XX, US_CACHE_HIT); /* a failure is no answer */
  symptoms = get (world);
  g_assert_true (isnan (symptoms.hit_ttfb_p50) && isnan (symptoms.miss_ttfb_p50));
  add_segment (world, 0, 6.4, US_OUTCOME_OK, US_CACHE_HIT);
  add_segment (world, 0, 6.8, US_OUTCOME_OK, US_CACHE_MISS);
  symptoms = get (world);
  g_assert_cmpfloat_with_epsilon (symptoms.hit_ttfb_p50, 1.6, 1e-6);
  g_assert_cmpfloat_with_epsilon (symptoms.miss_ttfb_p50, 1.7, 1e-6);
}

/* A ladder that is listed twice, at two hosts: what fails at the one and not at the other. */
static void
test_copies (World *world, gconstpointer data) {
  static const char *const urls[N]
      = { "https://a.example/1.m3u8", "https://b.example/1.m3u8", "https://a.example/2.m3u8" };
  for (guint i = 0; i < N; i++)
    world->infos[i].url = (char *)urls[i];
  world->infos[1].bandwidth_bps = world->infos[0].bandwidth_bps;
  g_assert_false (get (world).is_other_url_well); /* nothing is ill */
  world->renditions[0].n_failed = 3;
  g_assert_true (get (world).is_other_url_well);
  find (world, US_CHECK_STALE, 1); /* the copy as well */
  g_assert_false (get (world).is_other_url_well);
  world->renditions[0].n_failed = 0;
  world->renditions[1].n_failed = 0;
  g_assert_true (get (world).is_other_url_well); /* the other way round */
  world->renditions[2].n_failed = 3;             /* that one has no copy */
  g_assert_false (get (world).is_other_url_well);
  world->renditions[2].n_failed = 0;
  world->infos[1].url = (char *)"https://a.example/copy/1.m3u8"; /* of the same host */
  g_assert_false (get (world).is_other_url_well);
  world->infos[1].url = (char *)"https://a.example:8443/1.m3u8";
  g_assert_true (get (world).is_other_url_well);
  world->infos[1].width = 640;
  g_assert_false (get (world).is_other_url_well);
  world->infos[1].width = 0;
  world->infos[1].url = (char *)"%%%";
  g_assert_false (get (world).is_other_url_well);
}

static void
test_notes (World *world, gconstpointer data) {
  UsSymptomNotes *notes = &world->notes;
  for (gint64 at_s = 800; at_s <= 1000; at_s += 10)
    us_symptom_notes_hit (notes, US_CHECK_SEGMENT_LATE, at_s * S);
  us_symptom_notes_missing (notes, 0, 9, NOW - 10 * S);
  UsSymptoms symptoms = get (world);
  g_assert_cmpuint (symptoms.n_hits[US_CHECK_SEGMENT_LATE], >=, 11);
  g_assert_cmpuint (symptoms.n_hits[US_CHECK_SEGMENT_LATE], <=, 13);
  g_assert_true (symptoms.is_open[US_CHECK_SEGMENT_LATE]);
  g_assert_true (symptoms.is_oldest_only);
  us_symptom_notes_missing (notes, 9, 0, NOW - 200 * S); /* long ago */
  g_assert_true (get (world).is_oldest_only);
  us_symptom_notes_missing (notes, 9, 0, NOW);
  g_assert_false (get (world).is_oldest_only || get (world).is_newest_only);
  /* All of it is history at last. */
  world->facts.now_us = NOW + 121 * S;
  symptoms = get (world);
  g_assert_cmpuint (symptoms.n_hits[US_CHECK_SEGMENT_LATE], ==, 0);
  g_assert_false (symptoms.is_open[US_CHECK_SEGMENT_LATE]);
}

static void
fetched (World *world, const char *address, UsOutcome outcome, gint64 age_s, guint forwarded) {
  UsFetched its;
  us_fetched_init (&its);
  its.address = g_strdup (address);
  its.outcome = outcome;
  its.cache_age_s = age_s;
  its.has_cache = age_s >= 0;
  its.forwarded_status = forwarded;
  its.certificate_until_s = 5500;
  us_symptom_notes_fetched (&world->notes, &its, NOW - S);
  us_fetched_clear (&its);
}

static void
test_addresses (World *world, gconstpointer data) {
  fetched (world, "192.0.2.1", US_OUTCOME_OK, -1, 0);
  fetched (world, "192.0.2.2", US_OUTCOME_5XX, -1, 0);
  g_assert_false (get (world).is_one_address); /* once is no pattern */
  fetched (world, "192.0.2.2", US_OUTCOME_5XX, -1, 0);
  g_assert_true (get (world).is_one_address);
  fetched (world, "192.0.2.3", US_OUTCOME_TIMEOUT, -1, 0);
  fetched (world, "192.0.2.3", US_OUTCOME_TIMEOUT, -1, 0);
  g_assert_false (get (world).is_one_address); /* two of three */
  fetched (world, "192.0.2.2", US_OUTCOME_OK, -1, 0);
  g_assert_true (get (world).is_one_address);
  for (guint i = 0; i < 100; i++) { /* as many as a resolver likes */
    g_autofree char *address = g_strdup_printf ("198.51.100.%u", i);
    fetched (world, address, US_OUTCOME_OK, -1, 0);
  }
  get (world);
}

static void
test_caches (World *world, gconstpointer data) {
  fetched (world, NULL, US_OUTCOME_OK, 7, 0);
  fetched (world, NULL, US_OUTCOME_OK, 3, 0);
  fetched (world, NULL, US_OUTCOME_MISSING, 2, 404);
  UsSymptoms symptoms = get (world);
  g_assert_true (symptoms.has_cache && symptoms.is_missing_cached && symptoms.is_origin_status);
  g_assert_cmpfloat (symptoms.age_max, ==, 7);
  g_assert_cmpfloat (symptoms.certificate_left, ==, 500);
  g_assert_true (symptoms.has_succeeded);
}

static void
test_times (World *world, gconstpointer data) {
  world->notes.check_us[US_CHECK_DATE_JUMP] = NOW - 10 * S;
  g_assert_false (get (world).is_pts_continuous);
  world->notes.continuous_us = NOW - 8 * S;
  g_assert_true (get (world).is_pts_continuous);
  world->notes.pts_broken_us = NOW - 9 * S;
  g_assert_false (get (world).is_pts_continuous);
  world->notes.gap_before_us = NOW - 3 * S;
  g_assert_true (get (world).is_gap_before);
}

static void
test_token (World *world, gconstpointer data) {
  static const struct {
    const char *url;
    gboolean expected;
  } rows[] = {
    { "https://a/b.m3u8", FALSE },
    { "https://a/b.m3u8?quality=high", FALSE },
    { "https://a/b.m3u8?hdnts=exp=1~hmac=2", TRUE },
    { "https://a/b.m3u8?Expires=1&Signature=2", TRUE },
    { "https://a/token=abc/b.m3u8", TRUE },
    { "https://a/b.m3u8?JWT=x", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    world->facts.url = rows[i].url;
    g_assert_cmpint (get (world).has_token, ==, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/monitor/symptoms/" name, World, NULL, set_up, function, tear_down)
  ADD ("nothing", test_nothing);
  ADD ("stopped", test_stopped);
  ADD ("rungs", test_rungs);
  ADD ("late", test_late);
  ADD ("copies", test_copies);
  ADD ("notes", test_notes);
  ADD ("addresses", test_addresses);
  ADD ("caches", test_caches);
  ADD ("times", test_times);
  ADD ("token", test_token);
#undef ADD
  return g_test_run ();
}
