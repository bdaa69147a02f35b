/* test-text.c - what is left of texts that would play tricks */
#include "base/text.h"

static void
test_clean (void) {
  static const struct {
    const char *text, *clean;
    guint max;
  } table[] = {
    { NULL, "", 10 },
    { "plain", "plain", 10 },
    { "zwölf Uhr", "zwölf Uhr", 10 },
    { "zwölf", "zwö", 3 },
    { "a\tb\r\nc\x7f", "a?b??c?", 10 },
    { "\u202egnp.exe", "?gnp.exe", 20 }, /* writes backwards */
    { "\302\23331m", "?31m", 20 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *clean = us_text_clean (table[i].text, table[i].max);
    g_assert_cmpstr (clean, ==, table[i].clean);
  }
  g_autofree char *broken = us_text_clean ("a\xff", 10);
  g_assert_true (g_utf8_validate (broken, -1, NULL));
}

static void
test_plural (void) {
  const struct {
    guint64 n;
    const char *text;
  } table[] = { { 0, "0 hosts answer" },
                { 1, "1 host answers" },
                { 2, "2 hosts answer" },
                { G_MAXUINT64, "18446744073709551615 hosts answer" } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    guint64 n = table[i].n;
    g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT " host%s answer%s", n,
                                             us_text_s (n), us_text_verb_s (n));
    g_assert_cmpstr (text, ==, table[i].text);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/text/clean", test_clean);
  g_test_add_func ("/base/text/plural", test_plural);
  return g_test_run ();
}
