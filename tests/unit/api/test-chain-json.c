/* test-chain-json.c - what is told on of the switcher's answers: what is expected, and no more */
#include "api/chain-json.h"

#include "http/json.h"

/* As text; @text: (nullable): what the switcher says */
static char *
filtered (const char *text, const UsChainMember *members, gboolean shows_all) {
  g_autoptr (JsonNode) node = text != NULL ? json_from_string (text, NULL) : NULL;
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_chain_add_members (json, node != NULL ? json_node_get_object (node) : NULL, members,
                        shows_all);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return us_json_to_text (root, FALSE);
}

static void
test_members (void) {
  static const struct {
    const UsChainMember *members;
    const char *from, *to;
  } table[] = {
    { us_chain_status, NULL,
      "{\"time_ms\":null,\"active_drill\":null,\"streams\":[],\"commands\":[]}" },
    { us_chain_status, "{}",
      "{\"time_ms\":null,\"active_drill\":null,\"streams\":[],\"commands\":[]}" },
    { us_chain_status,
      "{\"version\":\"1\",\"time_ms\":7,\"active_drill\":\"d-1\",\"streams\":{},\"commands\":7}",
      "{\"time_ms\":7,\"active_drill\":\"d-1\",\"streams\":[],\"commands\":[]}" },
    { us_chain_status, "{\"time_ms\":\"7\",\"active_drill\":7,\"streams\":[7,null,[],\"x\"]}",
      "{\"time_ms\":null,\"active_drill\":null,\"streams\":[],\"commands\":[]}" },
    { us_chain_drills,
      "{\"drills\":[{\"name\":\"kill\",\"summary\":\"s\",\"secret\":1}],\"runs\":[{\"id\":\"i\","
      "\"name\":\"kill\",\"evidence\":\"/e\",\"started_ms\":1,\"ended_ms\":null,\"passed\":null}]}",
      "{\"drills\":[{\"name\":\"kill\",\"summary\":\"s\"}],\"runs\":[{\"id\":\"i\",\"name\":"
      "\"kill\",\"evidence\":\"/e\",\"started_ms\":1,\"ended_ms\":null,\"passed\":null,"
      "\"results\":[]}]}" },
    { us_chain_started, "{\"drill\":[1]}", "{\"drill\":null}" },
    { us_chain_started, "{\"drill\":{\"id\":\"i\",\"passed\":true}}",
      "{\"drill\":{\"id\":\"i\",\"name\":null,\"evidence\":null,\"started_ms\":null,\"ended_ms\":"
      "null,\"passed\":true,\"results\":[]}}" },
    { us_chain_ledger,
      "{\"stream\":\"s\",\"pair\":\"identical\",\"rendition\":null,\"renditions\":[\"v0\",1,{}],"
      "\"newest\":9,\"rows\":[{\"number\":9,\"duration_s\":2.002,\"is_gap\":\"no\"}]}",
      "{\"stream\":\"s\",\"pair\":\"identical\",\"rendition\":null,\"renditions\":[\"v0\"],"
      "\"newest\":9,\"rows\":[{\"number\":9,\"name\":null,\"origin\":null,\"at\":null,"
      "\"duration_s\":2.002,\"bytes\":null,\"hash\":null,\"comparison\":null,\"is_gap\":null,"
      "\"is_discontinuous\":null,\"was_hedged\":null,\"was_resumed\":null,\"took_ms\":null}]}" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *text = filtered (table[i].from, table[i].members, TRUE);
    g_assert_cmpstr (text, ==, table[i].to);
  }
}

/* Addresses may have secrets in them. */
static void
test_urls (void) {
  static const char from[] = "{\"streams\":[{\"origins\":{\"primary\":{\"url\":"
                             "\"http://a:b@h/hls/index.m3u8?key=s3cret\"}}}]}";
  g_autofree char *all = filtered (from, us_chain_streams, TRUE);
  g_autofree char *few = filtered (from, us_chain_streams, FALSE);
  g_assert_nonnull (g_strstr_len (all, -1, "s3cret"));
  g_assert_null (g_strstr_len (few, -1, "s3cret"));
  g_assert_nonnull (g_strstr_len (few, -1, "h/hls/index.m3u8"));
}

static void
test_many (void) {
  GString *text = g_string_new ("{\"streams\":[");
  for (guint i = 0; i < 3 * US_CHAIN_MAX_ITEMS; i++)
    g_string_append_printf (text, "%s{\"name\":\"s%u\"}", i > 0 ? "," : "", i);
  g_string_append (text, "]}");
  g_autofree char *whole = g_string_free (text, FALSE);
  g_autofree char *told = filtered (whole, us_chain_streams, TRUE);
  g_autoptr (JsonNode) node = json_from_string (told, NULL);
  JsonArray *streams = json_object_get_array_member (json_node_get_object (node), "streams");
  g_assert_cmpuint (json_array_get_length (streams), ==, US_CHAIN_MAX_ITEMS);
}

static void
test_origins (void) {
  static const struct {
    const char *status, *url; /* of the backup */
  } table[] = {
    { NULL, NULL },
    { "{}", NULL },
    { "{\"streams\":[]}", NULL },
    { "{\"streams\":[7,{\"is_default\":1}]}", NULL },
    { "{\"streams\":[{\"is_default\":false,\"origins\":{\"backup\":{\"url\":"
      "\"http://h/hls/x/index.m3u8\"}}}]}",
      NULL },
    { "{\"streams\":[{\"is_default\":false},{\"is_default\":true,\"origins\":{\"backup\":{\"url\":"
      "\"http://h:8082/hls/index.m3u8\"}}}]}",
      "http://h:8082/hls" },
    { "{\"streams\":[{\"is_default\":true,\"origins\":{\"backup\":{\"url\":"
      "\"https://a:b@h/live/index.m3u8?k=1\"}}}]}",
      "https://a@h/live" },
    { "{\"streams\":[{\"is_default\":true,\"origins\":{\"backup\":{\"url\":\"nonsense\"}}}]}",
      NULL },
    { "{\"streams\":[{\"is_default\":true,\"origins\":{\"backup\":{\"url\":7}}}]}", NULL },
    { "{\"streams\":[{\"is_default\":true,\"origins\":{\"backup\":{\"url\":"
      "\"javascript:alert(1)/x\"}}}]}",
      NULL },
    { "{\"streams\":[{\"is_default\":true,\"origins\":{\"backup\":[]}}]}", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (JsonNode) node
        = table[i].status != NULL ? json_from_string (table[i].status, NULL) : NULL;
    g_autofree char *url
        = us_chain_origin_url (node != NULL ? json_node_get_object (node) : NULL, "backup");
    g_assert_cmpstr (url, ==, table[i].url);
  }
  g_autofree char *packager = us_chain_packager_url ("http://u:p@127.0.0.1:8081//");
  g_assert_cmpstr (packager, ==, "http://u@127.0.0.1:8081/hls");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/chain-json/members", test_members);
  g_test_add_func ("/api/chain-json/urls", test_urls);
  g_test_add_func ("/api/chain-json/many", test_many);
  g_test_add_func ("/api/chain-json/origins", test_origins);
  return g_test_run ();
}
