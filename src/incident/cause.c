/* cause.c - why a stream is ill: explicit rules, evidence for and against, a next step
 *
 * Pure: symptoms in, diagnoses out, nothing kept. The rules themselves are in cause-rules-*.c, one
 * function each; what they have in common is in cause-case.c. A score is the rule's base, 0.15 more
 * for what supports it and 0.25 less for what contradicts it. HIGH is a promise: it takes two
 * signals of different sources and no contradiction. docs/reference/causes.md is the same list for
 * people; scripts/check-docs compares.
 */
#include "incident/cause-private.h"

#include "base/text.h"
#include "http/json.h"

#define SCORE_FOR 0.15
#define SCORE_AGAINST 0.25
#define SCORE_HIGH 0.85
#define SCORE_MEDIUM 0.6
#define SCORE_LOW 0.35
#define ROUNDING 1e-9

#define OUTAGE "Origin/CDN Outage"
#define ENCODING "Encoder/Packager Issue"
#define CONGESTION "Network Congestion"
#define EDGE "CDN Edge Latency"
#define INTERMITTENT "Intermittent Issues"

static const UsCauseInfo infos[US_N_CAUSES] = {
  [US_CAUSE_UNKNOWN]
  = { "unknown", "Not known", "Unknown",
      "Look at the timeline from a minute before the incident, and play the stream" },
  [US_CAUSE_PROBE]
  = { "probe", "Our own network or resolver", CONGESTION,
      "Run on this machine: ip route get 1.1.1.1; getent hosts HOST; curl -I URL" },
  [US_CAUSE_DNS] = { "dns", "Name does not resolve", OUTAGE,
                     "Run: dig HOST; dig @1.1.1.1 HOST, and look at the zone and its expiry" },
  [US_CAUSE_TLS]
  = { "tls", "TLS or certificate", OUTAGE,
      "Run: openssl s_client -connect HOST:443 -servername HOST, and renew the certificate" },
  [US_CAUSE_ACCESS] = { "access", "Access denied or token expired", OUTAGE,
                        "Run: curl -I URL, renew the token or signature, and check both clocks" },
  [US_CAUSE_ORIGIN_DOWN] = { "origin_down", "Origin down", OUTAGE,
                             "Run: curl -I URL, then look at the origin's process, log and disk" },
  [US_CAUSE_CDN_EDGE]
  = { "cdn_edge", "CDN edge or cache", EDGE,
      "Run: curl -sI URL | grep -i -E 'age|cache|via', compare with the origin, and purge" },
  [US_CAUSE_ENCODER] = { "encoder", "Encoder or ingest stopped", ENCODING,
                         "Look at the encoder and its uplink; restart the output to the ingest" },
  [US_CAUSE_PACKAGER] = { "packager", "Packager fault", ENCODING,
                          "Look at the packager's log, process and disk; restart it" },
  [US_CAUSE_RESTART] = { "restart", "Encoder or packager restarted", ENCODING,
                         "Find out what was restarted and why; its log says when it began" },
  [US_CAUSE_RETENTION] = { "retention", "Segments removed too early", ENCODING,
                           "Keep segments for three target durations after they leave the list" },
  [US_CAUSE_PROPAGATION]
  = { "propagation", "Segments listed before they can be had", EDGE,
      "Write segments before the playlist; shorten the caching of 404 at the CDN" },
  [US_CAUSE_CONGESTION] = { "congestion", "Network too slow", CONGESTION,
                            "Run: curl -o /dev/null -w '%{speed_download}' SEGMENT-URL, from here "
                            "and from elsewhere; offer a smaller rendition" },
  [US_CAUSE_OVERLOAD] = { "overload", "Origin overloaded", EDGE,
                          "Look at the origin's CPU, disk and connections; let the CDN shield it" },
  [US_CAUSE_CONTENT] = { "content", "Picture or sound of the source", ENCODING,
                         "Look at the source: camera, cable, slate, audio routing" },
  [US_CAUSE_TRANSCODER] = { "transcoder", "Transcoder of one rendition", ENCODING,
                            "Look at the transcoder's output of that rendition, and restart it" },
  [US_CAUSE_CLOCK] = { "clock", "Clock of the packager", ENCODING,
                       "Run on the packager: timedatectl; chronyc tracking" },
  [US_CAUSE_PLANNED_END] = { "planned_end", "Stream ended", ENCODING,
                             "Check the schedule; remove the stream or set maintenance" },
  [US_CAUSE_CONFIGURATION] = { "configuration", "Configuration visible to players", ENCODING,
                               "Correct what the findings name, in the packager or the server" },
  [US_CAUSE_INTERMITTENT] = { "intermittent", "Errors without a pattern", INTERMITTENT,
                              "Watch it; look at which requests failed in the timeline" },
};

