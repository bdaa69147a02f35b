/* detect-case.h - what the table tests of detectors share: playlists by numbers, hits as words */
#pragma once

#include "monitor/detect.h"

#include <math.h>
#include <string.h>

#define S G_TIME_SPAN_SECOND
#define MS G_TIME_SPAN_MILLISECOND
#define DAWN_MS G_GINT64_CONSTANT (1700000000000)

/* Every sentence is for people: short, valid, without a full stop. */
static inline void
assert_sentence (const char *text) {
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), >, 5);
  g_assert_cmpuint (strlen (text), <, 600);
  g_assert_false (g_str_has_suffix (text, "."));
  g_assert_null (strstr (text, "nan"));
  g_assert_null (strstr (text, "inf "));
  g_assert_false (g_regex_match_simple (
      "\\b1 (polls|segments|renditions|channels|places|tries|segment numbers)\\b", text, 0, 0));
}

/* "stale:degraded gap:info", in the order they were found */
static inline char *
words_of (const UsHits *hits) {
  g_autoptr (GString) words = g_string_new (NULL);
  for (guint i = 0; i < hits->len; i++) {
    const UsHit *hit = &g_array_index (hits, UsHit, i);
    assert_sentence (hit->text);
    g_string_append_printf (words, "%s%s:%s", i > 0 ? " " : "", us_check_info (hit->check)->word,
                            us_severity_word (hit->severity));
  }
  return g_strdup (words->str);
}

#define assert_hits(hits, expected)                                                                \
  G_STMT_START {                                                                                   \
    g_autofree char *words_ = words_of (hits);                                                     \
    g_assert_cmpstr (words_, ==, expected);                                                        \
  }                                                                                                \
  G_STMT_END

/* Whether anything in it touches the health of a stream. */
static inline gboolean
is_clean (const UsHits *hits) {
  for (guint i = 0; i < hits->len; i++)
    if (g_array_index (hits, UsHit, i).severity > US_SEVERITY_INFO)
      return FALSE;
  return TRUE;
}

/* @n segments of @duration_ms from number @first on, called "s<number>.ts"; dates as if number 0
 * had begun at @dawn_ms, or none when that is -1. */
static inline UsPlaylist *
make_playlist (guint64 first, guint n, gint64 duration_ms, guint target_s, gint64 dawn_ms) {
  UsPlaylist *playlist = us_playlist_new ();
  playlist->target_duration_s = target_s;
  playlist->media_sequence = first;
  for (guint i = 0; i < n; i++) {
    g_autofree char *uri = g_strdup_printf ("s%" G_GUINT64_FORMAT ".ts", first + i);
    UsPlaylistSegment *segment = us_playlist_add (playlist, uri, first + i, duration_ms * MS);
    if (dawn_ms >= 0)
      segment->wall_ms = dawn_ms + (gint64)((first + i) % 1000000) * duration_ms;
  }
  return playlist;
}

static inline UsPlaylistSegment *
segment_at (UsPlaylist *playlist, guint index) {
  return g_ptr_array_index (playlist->segments, index);
}

static inline UsPlaylist *
parse_playlist (const char *text) {
  g_autoptr (GError) error = NULL;
  UsPlaylist *playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return playlist;
}

/* Seconds it takes; for bounds of hostile input, not for speed. */
#define assert_quick(ms, what)                                                                     \
  G_STMT_START {                                                                                   \
    gint64 best_ = G_MAXINT64;                                                                     \
    for (guint try_ = 0; try_ < 5; try_++) {                                                       \
      gint64 begun_ = g_get_monotonic_time ();                                                     \
      what;                                                                                        \
      best_ = MIN (best_, g_get_monotonic_time () - begun_);                                       \
    }                                                                                              \
    g_assert_cmpint (best_, <, (ms)*MS);                                                           \
  }                                                                                                \
  G_STMT_END
