/* test-defaults.c - a role that a test makes has the limits of one that a user starts
 *
 * A role fills in its settings by itself, and its command fills in those of the option table. Where
 * both have a default it is the same: else tests would show what no user has.
 */
#include "commands/options.h"
#include "ingest/ingest.h"
#include "packager/packager.h"

#define MB (1024 * 1024)

static gint64
integer (UsConfig *config, const char *group, const char *key) {
  return us_config_get_integer (config, group, key);
}

static gint64
duration (UsConfig *config, const char *group, const char *key) {
  return us_config_get_duration_ms (config, group, key);
}

static void
test_ingest (void) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  UsIngestSettings settings;
  us_ingest_settings_default (&settings);
  const UsRtmpLimits *limits = &settings.rtmp.limits;
  const struct {
    gint64 (*get) (UsConfig *config, const char *group, const char *key);
    const char *key;
    gint64 own;
  } rows[] = {
    { integer, "target-duration", settings.target_duration_s },
    { duration, "takeover-silence", settings.takeover_silence_ms },
    { integer, "max-publishers", settings.max_publishers },
    { duration, "publisher-patience", settings.patience_ms },
    { duration, "publisher-hold-down", settings.contest.hold_ms },
    { duration, "on-publish-timeout", settings.gate.hook.timeout_ms },
    { integer, "max-streams", settings.max_streams },
    { integer, "max-connections", settings.rtmp.max_connections },
    { integer, "max-connections-per-address", settings.rtmp.max_per_address },
    { duration, "handshake-timeout", limits->handshake_timeout_ms },
    { duration, "publish-timeout", limits->publish_timeout_ms },
    { duration, "media-timeout", limits->media_timeout_ms },
    { integer, "max-message-megabytes", (gint64)limits->max_message_bytes / MB },
    { integer, "max-partial-megabytes", (gint64)limits->max_partial_bytes / MB },
    { integer, "max-chunk-streams", limits->max_chunk_streams },
    { integer, "memory-megabytes", (gint64)settings.max_memory_bytes / MB },
    { integer, "ring-megabytes", (gint64)settings.ring_max_bytes / MB },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].key);
    g_assert_cmpint (rows[i].own, ==, rows[i].get (config, US_GROUP_INGEST, rows[i].key));
  }
  g_assert_cmpint (settings.segment_duration_ms, ==,
                   duration (config, US_GROUP_GENERAL, "segment-duration"));
  g_assert_cmpint (settings.playlist_length, ==,
                   integer (config, US_GROUP_GENERAL, "playlist-length"));
  g_assert_cmpstr (settings.default_stream, ==,
                   us_config_get_string (config, US_GROUP_GENERAL, "default-stream"));
  g_assert_cmpint (settings.contest.failback, ==, US_FAILBACK_AUTO);
  g_assert_cmpstr (us_config_get_string (config, US_GROUP_INGEST, "publisher-failback"), ==,
                   "auto");
  g_assert_cmpint (settings.gate.open, ==, US_OPEN_LOOPBACK);
  g_assert_cmpstr (us_config_get_string (config, US_GROUP_INGEST, "open-publish"), ==, "loopback");
}

/* But for how long an unknown stream is waited for: not at all, unless asked for. */
static void
test_packager (void) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  UsPackagerSettings settings;
  us_packager_settings_default (&settings);
  g_assert_cmpint (settings.max_streams, ==, integer (config, US_GROUP_PRIMARY, "max-streams"));
  g_assert_cmpint (settings.max_streams, >=, integer (config, US_GROUP_INGEST, "max-streams"));
  g_assert_cmpint (settings.muxer.video_kbps, ==,
                   integer (config, US_GROUP_PRIMARY, "video-bitrate"));
  g_assert_cmpint (settings.playlist_length, ==,
                   integer (config, US_GROUP_GENERAL, "playlist-length"));
  g_assert_cmpint (settings.has_self_verdict, ==,
                   us_config_get_bool (config, US_GROUP_PRIMARY, "self-verdict"));
  g_assert_cmpstr (settings.muxer.name, ==,
                   us_config_get_string (config, US_GROUP_PRIMARY, "pipeline"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/defaults/ingest", test_ingest);
  g_test_add_func ("/defaults/packager", test_packager);
  return g_test_run ();
}
