/* test-cause.c - what is diagnosed from which symptoms, and above all that HIGH is never wrong */
#include "incident/cause.h"
#include "symptom-script.h"

/* @truth: what it really is, @best: what is told first, with @confidence. They differ where nobody
 * could know better; then the confidence must not be high. */
static const struct {
  UsCause truth, best;
  UsConfidence confidence;
  const char *label, *script;
} rows[] = {
/* clang-format off */
#define ROW(truth, best, confidence, script)                                                       \
  { US_CAUSE_##truth, US_CAUSE_##best, US_CONFIDENCE_##confidence, NULL, script }
#define IS(cause, confidence, script) ROW (cause, cause, confidence, script)
#define LABEL(cause, confidence, label, script)                                                    \
  { US_CAUSE_##cause, US_CAUSE_##cause, US_CONFIDENCE_##confidence, label, script }
#define OTHERS_WELL " streams=8 streams_failing=1 hosts=4 hosts_failing=1 answering=3"

  /* well, or nothing to conclude from */
  IS (UNKNOWN, NONE, ""), IS (UNKNOWN, NONE, "open:cue_out_open"), IS (UNKNOWN, NONE, SCRIPT_OWN),
  IS (UNKNOWN, NONE, "streams=8 hosts=4"), IS (UNKNOWN, NONE, "r=0 P.ok=0 S.ok=0 succeeded=0"),

#define ALL_FAIL(outcome) "unreachable=1 row=6 P.ok=30 P." outcome "=6 open:stale"
  /* 1: our network */
  IS (PROBE, HIGH, ALL_FAIL ("timeout") " streams=8 streams_failing=8 hosts=4 hosts_failing=4 failing_together net_down"),
  IS (PROBE, HIGH, ALL_FAIL ("dns") " streams=8 streams_failing=7 hosts=4 hosts_failing=3 failing_together net_down"),
  IS (PROBE, HIGH, ALL_FAIL ("connect") " streams=9 streams_failing=9 hosts=5 hosts_failing=5 failing_together"),
  IS (PROBE, MEDIUM, ALL_FAIL ("timeout") " streams=4 streams_failing=4 hosts=2 hosts_failing=2 failing_together"),
  IS (PROBE, MEDIUM, ALL_FAIL ("dns") " streams=1 streams_failing=1 hosts=1 hosts_failing=1 net_down"),
  IS (PROBE, MEDIUM, ALL_FAIL ("connect") " streams=6 streams_failing=3 hosts=3 hosts_failing=2 failing_together"),
  IS (PROBE, HIGH, ALL_FAIL ("tls") " streams=6 streams_failing=6 hosts=6 hosts_failing=6 failing_together net_down"),
  IS (PROBE, HIGH, "ratio=0.4 open:throughput unreachable=1 row=3 P.timeout=3 streams=6 streams_failing=6 hosts=6 hosts_failing=6 failing_together"),

  /* 2: names */
  IS (DNS, HIGH, ALL_FAIL ("dns") " open:dns" OTHERS_WELL),
  /* ... too early: the others have not been looked up or asked since */
  IS (DNS, MEDIUM, ALL_FAIL ("dns") OTHERS_WELL),
  IS (ORIGIN_DOWN, MEDIUM, ALL_FAIL ("connect") " streams=8 streams_failing=1 hosts=4 hosts_failing=1 answering=0"),
  IS (DNS, HIGH, ALL_FAIL ("dns") OTHERS_WELL " other_url_well"),
  IS (DNS, HIGH, ALL_FAIL ("dns") " other_url_well"), IS (DNS, MEDIUM, ALL_FAIL ("dns")),
  IS (DNS, HIGH, "r=4 unreachable=4 row=5 P.dns=20 P.timeout=2 open:dns" OTHERS_WELL),
  IS (DNS, HIGH, "r=0 P.ok=0 S.ok=0 succeeded=0 row=3 P.dns=3 open:dns" OTHERS_WELL),
  IS (DNS, MEDIUM, "segfail=1 S.dns=5 S.ok=3 open:segment_error"),

  /* 3: TLS */
  IS (TLS, HIGH, ALL_FAIL ("tls") " certificate=-7200"),
  IS (TLS, HIGH, ALL_FAIL ("tls") OTHERS_WELL),
  IS (TLS, HIGH, ALL_FAIL ("tls") OTHERS_WELL " certificate=-60"),
  IS (TLS, MEDIUM, ALL_FAIL ("tls")), IS (TLS, MEDIUM, ALL_FAIL ("tls") " certificate=864000"),
  IS (TLS, HIGH, "r=3 unreachable=3 row=4 P.tls=12 P.timeout=1 certificate=-5" OTHERS_WELL),

  /* 4: access */
  IS (ACCESS, HIGH, ALL_FAIL ("auth") " token"),
  IS (ACCESS, HIGH, "r=3 unreachable=3 row=4 P.auth=12"),
  IS (ACCESS, HIGH, "r=3 unreachable=3 row=4 P.auth=12 token" OTHERS_WELL),
  IS (ACCESS, MEDIUM, ALL_FAIL ("auth")),
  IS (ACCESS, MEDIUM, "r=0 P.ok=0 S.ok=0 succeeded=0 row=3 P.auth=3 open:auth"),
  IS (ACCESS, HIGH, "segfail=1 S.auth=8 S.ok=20 token open:segment_error"),
  IS (ACCESS, MEDIUM, ALL_FAIL ("auth") " token P.5xx=2"),
  /* ... storage that answers 403 for what it has not got yet */
  ROW (PROPAGATION, PROPAGATION, MEDIUM, "S.auth=6 S.ok=54 newest_only hit:segment_late*6"),

  /* 5: origin down */
  IS (ORIGIN_DOWN, HIGH, ALL_FAIL ("connect") OTHERS_WELL),
  IS (ORIGIN_DOWN, HIGH, ALL_FAIL ("5xx") " origin_status cache"),
  IS (ORIGIN_DOWN, HIGH, ALL_FAIL ("timeout") OTHERS_WELL " host_streams=3 host_failing=3"),
  IS (ORIGIN_DOWN, HIGH, "r=3 unreachable=3 row=5 P.5xx=12 P.busy=3" OTHERS_WELL),
  IS (ORIGIN_DOWN, MEDIUM, ALL_FAIL ("connect")), IS (ORIGIN_DOWN, MEDIUM, ALL_FAIL ("reset")),
  IS (ORIGIN_DOWN, HIGH, "r=0 P.ok=0 S.ok=0 succeeded=0 row=5 P.connect=5" OTHERS_WELL),
  IS (ORIGIN_DOWN, HIGH, ALL_FAIL ("busy") OTHERS_WELL),
  /* ... too early to say */
  ROW (ORIGIN_DOWN, INTERMITTENT, LOW, "unreachable=1 row=2 P.connect=2" OTHERS_WELL),
  /* ... one server of two, or one CDN of two */
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, ALL_FAIL ("connect") " one_address"),
  ROW (CDN_EDGE, CDN_EDGE, HIGH, ALL_FAIL ("5xx") " cache one_address other_url_well"),
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, ALL_FAIL ("5xx") " cache other_url_well"),
  /* ... our network looks like an origin that is down: two hosts only */
  ROW (PROBE, PROBE, MEDIUM, ALL_FAIL ("connect") " streams=3 streams_failing=3 hosts=2 hosts_failing=2 failing_together"),
  /* ... one stream of a host only */
  ROW (UNKNOWN, ORIGIN_DOWN, LOW, ALL_FAIL ("5xx") " host_streams=3 host_failing=1"),

  /* 6: edge */
  IS (CDN_EDGE, HIGH, "stopped=1 open:stale cache old_from_cache age=40 hit:sequence_back*3"),
  IS (CDN_EDGE, MEDIUM, "stopped=1 open:stale cache old_from_cache age=40"),
  IS (CDN_EDGE, HIGH, "cache old_from_cache age=3 hit:sequence_back*4 hit:cache_stale*4 other_url_well"),
  IS (CDN_EDGE, MEDIUM, "segfail=1 S.5xx=6 S.ok=40 one_address cache"),
  IS (CDN_EDGE, HIGH, "segfail=1 S.5xx=6 S.ok=40 one_address other_url_well cache"),
  LABEL (CDN_EDGE, MEDIUM, "CDN Edge Latency", "cache open:ttfb ttfb95=1.4 ttfb=0.9 hit_ttfb=0.9 miss_ttfb=1.1"),
  IS (CDN_EDGE, MEDIUM, "cache old_from_cache age=25 hit:cache_stale*2 open:latency"),
  /* ... every rendition is listed at two hosts, and all that is ill is well at the other */
  IS (CDN_EDGE, MEDIUM, "r=6 unreachable=3 row=5 P.5xx=15 other_url_well"),
  IS (CDN_EDGE, MEDIUM, "r=6 unreachable=3 row=5 P.connect=15 other_url_well" OTHERS_WELL),
  IS (CDN_EDGE, MEDIUM, "r=6 stopped=3 open:stale other_url_well"),
  IS (CDN_EDGE, MEDIUM, "r=6 segfail=3 S.missing=9 S.ok=60 open:segment_missing*9 other_url_well"),
  ROW (DNS, DNS, HIGH, "r=6 unreachable=3 row=5 P.dns=15 other_url_well"),
  /* ... the edge passes its origin's errors on */
  ROW (ORIGIN_DOWN, ORIGIN_DOWN, HIGH, ALL_FAIL ("5xx") " cache origin_status age=1" OTHERS_WELL),

  /* 7: encoder, seen from outside: never high */
  IS (ENCODER, MEDIUM, "stopped=1 open:stale"),
  IS (ENCODER, MEDIUM, "r=4 stopped=4 together open:stale"),
  IS (ENCODER, MEDIUM, "r=4 stopped=4 together open:stale cache age=1"),
  IS (ENCODER, MEDIUM, "r=4 stopped=4 together open:stale" OTHERS_WELL),
  IS (ENCODER, MEDIUM, "unreachable=1 row=5 P.missing=5"),
  IS (ENCODER, MEDIUM, "stopped=1 open:stale P.timeout=1 S.missing=1"),
  ROW (PACKAGER, ENCODER, MEDIUM, "stopped=1 open:stale"),
  ROW (PACKAGER, PACKAGER, MEDIUM, "r=2 stopped=2 together open:stale host_streams=4 host_failing=4"),
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, "r=2 stopped=2 together open:stale cache old_from_cache age=90"),
  /* ... not together, so not the source */
  ROW (PACKAGER, UNKNOWN, NONE, "r=4 stopped=4 open:stale"),

  /* ... seen from inside */
  IS (ENCODER, HIGH, SCRIPT_OWN " stopped=1 open:stale publisher=0 publisher_gone=14"),
  IS (ENCODER, HIGH, SCRIPT_OWN " stopped=1 open:stale publisher=0 input=0 origins_up=0"),
  IS (ENCODER, HIGH, SCRIPT_OWN " unreachable=1 row=5 P.busy=5 publisher=0 publisher_gone=60 input=0 origins_up=0"),
  IS (ENCODER, HIGH, SCRIPT_OWN " stopped=1 open:stale publisher=0 publisher_gone=90 switches=1 origins_up=0 restarted=1"),
  IS (ENCODER, HIGH, SCRIPT_OWN " stopped=1 open:stale ingest_up=0 publisher=0 input=0"),
  IS (ENCODER, HIGH, SCRIPT_OWN " stopped=1 open:stale input=0 cut=9"), /* sound, and no pictures */
  /* ... it has just stopped, and the ingest does not know yet: no packager is to blame */
  IS (ENCODER, MEDIUM, SCRIPT_OWN " stopped=1 open:stale input=0 cut=4"),
  IS (ENCODER, MEDIUM, SCRIPT_OWN " stopped=1 open:stale input=0 cut=nan"),
  /* ... an encoder that is not ours is none of the ingest's business */
  ROW (ENCODER, ENCODER, MEDIUM, SCRIPT_OWN " packagers=0 packagers_up=0 had_publisher=0 publisher=0 stopped=1 open:stale"),

  /* 8: packager */
  IS (PACKAGER, MEDIUM, "r=4 stopped=2 open:stale"),
  IS (PACKAGER, MEDIUM, "r=4 segfail=1 S.missing=8 S.ok=200 open:segment_missing*8 newest_only"),
  IS (PACKAGER, HIGH, "r=4 stopped=2 open:stale open:discontinuity_mismatch hit:target_duration_changed"),
  IS (PACKAGER, MEDIUM, "segfail=1 S.missing=9 S.ok=30 newest_only open:segment_missing*9"),
  IS (PACKAGER, MEDIUM, "open:parse_error P.content=6"),
  IS (PACKAGER, MEDIUM, "media=1 open:media_broken*6 S.ok=60"),
  IS (PACKAGER, HIGH, SCRIPT_OWN " stopped=1 open:stale packagers_up=0 origins_up=0 input=0"),
  IS (PACKAGER, HIGH, SCRIPT_OWN " stopped=1 open:stale input=0 origins_up=0"),
  IS (PACKAGER, HIGH, SCRIPT_OWN " unreachable=1 row=9 P.busy=9 open:stale packagers_up=0 origins_up=0 input=0 switches=1"),
  /* ... both well by their own account, and what they make is not the same */
  IS (PACKAGER, MEDIUM, SCRIPT_OWN " open:twins_differ"),
  IS (PACKAGER, MEDIUM, SCRIPT_OWN " open:twins_differ segfail=1 S.missing=9 S.ok=30 open:segment_missing*9"),
  /* ... some renditions come from a server that errs */
  ROW (UNKNOWN, PACKAGER, LOW, "r=4 segfail=2 S.5xx=8 S.ok=200 open:segment_error*8"),
  /* ... of our own, both packagers well */
  ROW (UNKNOWN, PACKAGER, LOW, SCRIPT_OWN " segfail=1 S.missing=9 S.ok=30 open:segment_missing*9"),

  /* 9: restart */
  IS (RESTART, HIGH, "hit:sequence_reset hit:pts_reset"),
  IS (RESTART, HIGH, "hit:sequence_reset gap"), IS (RESTART, MEDIUM, "hit:sequence_reset"),
  IS (RESTART, MEDIUM, "hit:pts_reset"),
  IS (RESTART, HIGH, "hit:pts_reset gap hit:stale S.missing=2"),
  IS (RESTART, HIGH, "r=3 hit:sequence_reset*3 hit:date_jump gap hit:pts_reset*3"),
  IS (RESTART, HIGH, SCRIPT_OWN " hit:stale publisher_gone=40 gap"),
  IS (RESTART, HIGH, SCRIPT_OWN " hit:sequence_reset restarted=1"),
  IS (RESTART, MEDIUM, SCRIPT_OWN " hit:stale restarted=2"),
  /* ... it came back for a moment only */
  ROW (ENCODER, ENCODER, MEDIUM, "stopped=1 open:stale hit:sequence_reset"),
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, "cache old_from_cache age=60 hit:sequence_reset"),

  /* 10: retention */
  IS (RETENTION, HIGH, "hit:segment_early_gone*3 open:short_window"),
  IS (RETENTION, MEDIUM, "hit:segment_early_gone*3"),
  IS (RETENTION, MEDIUM, "S.missing=4 S.ok=60 oldest_only open:segment_missing*4"),
  IS (RETENTION, HIGH, "S.missing=4 S.ok=60 oldest_only open:segment_early_gone*4 open:short_window"),
  IS (RETENTION, HIGH, "S.missing=9 S.timeout=1 oldest_only hit:segment_early_gone*9 open:short_window" OTHERS_WELL),
  /* ... or we come too late */
  ROW (PROBE, RETENTION, LOW, "hit:segment_early_gone*3 open:probe_late"),

  /* 11: propagation */
  IS (PROPAGATION, HIGH, "hit:segment_late*6 cache missing_cached S.missing=6"),
  IS (PROPAGATION, MEDIUM, "hit:segment_late*6 S.missing=6"),
  IS (PROPAGATION, MEDIUM, "hit:segment_late*1"),
  IS (PROPAGATION, HIGH, "r=3 hit:segment_late*9 cache missing_cached hit:segment_missing*1"),
  IS (PROPAGATION, MEDIUM, "hit:segment_late*6 newest_only S.missing=6 P.timeout=1"),
  /* ... they never come: the packager lists what it has not made */
  ROW (PACKAGER, PACKAGER, MEDIUM, "segfail=1 hit:segment_late*1 open:segment_missing*9 S.missing=9 newest_only"),

  /* 12: the network */
  LABEL (CONGESTION, HIGH, "Network Congestion", "r=4 ratio=0.7 open:throughput slow_elsewhere top_only small=4 top=0.6 connect=0.3 ttfb95=0.7 body=0.8 hosts=3"),
  LABEL (CONGESTION, HIGH, "Network Congestion", "ratio=0.7 open:throughput slow_elsewhere connect=0.4 body=0.8 hosts=3 ttfb95=0.9 open:ttfb"),
  LABEL (CONGESTION, MEDIUM, "Bandwidth Constraint", "r=4 ratio=0.8 top_only small=5 top=0.6 open:throughput body=0.8"),
  LABEL (CONGESTION, LOW, "Bandwidth Constraint", "ratio=0.8 open:throughput body=0.9"),
  LABEL (CONGESTION, MEDIUM, "Bandwidth Constraint", "ratio=0.9 open:throughput slow_elsewhere body=1 hosts=2"),
  LABEL (CONGESTION, MEDIUM, "Bandwidth Constraint", "r=3 ratio=0.9 top_only small=3 top=0.8 open:throughput S.timeout=3 body=1"),
  /* ... one host only, the small rungs are in time and in the majority */
  LABEL (CONGESTION, LOW, "Bandwidth Constraint", "r=3 ratio=6 body=9 top_only small=12 top=0.7 open:throughput" OTHERS_WELL),
  LABEL (CONGESTION, MEDIUM, "Bandwidth Constraint", "r=3 ratio=6 body=9 top_only small=12 top=0.7 open:throughput"),
  /* ... one host only, all rungs */
  ROW (ORIGIN_DOWN, INTERMITTENT, LOW, "ratio=0.8 open:throughput body=0.9 hosts=4 S.timeout=2"),

  /* 13: the server */
  LABEL (OVERLOAD, MEDIUM, "CDN Edge Latency", "open:ttfb ttfb95=1.5 cache hit_ttfb=0.03 miss_ttfb=1.4"),
  LABEL (OVERLOAD, HIGH, "Origin/CDN Outage", "open:ttfb ttfb95=1.5 cache hit_ttfb=0.03 miss_ttfb=1.4 P.busy=3"),
  LABEL (OVERLOAD, MEDIUM, "CDN Edge Latency", "open:ttfb ttfb95=1.5"),
  LABEL (OVERLOAD, MEDIUM, "Origin/CDN Outage", "open:ttfb ttfb95=2.5 ratio=0.9 open:throughput P.busy=6 S.busy=2 P.timeout=1"),
  LABEL (OVERLOAD, LOW, "CDN Edge Latency", "open:ttfb ttfb95=0.8 body=nan connect=nan"),
  IS (OVERLOAD, HIGH, "r=3 open:ttfb ttfb95=3 cache hit_ttfb=0.02 miss_ttfb=2 S.busy=2 P.5xx=1" OTHERS_WELL),
  /* ... too few answers since it is slow to tell the edge from the origin: never sure of it */
  ROW (CDN_EDGE, OVERLOAD, MEDIUM, "r=3 open:ttfb ttfb95=1.7 cache hit_ttfb=nan miss_ttfb=nan S.busy=2" OTHERS_WELL),
  ROW (CDN_EDGE, OVERLOAD, MEDIUM, "r=3 open:ttfb ttfb95=1.7 cache hit_ttfb=nan miss_ttfb=1.7 S.busy=9 P.busy=9" OTHERS_WELL),
  /* ... and once there are enough, they tell: the numbers of the edge that was called overloaded */
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, "r=3 open:ttfb ttfb95=1.7 cache hit_ttfb=1.6 miss_ttfb=1.7 S.busy=2" OTHERS_WELL),
  /* ... one answer of 503 is chance */
  IS (OVERLOAD, MEDIUM, "r=3 open:ttfb ttfb95=3 cache hit_ttfb=0.02 miss_ttfb=2 S.busy=1" OTHERS_WELL),
  /* ... congestion, overload and edge side by side */
  ROW (CONGESTION, CONGESTION, HIGH, "r=3 ratio=0.5 open:throughput open:ttfb ttfb95=2 body=0.7 connect=0.5 slow_elsewhere top_only hosts=3"),
  ROW (CDN_EDGE, CDN_EDGE, MEDIUM, "open:ttfb ttfb95=2 cache hit_ttfb=1.5 miss_ttfb=2 one_address"),

  /* 14: the source */
  IS (CONTENT, HIGH, "content=1 content_watched=1 open:black open:silent"),
  IS (CONTENT, MEDIUM, "content=1 content_watched=1 open:black"),
  IS (CONTENT, HIGH, "r=3 content=3 content_watched=3 open:frozen"),
  IS (CONTENT, MEDIUM, "content=1 open:silent"),
  IS (CONTENT, HIGH, "r=4 content=4 open:black S.timeout=1"),
  IS (CONTENT, HIGH, "r=2 media=2 open:audio_lost"),
  /* ... of five renditions the pictures of one are looked at */
  ROW (CONTENT, CONTENT, MEDIUM, "r=5 content=1 content_watched=1 open:frozen"),

  /* 15: one rendition */
  IS (TRANSCODER, MEDIUM, "r=4 content=1 content_watched=4 open:frozen"),
  IS (TRANSCODER, HIGH, "r=4 content=1 content_watched=4 media=1 open:frozen open:no_keyframe"),
  IS (TRANSCODER, MEDIUM, "r=4 media=1 open:media_broken"),
  IS (TRANSCODER, MEDIUM, "r=4 media=2 open:ts_continuity*4"),
  IS (TRANSCODER, MEDIUM, "r=3 media=1 open:video_lost S.timeout=1"),
  /* ... a sound track without programme */
  ROW (UNKNOWN, CONTENT, LOW, "r=4 audio=2 content=1 content_watched=4 open:silent"),

  /* 16: clocks */
  IS (CLOCK, HIGH, "hit:date_jump pts_continuous open:latency"),
  IS (CLOCK, MEDIUM, "hit:date_back pts_continuous"),
  IS (CLOCK, MEDIUM, "hit:date_rewritten*3 pts_continuous"), IS (CLOCK, LOW, "hit:date_jump"),
  IS (CLOCK, HIGH, "r=3 hit:date_jump*3 pts_continuous open:latency S.timeout=1"),
  ROW (RESTART, RESTART, HIGH, "hit:date_jump hit:sequence_reset hit:pts_reset gap"),

  /* 17: the end */
  IS (PLANNED_END, HIGH, "ended stopped=1 open:endlist maintenance"),
  IS (PLANNED_END, HIGH, "ended unreachable=1 row=9 P.missing=9 open:endlist"),
  IS (PLANNED_END, MEDIUM, "ended stopped=1 open:endlist"),
  IS (PLANNED_END, MEDIUM, "ended r=3 stopped=3 together open:endlist"),
  IS (PLANNED_END, HIGH, "ended r=3 unreachable=3 row=9 P.missing=30 open:endlist S.missing=4"),
  ROW (PACKAGER, PACKAGER, MEDIUM, "ended r=3 stopped=1 open:endlist"),

  /* 18: configuration */
  /* ... one rendition's window is full of what never came; a server error is an accident */
  ROW (PACKAGER, PACKAGER, MEDIUM, "r=3 segfail=1 S.missing=9 P.busy=1 hit:segment_missing*8 hit:segment_early_gone"),
  /* ... it was there before, and does not stop a stream */
  ROW (PACKAGER, PACKAGER, LOW, "r=3 stopped=2 open:stale open:cors open:mime P.5xx=2"),
  ROW (CLOCK, CLOCK, LOW, "hit:date_jump open:cors"),
  IS (CONFIGURATION, MEDIUM, "open:mime open:probe_late"),
  IS (CONFIGURATION, MEDIUM, "open:mime"),
  IS (CONFIGURATION, MEDIUM, "open:cors open:cache_control"),
  IS (CONFIGURATION, MEDIUM, "open:bandwidth_exceeded*3"),
  IS (CONFIGURATION, MEDIUM, "open:codecs_mismatch open:target_duration_exceeded"),
  IS (CONFIGURATION, MEDIUM, "open:cert_expiring"),
  ROW (ORIGIN_DOWN, ORIGIN_DOWN, HIGH, ALL_FAIL ("connect") OTHERS_WELL " open:mime open:cors"),
  ROW (ENCODER, ENCODER, MEDIUM, "stopped=1 open:stale open:bandwidth_exceeded open:cors open:mime"),

  /* no pattern */
  IS (INTERMITTENT, LOW, "S.timeout=1"),
  IS (INTERMITTENT, LOW, "P.reset=1 S.5xx=1 open:segment_error"),
  IS (INTERMITTENT, LOW, "P.5xx=2 S.truncated=1"),
  LABEL (INTERMITTENT, LOW, "Intermittent Issues", "S.missing=1 hit:segment_missing"),
  IS (INTERMITTENT, LOW, SCRIPT_OWN " S.timeout=1 switches=1"),
  /* clang-format on */
};

