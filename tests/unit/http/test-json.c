/* test-json.c - numbers as people would write them, and still the same ones */
#include "http/json.h"

#include <math.h>
#include <string.h>

static void
test_numbers (void) {
  static const struct {
    double value;
    const char *text;
  } rows[] = {
    { 0.00021, "0.00021" },
    { 0.1 + 0.2, "0.30000000000000004" }, /* is another one */
    { 4.1, "4.1" },
    { -12.345, "-12.345" },
    { 0.6667, "0.6667" },
    { 2, "2.0" },
    { 0, "0.0" },
    { 1e21, "1e+21" }, /* no 1e+21.0 */
    { 1e-9, "1e-09" },
    { 3.14e-9, "3.14e-09" },
    { 123456789012345680.0, "1.2345678901234568e+17" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (), rows[i].value);
    g_autofree char *text = us_json_to_text (node, FALSE);
    g_assert_cmpstr (text, ==, rows[i].text);
  }
}

static void
test_same (void) {
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  for (guint i = 0; i < 20000; i++) {
    guint64 bits = (guint64)g_rand_int (rand) << 32 | g_rand_int (rand);
    double value;
    memcpy (&value, &bits, sizeof value);
    if (!isfinite (value))
      continue;
    g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (), value);
    g_autofree char *text = us_json_to_text (node, FALSE);
    double read = g_ascii_strtod (text, NULL);
    g_assert_cmpmem (&read, sizeof read, &value, sizeof value);
  }
}

/* What is no number stays as it is, also when it looks like one. */
static void
test_others (void) {
  static const char *const texts[] = {
    "{\"a\":\"0.00021000000000000001\",\"b\":[true,null,-1]}",
    "{\"0.00021000000000000001\":9223372036854775807}",
    "{\"a\\\"0.00021000000000000001\":\"\\\\\",\"b\":-9223372036854775808}",
    "[]",
    "\"\"",
    "[0.5,\"1.10000000000000001\"]",
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (JsonNode) node = json_from_string (texts[i], NULL);
    g_autofree char *text = us_json_to_text (node, FALSE);
    g_assert_cmpstr (text, ==, texts[i]);
  }
  g_autoptr (JsonNode) node = json_from_string ("{\"a\":[0.1,{\"b\":1.1}]}", NULL);
  g_autofree char *pretty = us_json_to_text (node, TRUE);
  g_assert_nonnull (strstr (pretty, "    0.1,\n"));
  g_assert_nonnull (strstr (pretty, "\"b\" : 1.1\n"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/json/numbers", test_numbers);
  g_test_add_func ("/http/json/same", test_same);
  g_test_add_func ("/http/json/others", test_others);
  return g_test_run ();
}
