/* symptom-script.h - symptoms written as a line of words, for tables
 *
 *   "r=3 unreachable=3 row=5 P.connect=5 open:connect others"
 *
 * NAME=NUMBER sets a member, NAME alone a flag; P.OUTCOME=N and S.OUTCOME=N count requests of
 * playlists and segments; open:CHECK (*N hits) is open now, hit:CHECK (*N) is not.
 */
#pragma once

#include "finding/symptom.h"

#include <string.h>

typedef enum { SCRIPT_COUNT, SCRIPT_FLAG, SCRIPT_REAL } ScriptType;

static const struct {
  const char *name;
  ScriptType type;
  gsize offset;
} script_members[] = {
#define COUNT(name, member)                                                                        \
  { name, SCRIPT_COUNT, G_STRUCT_OFFSET (UsSymptoms, member) }
#define FLAG(name, member)                                                                         \
  { name, SCRIPT_FLAG, G_STRUCT_OFFSET (UsSymptoms, member) }
#define REAL(name, member)                                                                         \
  { name, SCRIPT_REAL, G_STRUCT_OFFSET (UsSymptoms, member) }
  COUNT ("r", n_renditions),
  COUNT ("audio", n_audio),
  COUNT ("unreachable", n_unreachable),
  COUNT ("stopped", n_stopped),
  COUNT ("segfail", n_segments_failing),
  COUNT ("content", n_content),
  COUNT ("content_watched", n_content_watched),
  COUNT ("media", n_media),
  FLAG ("together", is_stopped_together),
  FLAG ("top_only", is_top_only),
  REAL ("td", target_duration),
  COUNT ("row", n_failed_in_a_row),
  FLAG ("succeeded", has_succeeded),
  FLAG ("token", has_token),
  FLAG ("oldest_only", is_oldest_only),
  FLAG ("newest_only", is_newest_only),
  REAL ("connect", connect_p50),
  REAL ("ttfb", ttfb_p50),
  REAL ("ttfb95", ttfb_p95),
  REAL ("ratio", ratio_p50),
  REAL ("base_connect", base_connect),
  REAL ("base_ttfb", base_ttfb),
  REAL ("base_ratio", base_ratio),
  REAL ("hit_ttfb", hit_ttfb_p50),
  REAL ("miss_ttfb", miss_ttfb_p50),
  REAL ("body", fast_body_ratio),
  REAL ("small", small_rung_ratio),
  REAL ("top", top_rung_ratio),
  REAL ("certificate", certificate_left),
  FLAG ("cache", has_cache),
  FLAG ("old_from_cache", is_old_from_cache),
  REAL ("age", age_max),
  FLAG ("one_address", is_one_address),
  FLAG ("origin_status", is_origin_status),
  FLAG ("other_url_well", is_other_url_well),
  FLAG ("missing_cached", is_missing_cached),
  COUNT ("streams", n_streams),
  COUNT ("streams_failing", n_streams_failing),
  COUNT ("hosts", n_hosts),
  COUNT ("hosts_failing", n_hosts_failing),
  COUNT ("answering", n_hosts_answering),
  COUNT ("host_streams", n_host_streams),
  COUNT ("host_failing", n_host_streams_failing),
  FLAG ("failing_together", is_failing_together),
  FLAG ("net_down", is_local_net_down),
  FLAG ("slow_elsewhere", is_slow_elsewhere),
  FLAG ("pts_continuous", is_pts_continuous),
  FLAG ("gap", is_gap_before),
  FLAG ("ended", is_ended),
  FLAG ("maintenance", is_in_maintenance),
  REAL ("watched", watched),
  FLAG ("own", is_own),
  FLAG ("ingest_known", is_ingest_known),
  FLAG ("switcher_known", is_switcher_known),
  COUNT ("packagers", n_packagers),
  FLAG ("had_publisher", had_publisher),
  FLAG ("publisher", has_publisher),
  FLAG ("input", has_input),
  COUNT ("packagers_up", n_packagers_up),
  COUNT ("restarted", n_packagers_restarted),
  COUNT ("origins_up", n_origins_up),
  FLAG ("switcher_up", is_switcher_up),
  FLAG ("ingest_up", is_ingest_up),
  COUNT ("switches", n_switches),
  REAL ("cut", cut_age),
  REAL ("publisher_gone", publisher_gone_age),
  REAL ("switch_age", switch_age),
#undef COUNT
#undef FLAG
#undef REAL
};