static const struct {
  UsCause cause;
  UsCauseRule rule;
} rules[] = {
  /* Of equal scores the one further up is told first. */
  { US_CAUSE_PROBE, us_rule_probe },
  { US_CAUSE_DNS, us_rule_dns },
  { US_CAUSE_TLS, us_rule_tls },
  { US_CAUSE_ACCESS, us_rule_access },
  { US_CAUSE_PLANNED_END, us_rule_planned_end },
  { US_CAUSE_ORIGIN_DOWN, us_rule_origin_down },
  { US_CAUSE_CDN_EDGE, us_rule_cdn_edge },
  { US_CAUSE_ENCODER, us_rule_encoder },
  { US_CAUSE_RESTART, us_rule_restart },
  { US_CAUSE_PACKAGER, us_rule_packager },
  { US_CAUSE_RETENTION, us_rule_retention },
  { US_CAUSE_PROPAGATION, us_rule_propagation },
  { US_CAUSE_OVERLOAD, us_rule_overload },
  { US_CAUSE_CONGESTION, us_rule_congestion },
  { US_CAUSE_CONTENT, us_rule_content },
  { US_CAUSE_TRANSCODER, us_rule_transcoder },
  { US_CAUSE_CLOCK, us_rule_clock },
  { US_CAUSE_CONFIGURATION, us_rule_configuration },
};

const UsCauseInfo *
us_cause_info (UsCause cause) {
  return &infos[cause];
}

/**
 * us_cause_from_word:
 * @word: (nullable)
 * @cause: (out)
 *
 * Returns: %FALSE when there is no such cause
 */
