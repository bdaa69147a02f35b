/* test-detect-ladder.c - renditions that contradict each other, and those that merely differ */
#include "detect-case.h"

#define NOW (100000 * S)
#define WALL (DAWN_MS * MS + 300 * S)
#define MOST 4

/* Ladder: renditions of 2 s segments whose newest has just appeared. */
typedef struct {
  UsRenditionFacts facts[MOST];
  UsRenditionInfo info[MOST];
  UsPlaylist *playlists[MOST];
  guint n;
} Ladder;

static const char *const labels[MOST] = { "0-1280x720", "1-640x360", "2-320x180", "a0-en" };

/* @first: numbers differ from rendition to rendition, as they may; @late_s: its last segment */
static void
ladder_add (Ladder *ladder, guint64 first, double late_s, gboolean has_dates) {
  guint i = ladder->n++;
  UsPlaylist *playlist = make_playlist (first, 6, 2000, 2, -1);
  for (guint n = 0; has_dates && n < 6; n++)
    segment_at (playlist, n)->wall_ms = WALL / MS - 5000 - (gint64)(late_s * 1000) - (6 - n) * 2000;
  ladder->playlists[i] = playlist;
  ladder->info[i] = (UsRenditionInfo){ .index = i, .label = (char *)labels[i] };
  ladder->facts[i] = (UsRenditionFacts){ .now_us = NOW,
                                         .wall_us = WALL,
                                         .info = &ladder->info[i],
                                         .begun_us = 1,
                                         .first_good_us = 1,
                                         .good_us = NOW,
                                         .advanced_us = NOW,
                                         .poll_us = 1 * S,
                                         .playlist = playlist,
                                         .target_duration_s = 2 };
}