/* What any stream may have besides. */
static const char *const noise[] = {
  "S.timeout=1",       "P.reset=1",      "open:bandwidth_exceeded", "open:compression",
  "open:cue_out_open", "hit:av_skew",    "open:short_segment",      "S.truncated=1",
  "hit:pts_gap",       "host_streams=2", "open:cert_expiring",      "P.5xx=1",
  "cache age=1",       "hit:latency",
};

static const UsDiagnosis *
best_of (GPtrArray *diagnoses) {
  g_assert_cmpuint (diagnoses->len, >, 0);
  return diagnoses->pdata[0];
}

/* "1 segments", "1 hosts answer" */
static void
assert_numerus (const GPtrArray *sentences) {
  for (guint i = 0; i < sentences->len; i++) {
    const char *text = sentences->pdata[i];
    if (g_regex_match_simple ("(?<!of )\\b1 (other |TLS "
                              ")?(segments|playlists|streams|hosts|times|handshakes|kinds)\\b"
                              "|(?<!of )\\b1 (other )?(stream|host|kind)( of (the host|fault))? "
                              "(answer|work|come|have|resolve)\\b",
                              text, 0, 0))
      g_error ("one is not many: %s", text);
  }
}

static void
assert_sane (GPtrArray *diagnoses) {
  for (guint i = 0; i < diagnoses->len; i++) {
    const UsDiagnosis *one = diagnoses->pdata[i];
    g_assert_cmpfloat (one->score, >=, 0);
    g_assert_cmpfloat (one->score, <=, 1);
    g_assert_true (one->cause == US_CAUSE_UNKNOWN || one->confidence > US_CONFIDENCE_NONE);
    g_assert_true (one->cause == US_CAUSE_UNKNOWN || one->evidence_for->len > 0);
    if (one->confidence == US_CONFIDENCE_HIGH) {
      g_assert_cmpuint (one->n_signals, >=, 2);
      g_assert_cmpuint (one->evidence_against->len, ==, 0);
    }
    if (i > 0)
      g_assert_cmpint (one->confidence, <=, ((UsDiagnosis *)diagnoses->pdata[i - 1])->confidence);
    assert_numerus (one->evidence_for);
    assert_numerus (one->evidence_against);
    for (guint k = 0; k < one->evidence_for->len; k++) {
      const char *text = one->evidence_for->pdata[k];
      g_assert_false (g_str_has_suffix (text, "."));
      g_assert_null (strstr (text, "nan "));
      g_assert_null (strstr (text, " nan"));
      g_assert_null (strstr (text, " inf"));
    }
  }
}

