/* cause-private.h - how a cause rule makes its case */
#pragma once

#include "incident/cause.h"

G_BEGIN_DECLS

/* Where a sentence of evidence comes from. Two of the same source are one signal: what is seen
 * twice in the same place has not been confirmed. */
typedef enum {
  US_SOURCE_FETCH = 1 << 0,     /* answers to our requests */
  US_SOURCE_PLAYLIST = 1 << 1,  /* what the playlist says */
  US_SOURCE_MEDIA = 1 << 2,     /* time stamps and codecs in the segments */
  US_SOURCE_PICTURE = 1 << 3,   /* what is shown */
  US_SOURCE_SOUND = 1 << 4,     /* what is heard */
  US_SOURCE_TIMING = 1 << 5,    /* how long requests take */
  US_SOURCE_CACHE = 1 << 6,     /* what caches say of their answers */
  US_SOURCE_LADDER = 1 << 7,    /* the renditions compared */
  US_SOURCE_HOST = 1 << 8,      /* other streams of the same host */
  US_SOURCE_ELSEWHERE = 1 << 9, /* other hosts, other addresses */
  US_SOURCE_URL = 1 << 10,
  US_SOURCE_PLAN = 1 << 11,    /* what an operator has said */
  US_SOURCE_HISTORY = 1 << 12, /* how it was before */
  US_SOURCE_INSIDE = 1 << 13,  /* our own roles' word */
} UsSource;

/* UsCase: one rule at work. */
typedef struct {
  const UsSymptoms *s;
  UsDiagnosis *diagnosis;
  double base;
  guint sources; /* UsSource flags of what speaks for it */
  guint n_for, n_against;
  UsConfidence ceiling;
} UsCase;

/* The rule holds, for @base points; a second time: the higher base counts. */
void us_case_must (UsCase *self, double base, UsSource source, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void us_case_for (UsCase *self, UsSource source, const char *format, ...) G_GNUC_PRINTF (3, 4);
void us_case_against (UsCase *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* However much speaks for it, no more than @confidence, because of @why. */
void us_case_cap (UsCase *self, UsConfidence confidence);

/* What several rules ask of the symptoms. */
gboolean us_has_seen (const UsSymptoms *s, UsCheck check);
guint us_count (const guint by_outcome[US_N_OUTCOMES], guint outcomes);
#define US_OUTCOMES_DOWN                                                                           \
  (1u << US_OUTCOME_CONNECT | 1u << US_OUTCOME_TIMEOUT | 1u << US_OUTCOME_RESET                    \
   | 1u << US_OUTCOME_5XX | 1u << US_OUTCOME_BUSY)
gboolean us_is_mostly (const guint by_outcome[US_N_OUTCOMES], guint outcomes);
gboolean us_is_unreachable (const UsSymptoms *s);     /* every rendition */
gboolean us_is_stopped (const UsSymptoms *s);         /* every rendition, and they answer */
gboolean us_is_advancing (const UsSymptoms *s);       /* every rendition, with its segments */
gboolean us_is_failing (const UsSymptoms *s);         /* something cannot be had now */
gboolean us_are_others_well (const UsSymptoms *s);    /* at least one other host answers */
gboolean us_is_host_failing (const UsSymptoms *s);    /* all of several streams of this host */
gboolean us_has_lost_publisher (const UsSymptoms *s); /* ingest says so, of a stream it had */
double us_td (const UsSymptoms *s);                   /* target duration, 6 s when not known */

/* The rules, by what they are about; each adds its case when its condition holds. */
typedef void (*UsCauseRule) (UsCase *self);
void us_rule_probe (UsCase *self);
void us_rule_dns (UsCase *self);
void us_rule_tls (UsCase *self);
void us_rule_access (UsCase *self);
void us_rule_origin_down (UsCase *self);
void us_rule_cdn_edge (UsCase *self);
void us_rule_encoder (UsCase *self);
void us_rule_packager (UsCase *self);
void us_rule_restart (UsCase *self);
void us_rule_planned_end (UsCase *self);
void us_rule_retention (UsCase *self);
void us_rule_propagation (UsCase *self);
void us_rule_congestion (UsCase *self);
void us_rule_overload (UsCase *self);
void us_rule_content (UsCase *self);
void us_rule_transcoder (UsCase *self);
void us_rule_clock (UsCase *self);
void us_rule_configuration (UsCase *self);
void us_rule_intermittent (UsCase *self);

G_END_DECLS
