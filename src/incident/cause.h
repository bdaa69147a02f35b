/* cause.h - why a stream is ill: explicit rules, evidence for and against, a next step */
#pragma once

#include "finding/symptom.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The closed list; docs/reference/causes.md explains each. */
typedef enum {
  US_CAUSE_UNKNOWN,
  US_CAUSE_PROBE,
  US_CAUSE_DNS,
  US_CAUSE_TLS,
  US_CAUSE_ACCESS,
  US_CAUSE_ORIGIN_DOWN,
  US_CAUSE_CDN_EDGE,
  US_CAUSE_ENCODER,  /* encoder or ingest stopped */
  US_CAUSE_PACKAGER, /* some renditions stop or lack segments while others advance */
  US_CAUSE_RESTART,  /* encoder or packager was restarted */
  US_CAUSE_RETENTION,
  US_CAUSE_PROPAGATION,
  US_CAUSE_CONGESTION,
  US_CAUSE_OVERLOAD,
  US_CAUSE_CONTENT,
  US_CAUSE_TRANSCODER,
  US_CAUSE_CLOCK,
  US_CAUSE_PLANNED_END,
  US_CAUSE_CONFIGURATION,
  US_CAUSE_INTERMITTENT, /* errors without a pattern */
  US_N_CAUSES,
} UsCause;

typedef enum {
  US_CONFIDENCE_NONE,
  US_CONFIDENCE_LOW,
  US_CONFIDENCE_MEDIUM,
  US_CONFIDENCE_HIGH
} UsConfidence;

/* UsCauseInfo:
 * @label: the class that programs of the first generation know: "Origin/CDN Outage",
 *   "Encoder/Packager Issue", "Network Congestion", "CDN Edge Latency", "Bandwidth Constraint",
 *   "Intermittent Issues" */
typedef struct {
  const char *word, *title, *label, *next_step;
} UsCauseInfo;
const UsCauseInfo *us_cause_info (UsCause cause);
const char *us_confidence_word (UsConfidence confidence);

/* UsDiagnosis: one cause that its rule lets stand. Evidence: plain sentences with numbers. */
typedef struct {
  UsCause cause;
  const char *label; /* static: of the cause, or of this variant of it */
  double score;      /* 0 to 1 */
  UsConfidence confidence;
  guint n_signals;                            /* independent ones that speak for it */
  GPtrArray *evidence_for, *evidence_against; /* element-type utf8 */
} UsDiagnosis;

gboolean us_cause_from_word (const char *word, UsCause *cause);

/* Returns: (transfer full) (element-type UsDiagnosis): the best first; never empty:
 * %US_CAUSE_UNKNOWN when no rule holds */
GPtrArray *us_cause_diagnose (const UsSymptoms *symptoms);
/* Adds an object: cause, title, label, confidence, score, evidence, against, next_step, others. */
void us_cause_add_json (JsonBuilder *json, const GPtrArray *diagnoses);

G_END_DECLS