static void
test_table (void) {
  guint n_of_cause[US_N_CAUSES] = { 0 }, n_wrong = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsSymptoms symptoms;
    script_read (&symptoms, rows[i].script);
    g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
    const UsDiagnosis *best = best_of (diagnoses);
    gboolean is_right = best->cause == rows[i].best && best->confidence == rows[i].confidence
                        && (rows[i].label == NULL || g_str_equal (best->label, rows[i].label));
    n_of_cause[rows[i].truth]++;
    assert_sane (diagnoses);
    if (is_right)
      continue;
    n_wrong++;
    g_test_message ("%s: %s %s %.2f (%s), not %s %s", rows[i].script,
                    us_cause_info (best->cause)->word, us_confidence_word (best->confidence),
                    best->score, best->label, us_cause_info (rows[i].best)->word,
                    us_confidence_word (rows[i].confidence));
  }
  g_assert_cmpuint (n_wrong, ==, 0);
  for (UsCause cause = 0; cause < US_N_CAUSES; cause++)
    g_assert_cmpuint (n_of_cause[cause], >=, 5);
}

/* The promise: whatever comes with it, a wrong cause is never told as sure. */
static void
test_high_is_never_wrong (void) {
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  guint n_wrong = 0, n_right = 0, n = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (guint k = 0; k < 200; k++) {
      UsSymptoms symptoms;
      g_autoptr (GString) script = g_string_new (rows[i].script);
      guint n_noises = k == 0 ? 0 : (guint)g_rand_int_range (rand, 1, 4);
      for (guint m = 0; m < n_noises; m++) {
        const char *one = noise[g_rand_int_range (rand, 0, G_N_ELEMENTS (noise))];
        g_autofree char *name = g_strndup (one, strcspn (one, "="));
        if (strstr (script->str, name) == NULL) /* the case's own words stand */
          g_string_append_printf (script, " %s", one);
      }
      script_read (&symptoms, script->str);
      g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
      const UsDiagnosis *best = best_of (diagnoses);
      assert_sane (diagnoses);
      n++;
      n_right += best->cause == rows[i].best;
      if (best->confidence == US_CONFIDENCE_HIGH && best->cause != rows[i].truth) {
        n_wrong++;
        g_test_message ("%s: %s is told as sure, but it is %s", script->str,
                        us_cause_info (best->cause)->word, us_cause_info (rows[i].truth)->word);
      }
    }
  }
  g_test_message ("with noise %u of %u are told as without", n_right, n);
  g_assert_cmpuint (n_wrong, ==, 0);
  g_assert_cmpuint (n_right * 100, >=, n * 90);
}

