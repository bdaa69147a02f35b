/* test-badge.c - words and shapes beside the colours, and names of strangers */
#include "api/badge.h"

#include <string.h>

static void
test_states (void) {
  g_autoptr (GHashTable) shapes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (UsHealth i = 0; i < US_N_HEALTHS; i++) {
    g_autofree char *svg = us_badge_render ("Hall", i, us_health_word (i), US_BADGE_FLAT);
    const char *group = strstr (svg, "<g transform");
    const char *shape = strchr (strchr (group, '>') + 1, '<');

    g_assert_nonnull (strstr (svg, us_health_word (i)));
    g_assert_nonnull (strstr (svg, ">Hall</text>"));
    g_hash_table_add (shapes, g_strndup (shape, strcspn (shape, ">")));
  }
  g_assert_cmpuint (g_hash_table_size (shapes), ==, US_N_HEALTHS); /* never colour alone */
}

static void
test_styles (void) {
  g_autofree char *flat = us_badge_render ("a", US_HEALTH_HEALTHY, "HEALTHY", US_BADGE_FLAT);
  g_autofree char *square
      = us_badge_render ("a", US_HEALTH_HEALTHY, "HEALTHY", US_BADGE_FLAT_SQUARE);
  g_autofree char *plastic = us_badge_render ("a", US_HEALTH_HEALTHY, "HEALTHY", US_BADGE_PLASTIC);

  g_assert_nonnull (strstr (flat, "rx=\"3\""));
  g_assert_nonnull (strstr (square, "rx=\"0\""));
  g_assert_nonnull (strstr (plastic, "linearGradient"));
}

static void
test_strangers (void) {
  g_autofree char *svg = us_badge_render ("<script>&\"'", US_HEALTH_DEGRADED, "<b>", US_BADGE_FLAT);
  g_autofree char *text = g_strnfill (500, 'm');
  g_autofree char *brief = us_badge_render (text, US_HEALTH_DEGRADED, "x", US_BADGE_FLAT);
  g_autofree char *japanese
      = us_badge_render ("\346\224\276\351\200\201", US_HEALTH_HEALTHY, "x", US_BADGE_FLAT);

  g_assert_null (strstr (svg, "<script"));
  g_assert_null (strstr (svg, "<b>"));
  g_assert_cmpuint (strlen (brief), <, 2000);
  g_assert_nonnull (strstr (brief, "mm\342\200\246"));
  g_assert_true (g_utf8_validate (japanese, -1, NULL));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/badge/states", test_states);
  g_test_add_func ("/api/badge/styles", test_styles);
  g_test_add_func ("/api/badge/strangers", test_strangers);
  return g_test_run ();
}