static void
ladder_clear (Ladder *ladder) {
  for (guint i = 0; i < ladder->n; i++)
    us_playlist_free (ladder->playlists[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ladder, ladder_clear)

static void
run (const Ladder *ladder, const UsPlaylist *multivariant, const char *expected) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_ladder (ladder->facts, ladder->n, multivariant, hits);
  assert_hits (hits, expected);
}

static void
test_healthy (void) {
  for (guint has_dates = 0; has_dates < 2; has_dates++) {
    g_auto (Ladder) ladder = { .n = 0 };
    run (&ladder, NULL, "");
    ladder_add (&ladder, 100, 0, has_dates);
    run (&ladder, NULL, "");
    /* numbers of different renditions have nothing to do with each other */
    ladder_add (&ladder, 7, 0.4, has_dates);
    ladder_add (&ladder, 900000, 1.9, has_dates);
    ladder_add (&ladder, G_MAXUINT64 - 20000, -0.9, has_dates);
    run (&ladder, NULL, "");
  }
}

static void
test_missing (void) {
  g_auto (Ladder) ladder = { .n = 0 };
  for (guint i = 0; i < 3; i++)
    ladder_add (&ladder, 100, 0, TRUE);
  UsFetched missing = { .outcome = US_OUTCOME_MISSING, .status = 404 };
  ladder.facts[1].last = &missing;
  ladder.facts[1].n_failed = 1;
  run (&ladder, NULL, "");
  ladder.facts[1].n_failed = 2;
  run (&ladder, NULL, "rendition_missing:degraded");
  missing.outcome = US_OUTCOME_TIMEOUT; /* hangs: that is another thing */
  run (&ladder, NULL, "");
  missing.outcome = US_OUTCOME_MISSING;
  for (guint i = 0; i < 3; i++) { /* all gone: nothing is left to differ from */
    ladder.facts[i].last = &missing;
    ladder.facts[i].n_failed = 5;
  }
  run (&ladder, NULL, "");
}

static void
test_target_durations (void) {
  g_auto (Ladder) ladder = { .n = 0 };
  for (guint i = 0; i < 3; i++)
    ladder_add (&ladder, 100, 0, TRUE);
  ladder.facts[1].target_duration_s = 3;
  run (&ladder, NULL, "ladder_mismatch:info");
  ladder.facts[1].target_duration_s = 4;
  run (&ladder, NULL, "ladder_mismatch:degraded");
  ladder.info[1].kind = US_RENDITION_SUBTITLES;
  run (&ladder, NULL, "");
  ladder.info[1].kind = US_RENDITION_AUDIO;
  ladder.facts[1].n_failed = 1; /* an old playlist of it is no evidence */
  run (&ladder, NULL, "");
}

static void
test_ended (void) {
  g_auto (Ladder) ladder = { .n = 0 };
  ladder_add (&ladder, 100, 0, TRUE);
  ladder_add (&ladder, 100, 0, TRUE);
  ladder.playlists[1]->is_ended = TRUE;
  run (&ladder, NULL, "ladder_mismatch:degraded");
  ladder.playlists[0]->is_ended = TRUE;
  run (&ladder, NULL, "");
}

static void
test_apart (void) {
  static const struct {
    double late_s;
    const char *expected;
  } rows[] = {
    { 0, "" },
    { 4.9, "" },
    { -4.9, "" },
    { 5.1, "renditions_apart:degraded" },
    { -5.1, "renditions_apart:degraded" },
    { 3600, "renditions_apart:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Ladder) ladder = { .n = 0 };
    ladder_add (&ladder, 100, 0, TRUE);
    ladder_add (&ladder, 100, rows[i].late_s, TRUE);
    run (&ladder, NULL, rows[i].expected);
    /* looked at a moment ago: that is when it counts */
    for (guint n = 0; n < 6; n++)
      segment_at (ladder.playlists[0], n)->wall_ms -= 2000;
    ladder.facts[0].advanced_us -= 2 * S;
    run (&ladder, NULL, rows[i].expected);
    /* one that has stopped is stale, not apart */
    ladder.facts[1].advanced_us = NOW - 60 * S;
    run (&ladder, NULL, "");
  }
}

/* Without dates: the time stamps of the newest segments, and when they appeared. */
static void
test_apart_by_stamps (void) {
  static const struct {
    double stamp_s, late_s; /* of the second: its edge, and how much later it appeared */
    UsContainer container;
    guint64 discontinuity;
    const char *expected;
  } rows[] = {
    { 0, 0, US_CONTAINER_TS, 0, "" },
    { -4, 0, US_CONTAINER_TS, 0, "" },
    { -6, 0, US_CONTAINER_TS, 0, "renditions_apart:degraded" },
    { 6, 0, US_CONTAINER_TS, 0, "renditions_apart:degraded" },
    { -2, -2, US_CONTAINER_TS, 0, "" }, /* looked at two seconds earlier */
    { -40, 0, US_CONTAINER_TS, 0, "renditions_apart:degraded" },
    { -70, 0, US_CONTAINER_TS, 0, "" }, /* that is another clock */
    { -9000, 0, US_CONTAINER_TS, 0, "" },
    { -6, 0, US_CONTAINER_FMP4, 0, "" }, /* other boxes, other times */
    { -6, 0, US_CONTAINER_TS, 3, "" },   /* not on the same side of a break */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Ladder) ladder = { .n = 0 };
    UsProbe probes[2] = { { .container = US_CONTAINER_TS }, { .container = rows[i].container } };
    UsInspection media[2] = { { .probe = &probes[0] }, { .probe = &probes[1] } };
    for (guint r = 0; r < 2; r++) {
      ladder_add (&ladder, 100 + 5000 * r, 0, FALSE);
      ladder.facts[r].media = &media[r];
      ladder.facts[r].edge_us = 3600 * S;
    }
    ladder.facts[1].edge_us += (gint64)(rows[i].stamp_s * S);
    ladder.facts[1].advanced_us += (gint64)(rows[i].late_s * S);
    UsPlaylistSegment *last = segment_at (ladder.playlists[1], 5);
    last->discontinuity = rows[i].discontinuity;
    run (&ladder, NULL, rows[i].expected);
    /* the wrap of a transport stream lies between the two */
    ladder.facts[0].edge_us = (gint64)((G_GUINT64_CONSTANT (1) << 33) * 100 / 9) - S;
    ladder.facts[1].edge_us = ladder.facts[0].edge_us + (gint64)(rows[i].stamp_s * S);
    if (rows[i].stamp_s > 1)
      ladder.facts[1].edge_us -= (gint64)((G_GUINT64_CONSTANT (1) << 33) * 100 / 9);
    run (&ladder, NULL, rows[i].expected);
    /* what is not known is no fault */
    ladder.facts[1].edge_us = G_MININT64;
    run (&ladder, NULL, "");
    ladder.facts[1].media = NULL;
    run (&ladder, NULL, "");
  }
}

/* Discontinuity @n begins with segment @index; those before are behind @n - 1. */
static void
cut (UsPlaylist *playlist, guint index, guint64 n) {
  for (guint i = 0; i < playlist->segments->len; i++)
    segment_at (playlist, i)->discontinuity = i < index ? n - 1 : n;
}

static void
test_discontinuities (void) {
  static const struct {
    gboolean has_dates;
    guint index[2]; /* where the discontinuity begins */
    guint64 number[2];
    double late_s; /* the second is cut elsewhere */
    const char *expected;
  } rows[] = {
    { TRUE, { 0, 0 }, { 5, 5 }, 0, "" },
    { TRUE, { 0, 0 }, { 5, 5 }, 0.7, "" },
    { TRUE, { 0, 0 }, { 5, 4 }, 0, "discontinuity_mismatch:degraded" },
    { TRUE, { 0, 0 }, { 5, 4 }, 1.3, "discontinuity_mismatch:degraded" },
    { TRUE, { 3, 3 }, { 5, 5 }, 0, "" },
    { TRUE, { 2, 3 }, { 5, 5 }, 2, "" }, /* the same moment, one segment later in its list */
    { TRUE, { 4, 5 }, { 5, 5 }, 1.3, "" },
    { TRUE, { 0, 6 }, { 5, 5 }, 0, "discontinuity_mismatch:degraded" },
    { TRUE, { 5, 6 }, { 5, 5 }, 0, "" }, /* just come: at the edge nothing is certain */
    { FALSE, { 0, 0 }, { 5, 5 }, 0, "" },
    { FALSE, { 0, 0 }, { 5, 4 }, 0, "discontinuity_mismatch:degraded" },
    { FALSE, { 2, 0 }, { 5, 9 }, 0, "" }, /* without dates nobody knows which belongs to which */
    { FALSE, { 0, 0 }, { 1, G_MAXUINT64 }, 0, "discontinuity_mismatch:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Ladder) ladder = { .n = 0 };
    for (guint r = 0; r < 2; r++) {
      ladder_add (&ladder, 100 + r, r * rows[i].late_s, rows[i].has_dates);
      cut (ladder.playlists[r], rows[i].index[r], rows[i].number[r]);
    }
    run (&ladder, NULL, rows[i].expected);
    ladder.facts[1].n_failed = 1;
    run (&ladder, NULL, "");
  }
}

static void
test_groups (void) {
#define AUDIO(group, name, more)                                                                   \
  "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" group "\",NAME=\"" name "\"" more ",URI=\"" name ".m3u8\"" \
  "\n"
#define VARIANT(more) "#EXT-X-STREAM-INF:BANDWIDTH=1000000" more "\nv.m3u8\n"
  static const struct {
    const char *text, *expected;
  } rows[] = {
    { VARIANT (""), "" },
    { AUDIO ("a", "en", ",DEFAULT=YES") AUDIO ("a", "de", "") VARIANT (",AUDIO=\"a\""), "" },
    { AUDIO ("a", "en", ",DEFAULT=YES") AUDIO ("b", "en", ",DEFAULT=YES") VARIANT (",AUDIO=\"a\"")
          VARIANT (",AUDIO=\"b\""),
      "" },
    /* as ffmpeg writes it */
    { AUDIO ("a", "en", ",DEFAULT=YES") AUDIO ("a", "de", ",DEFAULT=YES") VARIANT (",AUDIO=\"a\""),
      "group_clash:info" },
    { AUDIO ("a", "en", "") AUDIO ("a", "en", "") VARIANT (",AUDIO=\"a\""),
      "group_clash:degraded" },
    { AUDIO ("a", "en", "") VARIANT (",AUDIO=\"b\""), "group_clash:degraded" },
    { AUDIO ("a", "en", "") VARIANT (",SUBTITLES=\"a\""), "group_clash:degraded" },
    { VARIANT (",VIDEO=\"v\"") VARIANT (",AUDIO=\"a\""), "group_clash:degraded" },
  };
  g_auto (Ladder) ladder = { .n = 0 };
  ladder_add (&ladder, 100, 0, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autofree char *text = g_strconcat ("#EXTM3U\n", rows[i].text, NULL);
    g_autoptr (UsPlaylist) multivariant = parse_playlist (text);
    run (&ladder, multivariant, rows[i].expected);
  }
}

static void
test_many (void) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n");
  for (guint i = 0; i < 1000; i++) {
    g_string_append_printf (text, AUDIO ("g%u", "n%u", ",DEFAULT=YES"), i % 7, i, i);
    g_string_append (text, VARIANT (",AUDIO=\"g1\""));
  }
  g_autoptr (UsPlaylist) multivariant = parse_playlist (text->str);
  g_auto (Ladder) ladder = { .n = 0 };
  ladder_add (&ladder, 100, 0, TRUE);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_ladder (ladder.facts, ladder.n, multivariant, hits));
  g_assert_true (is_clean (hits)); /* more than are watched, several defaults: worth a word */

  /* many renditions with long windows, cut at odds with each other */
  UsRenditionFacts facts[US_MAX_RENDITIONS];
  g_autoptr (UsPlaylist) playlist = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  for (guint i = 0; i < US_MAX_RENDITIONS; i++) {
    facts[i] = ladder.facts[0];
    facts[i].playlist = playlist;
  }
  assert_quick (20, us_detect_ladder (facts, US_MAX_RENDITIONS, NULL, hits));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-ladder/healthy", test_healthy);
  g_test_add_func ("/monitor/detect-ladder/missing", test_missing);
  g_test_add_func ("/monitor/detect-ladder/target-durations", test_target_durations);
  g_test_add_func ("/monitor/detect-ladder/ended", test_ended);
  g_test_add_func ("/monitor/detect-ladder/apart", test_apart);
  g_test_add_func ("/monitor/detect-ladder/apart-by-stamps", test_apart_by_stamps);
  g_test_add_func ("/monitor/detect-ladder/discontinuities", test_discontinuities);
  g_test_add_func ("/monitor/detect-ladder/groups", test_groups);
  g_test_add_func ("/monitor/detect-ladder/many", test_many);
  return g_test_run ();
}