/* Every class that programs of the first generation know can be told. */
static void
test_labels (void) {
  static const char *const labels[]
      = { "Origin/CDN Outage", "Encoder/Packager Issue", "Network Congestion",
          "CDN Edge Latency",  "Bandwidth Constraint",   "Intermittent Issues" };
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    gboolean is_found = FALSE;
    for (guint k = 0; k < G_N_ELEMENTS (rows) && !is_found; k++) {
      UsSymptoms symptoms;
      script_read (&symptoms, rows[k].script);
      g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
      is_found = g_str_equal (best_of (diagnoses)->label, labels[i]);
    }
    g_test_message ("%s", labels[i]);
    g_assert_true (is_found);
  }
}

/* Random symptoms: nothing breaks, and what is told is consistent. */
static void
test_anything (void) {
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  for (guint i = 0; i < 20000; i++) {
    UsSymptoms symptoms;
    us_symptoms_init (&symptoms);
    for (guint k = 0; k < G_N_ELEMENTS (script_members); k++) {
      static const char *const values[] = { "0", "1", "2", "3", "5", "0.5", "1.5", "100" };
      const char *value = values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))];
      if (g_rand_boolean (rand))
        script_set (&symptoms, script_members[k].name, value);
    }
    for (guint k = 0; k < US_N_OUTCOMES; k++) {
      symptoms.playlists[k] = (guint)g_rand_int_range (rand, 0, 5);
      symptoms.segments[k] = (guint)g_rand_int_range (rand, 0, 5);
    }
    for (guint k = 0; k < 6; k++)
      symptoms.is_open[g_rand_int_range (rand, 0, US_N_CHECKS)] = TRUE;
    g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
    assert_sane (diagnoses);
  }
}

