/* chain-json.c - what the switcher tells, member by member, fit to be told on
 *
 * Tables of what docs/reference/control-api.md and healthz.md promise. Each member that is expected
 * is told on, no other: as it is where its type is the right one, else null, or an empty list. So
 * whatever listens at the switcher's address, the desk's own contract holds. Pure.
 */
#include "api/chain-json.h"

#include "base/url.h"

#include <string.h>

static const UsChainMember origin_members[] = {
  { "state", US_CHAIN_TEXT, NULL },     { "reason", US_CHAIN_TEXT, NULL },
  { "is_active", US_CHAIN_FLAG, NULL }, { "is_drained", US_CHAIN_FLAG, NULL },
  { "url", US_CHAIN_URL, NULL },        { "newest_segment", US_CHAIN_NUMBER, NULL },
  { "age_ms", US_CHAIN_NUMBER, NULL },  { NULL, 0, NULL },
};

static const UsChainMember origins_members[] = {
  { "primary", US_CHAIN_OBJECT, origin_members },
  { "backup", US_CHAIN_OBJECT, origin_members },
  { NULL, 0, NULL },
};

static const UsChainMember switch_members[] = {
  { "time_ms", US_CHAIN_NUMBER, NULL },    { "from", US_CHAIN_TEXT, NULL },
  { "to", US_CHAIN_TEXT, NULL },           { "reason", US_CHAIN_TEXT, NULL },
  { "class", US_CHAIN_TEXT, NULL },        { "gap_ms", US_CHAIN_NUMBER, NULL },
  { "overlap_ms", US_CHAIN_NUMBER, NULL }, { "who", US_CHAIN_TEXT, NULL },
  { "why", US_CHAIN_TEXT, NULL },          { NULL, 0, NULL },
};

static const UsChainMember stream_members[] = {
  { "name", US_CHAIN_TEXT, NULL },
  { "path", US_CHAIN_TEXT, NULL },
  { "is_default", US_CHAIN_FLAG, NULL },
  { "is_served", US_CHAIN_FLAG, NULL },
  { "active", US_CHAIN_TEXT, NULL },
  { "home", US_CHAIN_TEXT, NULL },
  { "pair", US_CHAIN_TEXT, NULL },
  { "pair_reason", US_CHAIN_TEXT, NULL },
  { "divergences", US_CHAIN_NUMBER, NULL },
  { "mode", US_CHAIN_TEXT, NULL },
  { "is_strict", US_CHAIN_FLAG, NULL },
  { "until_ms", US_CHAIN_NUMBER, NULL },
  { "failback", US_CHAIN_TEXT, NULL },
  { "failovers", US_CHAIN_NUMBER, NULL },
  { "switchbacks", US_CHAIN_NUMBER, NULL },
  { "origins", US_CHAIN_OBJECT, origins_members },
  { "switches", US_CHAIN_LIST, switch_members },
  { NULL, 0, NULL },
};

static const UsChainMember command_members[] = {
  { "id", US_CHAIN_NUMBER, NULL },    { "time_ms", US_CHAIN_NUMBER, NULL },
  { "command", US_CHAIN_TEXT, NULL }, { "stream", US_CHAIN_TEXT, NULL },
  { "what", US_CHAIN_TEXT, NULL },    { "who", US_CHAIN_TEXT, NULL },
  { "why", US_CHAIN_TEXT, NULL },     { "via", US_CHAIN_TEXT, NULL },
  { "refused", US_CHAIN_TEXT, NULL }, { NULL, 0, NULL },
};