gboolean
us_cause_from_word (const char *word, UsCause *cause) {
  for (UsCause i = US_CAUSE_UNKNOWN; i < US_N_CAUSES; i++) {
    if (g_strcmp0 (word, infos[i].word) == 0) {
      *cause = i;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * us_confidence_word:
 *
 * Returns: "none", "low", "medium" or "high"
 */
const char *
us_confidence_word (UsConfidence confidence) {
  static const char *const words[] = { "none", "low", "medium", "high" };
  return words[confidence];
}

static void
diagnosis_free (gpointer data) {
  UsDiagnosis *diagnosis = data;
  g_ptr_array_unref (diagnosis->evidence_for);
  g_ptr_array_unref (diagnosis->evidence_against);
  g_free (diagnosis);
}

static UsDiagnosis *
diagnosis_new (UsCause cause) {
  UsDiagnosis *diagnosis = g_new0 (UsDiagnosis, 1);
  diagnosis->cause = cause;
  diagnosis->label = infos[cause].label;
  diagnosis->evidence_for = g_ptr_array_new_with_free_func (g_free);
  diagnosis->evidence_against = g_ptr_array_new_with_free_func (g_free);
  return diagnosis;
}

static void
conclude (UsCase *self) {
  UsDiagnosis *diagnosis = self->diagnosis;
  double score = self->base + SCORE_FOR * self->n_for - SCORE_AGAINST * self->n_against;

  diagnosis->score = CLAMP (score, 0, 1);
  diagnosis->n_signals = (guint)__builtin_popcount (self->sources);
  score = diagnosis->score + ROUNDING;
  if (score >= SCORE_HIGH && diagnosis->n_signals >= 2 && self->n_against == 0)
    diagnosis->confidence = US_CONFIDENCE_HIGH;
  else if (score >= SCORE_MEDIUM)
    diagnosis->confidence = US_CONFIDENCE_MEDIUM;
  else if (score >= SCORE_LOW)
    diagnosis->confidence = US_CONFIDENCE_LOW;
  diagnosis->confidence = MIN (diagnosis->confidence, self->ceiling);
}

/* Adds the cause when its rule holds with at least low confidence. */
static void
try_rule (GPtrArray *diagnoses, UsCause cause, UsCauseRule rule, const UsSymptoms *symptoms) {
  UsDiagnosis *diagnosis = diagnosis_new (cause);
  UsCase one = { .s = symptoms, .diagnosis = diagnosis, .ceiling = US_CONFIDENCE_HIGH };
  rule (&one);
  if (one.sources != 0)
    conclude (&one);
  if (diagnosis->confidence > US_CONFIDENCE_NONE)
    g_ptr_array_add (diagnoses, diagnosis);
  else
    diagnosis_free (diagnosis);
}

/* Confidence first: a contradicted or unconfirmed case is not told before a sure one. Stable, so
 * that the order of the rules decides between equals. */
static int
compare (gconstpointer a, gconstpointer b) {
  const UsDiagnosis *x = *(UsDiagnosis *const *)a, *y = *(UsDiagnosis *const *)b;
  if (x->confidence != y->confidence)
    return x->confidence > y->confidence ? -1 : 1;
  if (x->score > y->score + ROUNDING)
    return -1;
  return x->score + ROUNDING < y->score ? 1 : 0;
}

/* What our own chain did about it: worth reading whatever the cause is, and proof of none. */
static void
add_context (UsDiagnosis *best, const UsSymptoms *symptoms) {
  if (!symptoms->is_own || !symptoms->is_switcher_up || symptoms->n_switches == 0)
    return;
  g_ptr_array_add (best->evidence_for,
                   g_strdup_printf ("The switcher changed sides %u time%s in two minutes, %u of 2 "
                                    "origins %s up",
                                    symptoms->n_switches, us_text_s (symptoms->n_switches),
                                    symptoms->n_origins_up,
                                    symptoms->n_origins_up == 1 ? "is" : "are"));
}

/**
 * us_cause_diagnose:
 * @symptoms: of one stream, while it is ill
 *
 * Returns: (transfer full) (element-type UsDiagnosis): every cause that can stand, the best first;
 *   %US_CAUSE_UNKNOWN alone when none can
 */
GPtrArray *
us_cause_diagnose (const UsSymptoms *symptoms) {
  GPtrArray *diagnoses = g_ptr_array_new_with_free_func (diagnosis_free);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    try_rule (diagnoses, rules[i].cause, rules[i].rule, symptoms);
  if (diagnoses->len == 0)
    try_rule (diagnoses, US_CAUSE_INTERMITTENT, us_rule_intermittent, symptoms);
  if (diagnoses->len == 0)
    g_ptr_array_add (diagnoses, diagnosis_new (US_CAUSE_UNKNOWN));
  g_ptr_array_sort (diagnoses, compare); /* a merge sort: stable */
  add_context (diagnoses->pdata[0], symptoms);
  return diagnoses;
}

/* ---- as JSON ---- */

static void
add_texts (JsonBuilder *json, const char *name, const GPtrArray *texts) {
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
  for (guint i = 0; i < texts->len; i++)
    json_builder_add_string_value (json, texts->pdata[i]);
  json_builder_end_array (json);
}

static void
add_head (JsonBuilder *json, const UsDiagnosis *diagnosis) {
  us_json_add_text (json, "cause", infos[diagnosis->cause].word);
  us_json_add_text (json, "title", infos[diagnosis->cause].title);
  us_json_add_text (json, "label", diagnosis->label);
  us_json_add_text (json, "confidence", us_confidence_word (diagnosis->confidence));
  json_builder_set_member_name (json, "score");
  json_builder_add_double_value (json, (int)(diagnosis->score * 100 + 0.5) / 100.0);
}

/**
 * us_cause_add_json:
 * @json: where a value is expected
 * @diagnoses: (element-type UsDiagnosis): of us_cause_diagnose()
 *
 * Adds the first as an object, with the rest, in short, in its member "others".
 */
void
us_cause_add_json (JsonBuilder *json, const GPtrArray *diagnoses) {
  const UsDiagnosis *best = diagnoses->pdata[0];
  json_builder_begin_object (json);
  add_head (json, best);
  add_texts (json, "evidence", best->evidence_for);
  add_texts (json, "against", best->evidence_against);
  us_json_add_text (json, "next_step", infos[best->cause].next_step);
  json_builder_set_member_name (json, "others");
  json_builder_begin_array (json);
  for (guint i = 1; i < diagnoses->len; i++) {
    json_builder_begin_object (json);
    add_head (json, diagnoses->pdata[i]);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
}