static void
test_json (void) {
  UsSymptoms symptoms;
  script_read (&symptoms, SCRIPT_OWN " stopped=1 open:stale publisher=0 publisher_gone=14 "
                                     "switches=2 switch_age=3 origins_up=1");
  g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  us_cause_add_json (json, diagnoses);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  JsonObject *object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "cause"), ==, "encoder");
  g_assert_cmpstr (json_object_get_string_member (object, "label"), ==, "Encoder/Packager Issue");
  g_assert_cmpstr (json_object_get_string_member (object, "confidence"), ==, "high");
  g_assert_cmpfloat (json_object_get_double_member (object, "score"), ==, 1.0);
  JsonArray *evidence = json_object_get_array_member (object, "evidence");
  g_assert_cmpuint (json_array_get_length (evidence), ==, 3);
  g_assert_cmpstr (json_array_get_string_element (evidence, 1), ==,
                   "The ingest has heard nothing from the encoder for 14 s");
  g_assert_cmpstr (json_array_get_string_element (evidence, 2), ==,
                   "The switcher changed sides 2 times in two minutes, 1 of 2 origins is up");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "against")), ==,
                    0);
  g_assert_nonnull (json_object_get_string_member (object, "next_step"));
  g_assert_true (json_object_has_member (object, "others"));
}

static void
test_words (void) {
  UsCause cause;
  for (UsCause i = 0; i < US_N_CAUSES; i++) {
    const UsCauseInfo *info = us_cause_info (i);
    g_assert_nonnull (info->title);
    g_assert_nonnull (info->label);
    g_assert_nonnull (info->next_step);
    g_assert_true (us_cause_from_word (info->word, &cause));
    g_assert_cmpint (cause, ==, i);
  }
  g_assert_false (us_cause_from_word ("gremlins", &cause));
  g_assert_false (us_cause_from_word (NULL, &cause));
  g_assert_cmpstr (us_confidence_word (US_CONFIDENCE_HIGH), ==, "high");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/cause/table", test_table);
  g_test_add_func ("/incident/cause/high-is-never-wrong", test_high_is_never_wrong);
  g_test_add_func ("/incident/cause/labels", test_labels);
  g_test_add_func ("/incident/cause/anything", test_anything);
  g_test_add_func ("/incident/cause/json", test_json);
  g_test_add_func ("/incident/cause/words", test_words);
  return g_test_run ();
}