static const UsChainMember kind_members[] = {
  { "name", US_CHAIN_TEXT, NULL },
  { "summary", US_CHAIN_TEXT, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember result_members[] = {
  { "name", US_CHAIN_TEXT, NULL },
  { "hit", US_CHAIN_TEXT, NULL },
  { "passed", US_CHAIN_FLAG, NULL },
  { "skipped", US_CHAIN_FLAG, NULL },
  { "verdict", US_CHAIN_TEXT, NULL },
  { "stall_ms", US_CHAIN_NUMBER, NULL },
  { "failed_requests", US_CHAIN_NUMBER, NULL },
  { "missing_frames", US_CHAIN_NUMBER, NULL },
  { "repeated_frames", US_CHAIN_NUMBER, NULL },
  { "added_delay_ms", US_CHAIN_NUMBER, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember run_members[] = {
  { "id", US_CHAIN_TEXT, NULL },
  { "name", US_CHAIN_TEXT, NULL },
  { "evidence", US_CHAIN_TEXT, NULL },
  { "started_ms", US_CHAIN_NUMBER, NULL },
  { "ended_ms", US_CHAIN_NUMBER, NULL },
  { "passed", US_CHAIN_FLAG, NULL },
  { "results", US_CHAIN_LIST, result_members },
  { NULL, 0, NULL },
};

static const UsChainMember row_members[] = {
  { "number", US_CHAIN_NUMBER, NULL },     { "name", US_CHAIN_TEXT, NULL },
  { "origin", US_CHAIN_TEXT, NULL },       { "at", US_CHAIN_TEXT, NULL },
  { "duration_s", US_CHAIN_NUMBER, NULL }, { "bytes", US_CHAIN_NUMBER, NULL },
  { "hash", US_CHAIN_TEXT, NULL },         { "comparison", US_CHAIN_TEXT, NULL },
  { "is_gap", US_CHAIN_FLAG, NULL },       { "is_discontinuous", US_CHAIN_FLAG, NULL },
  { "was_hedged", US_CHAIN_FLAG, NULL },   { "was_resumed", US_CHAIN_FLAG, NULL },
  { "took_ms", US_CHAIN_NUMBER, NULL },    { NULL, 0, NULL },
};

static const UsChainMember video_members[] = {
  { "codec", US_CHAIN_TEXT, NULL },
  { "unsupported", US_CHAIN_TEXT, NULL },
  { "width", US_CHAIN_NUMBER, NULL },
  { "height", US_CHAIN_NUMBER, NULL },
  { "profile_idc", US_CHAIN_NUMBER, NULL },
  { "level_idc", US_CHAIN_NUMBER, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember audio_members[] = {
  { "codec", US_CHAIN_TEXT, NULL },
  { "unsupported", US_CHAIN_TEXT, NULL },
  { "sample_rate_hz", US_CHAIN_NUMBER, NULL },
  { "channels", US_CHAIN_NUMBER, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember publisher_members[] = {
  { "peer", US_CHAIN_TEXT, NULL },
  { "encoder", US_CHAIN_TEXT, NULL },
  { "enhanced_rtmp", US_CHAIN_TEXT, NULL },
  { "since_s", US_CHAIN_NUMBER, NULL },
  { "silent_ms", US_CHAIN_NUMBER, NULL },
  { "video", US_CHAIN_OBJECT, video_members },
  { "audio", US_CHAIN_OBJECT, audio_members },
  { NULL, 0, NULL },
};

static const UsChainMember contender_members[] = {
  { "peer", US_CHAIN_TEXT, NULL },
  { "encoder", US_CHAIN_TEXT, NULL },
  { "key_id", US_CHAIN_TEXT, NULL },
  { "priority", US_CHAIN_NUMBER, NULL },
  { "role", US_CHAIN_TEXT, NULL },
  { "why", US_CHAIN_TEXT, NULL },
  { "behind_ms", US_CHAIN_NUMBER, NULL },
  { "rtt_ms", US_CHAIN_NUMBER, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember measured_members[] = {
  { "bitrate_1s_bps", US_CHAIN_NUMBER, NULL },
  { "bitrate_10s_bps", US_CHAIN_NUMBER, NULL },
  { "fps", US_CHAIN_NUMBER, NULL },
  { "constant_fps", US_CHAIN_NUMBER, NULL },
  { "uneven_ratio", US_CHAIN_NUMBER, NULL },
  { "gop_ms", US_CHAIN_NUMBER, NULL },
  { "gop_longest_ms", US_CHAIN_NUMBER, NULL },
  { "reorder_ms", US_CHAIN_NUMBER, NULL },
  { "jumps", US_CHAIN_NUMBER, NULL },
  { "last_jump_ms", US_CHAIN_NUMBER, NULL },
  { "last_jump_s", US_CHAIN_NUMBER, NULL },
  { "lateness_p95_ms", US_CHAIN_NUMBER, NULL },
  { "late_frames", US_CHAIN_NUMBER, NULL },
  { "missing_frames", US_CHAIN_NUMBER, NULL },
  { "audio_lead_ms", US_CHAIN_NUMBER, NULL },
  { "media_rate", US_CHAIN_NUMBER, NULL },
  { "clock_drift_ppm", US_CHAIN_NUMBER, NULL },
  { "rtt_ms", US_CHAIN_NUMBER, NULL },
  { "packets", US_CHAIN_NUMBER, NULL },
  { "packets_disordered", US_CHAIN_NUMBER, NULL },
  { "retransmits", US_CHAIN_NUMBER, NULL },
  { NULL, 0, NULL },
};

static const UsChainMember warning_members[] = {
  { "id", US_CHAIN_TEXT, NULL },         { "severity", US_CHAIN_TEXT, NULL },
  { "since_ms", US_CHAIN_NUMBER, NULL }, { "text", US_CHAIN_TEXT, NULL },
  { "remedy", US_CHAIN_TEXT, NULL },     { NULL, 0, NULL },
};

static const UsChainMember published_members[] = {
  { "name", US_CHAIN_TEXT, NULL },
  { "publisher", US_CHAIN_OBJECT, publisher_members },
  { "publishers", US_CHAIN_LIST, contender_members },
  { "measured", US_CHAIN_OBJECT, measured_members },
  { "warnings", US_CHAIN_LIST, warning_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_ingest[] = {
  { "streams", US_CHAIN_LIST, published_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_status[] = {
  { "time_ms", US_CHAIN_NUMBER, NULL },
  { "active_drill", US_CHAIN_TEXT, NULL },
  { "streams", US_CHAIN_LIST, stream_members },
  { "commands", US_CHAIN_LIST, command_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_streams[] = {
  { "streams", US_CHAIN_LIST, stream_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_drills[] = {
  { "drills", US_CHAIN_LIST, kind_members },
  { "runs", US_CHAIN_LIST, run_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_started[] = {
  { "drill", US_CHAIN_OBJECT, run_members },
  { NULL, 0, NULL },
};

const UsChainMember us_chain_ledger[] = {
  { "stream", US_CHAIN_TEXT, NULL },
  { "pair", US_CHAIN_TEXT, NULL },
  { "rendition", US_CHAIN_TEXT, NULL },
  { "renditions", US_CHAIN_TEXTS, NULL },
  { "newest", US_CHAIN_NUMBER, NULL },
  { "rows", US_CHAIN_LIST, row_members },
  { NULL, 0, NULL },
};

/* ---- values ---- */

static GType
type_of (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
                                                      : G_TYPE_INVALID;
}

static JsonObject *
object_of (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonArray *
array_of (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static void
add_text (JsonBuilder *json, JsonNode *node, gboolean is_hidden) {
  if (type_of (node) != G_TYPE_STRING) {
    json_builder_add_null_value (json);
    return;
  }
  const char *text = json_node_get_string (node);
  g_autofree char *shown = is_hidden ? us_url_for_people (text) : NULL;
  json_builder_add_string_value (json, shown != NULL ? shown : text);
}

static void
add_number (JsonBuilder *json, JsonNode *node) {
  if (type_of (node) == G_TYPE_INT64)
    json_builder_add_int_value (json, json_node_get_int (node));
  else if (type_of (node) == G_TYPE_DOUBLE)
    json_builder_add_double_value (json, json_node_get_double (node));
  else
    json_builder_add_null_value (json);
}

static void
add_flag (JsonBuilder *json, JsonNode *node) {
  if (type_of (node) == G_TYPE_BOOLEAN)
    json_builder_add_boolean_value (json, json_node_get_boolean (node));
  else
    json_builder_add_null_value (json);
}

static void
add_object (JsonBuilder *json, JsonObject *from, const UsChainMember *members, gboolean shows_all) {
  if (from == NULL) {
    json_builder_add_null_value (json);
    return;
  }
  json_builder_begin_object (json);
  us_chain_add_members (json, from, members, shows_all);
  json_builder_end_object (json);
}

/* Items of another type are left out. */
static void
add_list (JsonBuilder *json, JsonArray *from, const UsChainMember *members, gboolean shows_all) {
  guint n = from != NULL ? MIN (json_array_get_length (from), US_CHAIN_MAX_ITEMS) : 0;
  json_builder_begin_array (json);
  for (guint i = 0; i < n; i++) {
    JsonNode *item = json_array_get_element (from, i);
    if (members == NULL && type_of (item) == G_TYPE_STRING)
      json_builder_add_string_value (json, json_node_get_string (item));
    else if (members != NULL && object_of (item) != NULL)
      add_object (json, object_of (item), members, shows_all);
  }
  json_builder_end_array (json);
}

/**
 * us_chain_add_members:
 * @json: inside of an object
 * @from: (nullable): NULL: nothing is known
 * @members: what is expected
 * @shows_all: also what only those who may give orders may see
 */
void
us_chain_add_members (JsonBuilder *json, JsonObject *from, const UsChainMember *members,
                      gboolean shows_all) {
  for (const UsChainMember *m = members; m->name != NULL; m++) {
    JsonNode *node = from != NULL ? json_object_get_member (from, m->name) : NULL;
    json_builder_set_member_name (json, m->name);
    switch (m->type) {
    case US_CHAIN_TEXT:
    case US_CHAIN_URL:
      add_text (json, node, m->type == US_CHAIN_URL && !shows_all);
      break;
    case US_CHAIN_NUMBER:
      add_number (json, node);
      break;
    case US_CHAIN_FLAG:
      add_flag (json, node);
      break;
    case US_CHAIN_OBJECT:
      add_object (json, object_of (node), m->members, shows_all);
      break;
    case US_CHAIN_LIST:
    case US_CHAIN_TEXTS:
    default:
      add_list (json, array_of (node), m->members, shows_all);
      break;
    }
  }
}

/* Returns: (nullable) (transfer none): the member, if it is a text */
const char *
us_chain_text (JsonObject *from, const char *name) {
  JsonNode *node = from != NULL ? json_object_get_member (from, name) : NULL;
  return type_of (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

/* ---- where the origins are ---- */

static JsonObject *
member_object (JsonObject *from, const char *name) {
  return from != NULL ? object_of (json_object_get_member (from, name)) : NULL;
}

/* The playlists of other streams are in folders of their own below it. */
static JsonObject *
default_stream (JsonObject *status) {
  JsonArray *streams
      = status != NULL ? array_of (json_object_get_member (status, "streams")) : NULL;
  for (guint i = 0; streams != NULL && i < json_array_get_length (streams); i++) {
    JsonObject *stream = object_of (json_array_get_element (streams, i));
    JsonNode *is_default = stream != NULL ? json_object_get_member (stream, "is_default") : NULL;
    if (type_of (is_default) == G_TYPE_BOOLEAN && json_node_get_boolean (is_default))
      return stream;
  }
  return NULL;
}

/**
 * us_chain_origin_url:
 * @status: (nullable): what /control/status says
 * @origin: "primary" or "backup"
 *
 * Returns: (transfer full) (nullable): the folder in which that origin has the playlist of the
 *   default stream, without a slash at its end, without a password
 */
char *
us_chain_origin_url (JsonObject *status, const char *origin) {
  JsonObject *told = member_object (member_object (default_stream (status), "origins"), origin);
  const char *text = us_chain_text (told, "url");
  g_autofree char *url = text != NULL ? us_url_for_people (text) : NULL;
  gboolean is_http
      = url != NULL && (g_str_has_prefix (url, "http://") || g_str_has_prefix (url, "https://"));
  char *slash = is_http ? strrchr (strstr (url, "://") + strlen ("://"), '/') : NULL;
  if (slash == NULL)
    return NULL;
  *slash = '\0';
  return g_steal_pointer (&url);
}

/**
 * us_chain_packager_url:
 * @base_url: where a packager of ours is
 *
 * Returns: (transfer full): the folder in which it has its playlists
 */
char *
us_chain_packager_url (const char *base_url) {
  g_autofree char *url = us_url_for_people (base_url);
  gsize n = strlen (url);
  while (n > 0 && url[n - 1] == '/')
    n--;
  return g_strdup_printf ("%.*s/hls", (int)n, url);
}
