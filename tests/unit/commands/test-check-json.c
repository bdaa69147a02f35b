/* test-check-json.c - the members that docs/check.md promises, and their kinds */
#include "report-case.h"

#include <json-glib/json-glib.h>

static JsonObject *
parse (const char *text, JsonNode **root) {
  g_autoptr (GError) error = NULL;
  *root = json_from_string (text, &error);
  g_assert_no_error (error);
  return json_node_get_object (*root);
}

static void
assert_members (JsonObject *object, const char *names) {
  g_auto (GStrv) expected = g_strsplit (names, " ", -1);
  for (guint i = 0; expected[i] != NULL; i++)
    if (!json_object_has_member (object, expected[i]))
      g_error ("lacks %s", expected[i]);
  g_assert_cmpuint (json_object_get_size (object), ==, g_strv_length (expected));
}

static void
test_members (void) {
  g_autoptr (UsReport) report = report_case_new (US_REPORT_RECORDING);
  UsReportRendition *its = report_case_rendition (report, 0, US_RENDITION_VIDEO, "0");
  its->declared.frame_rate_mhz = 25000;
  UsReportFinding *finding = report_case_finding (
      report, US_CHECK_SEGMENT_MISSING, US_SEVERITY_UNHEALTHY, 0, "0", "segment 7 is \"missing\"");
  finding->value = 3;
  report_case_finding (report, US_CHECK_GROUP_CLASH, US_SEVERITY_INFO, US_FINDING_WHOLE, NULL, "x");
  us_report_judge (report, TRUE);
  g_autofree char *text = us_report_to_json (report, US_SEVERITY_DEGRADED);
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = parse (text, &root);
  assert_members (object, "schema url begun watched is_interrupted kind verdict why fail_on "
                          "exit_code counts findings renditions connections");
  g_assert_cmpint (json_object_get_int_member (object, "schema"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (object, "exit_code"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (object, "verdict"), ==, "UNHEALTHY");
  g_assert_cmpstr (json_object_get_string_member (object, "kind"), ==, "recording");
  g_assert_cmpstr (json_object_get_string_member (object, "begun"), ==, "2023-11-14T22:13:20Z");
  g_assert_true (json_object_get_null_member (object, "why"));

  JsonArray *findings = json_object_get_array_member (object, "findings");
  g_assert_cmpuint (json_array_get_length (findings), ==, 2);
  JsonObject *whole = json_array_get_object_element (findings, 0);
  JsonObject *one = json_array_get_object_element (findings, 1);
  assert_members (one, "check title group severity rendition text value limit count first last "
                       "is_open");
  g_assert_true (json_object_get_null_member (whole, "rendition"));
  g_assert_cmpstr (json_object_get_string_member (one, "check"), ==, "segment_missing");
  g_assert_cmpstr (json_object_get_string_member (one, "rendition"), ==, "0");
  g_assert_cmpstr (json_object_get_string_member (one, "text"), ==, "segment 7 is \"missing\"");
  g_assert_cmpfloat (json_object_get_double_member (one, "value"), ==, 3);
  g_assert_true (json_object_get_null_member (one, "limit"));

  JsonArray *renditions = json_object_get_array_member (object, "renditions");
  JsonObject *rendition = json_array_get_object_element (renditions, 0);
  assert_members (rendition, "label kind url name language has_playlist is_ended target_duration "
                             "listed_segments declared measured playlists segments");
  g_assert_cmpstr (json_object_get_string_member (rendition, "url"), ==,
                   "http://example.com/r.m3u8");
  JsonObject *declared = json_object_get_object_member (rendition, "declared");
  assert_members (declared, "peak_bps average_bps width height frame_rate codecs");
  g_assert_cmpfloat (json_object_get_double_member (declared, "frame_rate"), ==, 25);
  g_assert_true (json_object_get_null_member (declared, "peak_bps"));
  assert_members (json_object_get_object_member (rendition, "segments"),
                  "count failed bytes media first_byte download speed");
  assert_members (json_object_get_object_member (rendition, "playlists"),
                  "count failed first_byte");
  assert_members (json_object_get_object_member (object, "connections"), "dns connect tls");
  assert_members (json_object_get_object_member (object, "counts"), "unhealthy degraded info");
}

static void
test_nothing (void) {
  g_autoptr (UsReport) report = report_case_new (US_REPORT_UNKNOWN);
  us_report_judge (report, FALSE);
  g_autofree char *text = us_report_to_json (report, US_SEVERITY_UNHEALTHY);
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = parse (text, &root);
  g_assert_cmpstr (json_object_get_string_member (object, "verdict"), ==, "NO DATA");
  g_assert_cmpstr (json_object_get_string_member (object, "kind"), ==, "unknown");
  g_assert_cmpint (json_object_get_int_member (object, "exit_code"), ==, 2);
  g_assert_nonnull (json_object_get_string_member (object, "why"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/check-json/members", test_members);
  g_test_add_func ("/commands/check-json/nothing", test_nothing);
  return g_test_run ();
}