static inline void
script_set (UsSymptoms *symptoms, const char *name, const char *value) {
  for (guint i = 0; i < G_N_ELEMENTS (script_members); i++) {
    if (strcmp (script_members[i].name, name) != 0)
      continue;
    gpointer member = G_STRUCT_MEMBER_P (symptoms, script_members[i].offset);
    if (script_members[i].type == SCRIPT_COUNT)
      *(guint *)member = (guint)g_ascii_strtoull (value, NULL, 10);
    else if (script_members[i].type == SCRIPT_FLAG)
      *(gboolean *)member = value == NULL || g_str_equal (value, "1");
    else
      *(double *)member = g_ascii_strtod (value, NULL);
    return;
  }
  g_error ("no symptom is called %s", name);
}

static inline void
script_set_check (UsSymptoms *symptoms, const char *text, gboolean is_open) {
  g_auto (GStrv) parts = g_strsplit (text, "*", 2);
  UsCheck check;
  if (!us_check_from_word (parts[0], &check))
    g_error ("no check is called %s", parts[0]);
  symptoms->is_open[check] = is_open;
  symptoms->n_hits[check] = parts[1] != NULL ? (guint)g_ascii_strtoull (parts[1], NULL, 10) : 1;
  symptoms->first_age[check] = is_open ? 20 : symptoms->first_age[check];
}

static inline void
script_count (guint by_outcome[US_N_OUTCOMES], const char *name, const char *value) {
  for (UsOutcome i = 0; i < US_N_OUTCOMES; i++) {
    if (g_str_equal (us_outcome_word (i), name)) {
      by_outcome[i] = (guint)g_ascii_strtoull (value, NULL, 10);
      return;
    }
  }
  g_error ("no outcome is called %s", name);
}

/* Adds what @script says to @symptoms. */
static inline void
script_apply (UsSymptoms *symptoms, const char *script) {
  g_auto (GStrv) words = g_strsplit (script, " ", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    char *value = strchr (words[i], '=');
    if (words[i][0] == '\0')
      continue;
    if (value != NULL)
      *value++ = '\0';
    if (g_str_has_prefix (words[i], "open:"))
      script_set_check (symptoms, words[i] + 5, TRUE);
    else if (g_str_has_prefix (words[i], "hit:"))
      script_set_check (symptoms, words[i] + 4, FALSE);
    else if (g_str_has_prefix (words[i], "P."))
      script_count (symptoms->playlists, words[i] + 2, value);
    else if (g_str_has_prefix (words[i], "S."))
      script_count (symptoms->segments, words[i] + 2, value);
    else
      script_set (symptoms, words[i], value);
  }
}

/* A stream of one rendition that has been well for an hour. */
#define SCRIPT_WELL                                                                                \
  "r=1 td=2 succeeded watched=3600 P.ok=60 S.ok=60 connect=0.02 base_connect=0.02 ttfb=0.04 "      \
  "ttfb95=0.09 base_ttfb=0.04 ratio=12 base_ratio=12 body=15 streams=1 hosts=1 host_streams=1"
/* One of ours, with the whole chain in good order. */
#define SCRIPT_OWN                                                                                 \
  " own ingest_known switcher_known packagers=2 packagers_up=2 had_publisher publisher input "     \
  "origins_up=2 switcher_up ingest_up cut=1 hosts=0"

static inline void
script_read (UsSymptoms *symptoms, const char *script) {
  us_symptoms_init (symptoms);
  script_apply (symptoms, SCRIPT_WELL);
  script_apply (symptoms, script);
}
